"""The short form of `make torture`: each fault strikes a few times, at moments that are the same in each run."""

import random
from collections.abc import Iterator

import pytest

from torture.ground import Ground
from torture.rows import ROWS, Torture


@pytest.fixture(scope="module")
def ground(tmp_path_factory) -> Iterator[Ground]:
    with Ground(tmp_path_factory.mktemp("torture") / "ground", random.Random(0)) as ground:
        yield ground


@pytest.mark.parametrize("torture", [pytest.param(row, id=row.name) for row in ROWS])
def test_every_promise_is_kept_when(ground: Ground, torture: Torture):
    ground.rng = random.Random(torture.name)
    row = torture.scenario(ground, torture.short)
    assert not row.broken, row.broken
    assert row.counts
