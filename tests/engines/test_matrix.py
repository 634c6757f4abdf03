"""docs/matrix.md, cell by cell: all that registries hold, in every form, given to newer engines."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.engines.archives import architecture, new_person
from tests.parts.asked import ASKED, Shelf
from tests.parts.consumers import Consumer, Made, Outcome, by_ctr, by_docker, by_podman, by_skopeo
from tests.parts.distribution import Distribution
from tests.parts.matrix import Row, rows

Make: TypeAlias = Callable[[str, str, str], Made]

KINDS = rows("What registries hold: newer engines")
PACKINGS = rows("How it is packed: newer engines")


@pytest.fixture(scope="module")
def make(tmp_path_factory) -> Iterator[Make]:
    """A function that has dget make what a row asks for, once for all engines.

    Docker's and OCI's ways to name one manifest give archives that differ in their names alone: the first stands for all.
    """
    folder = tmp_path_factory.mktemp("matrix")
    environment = new_person(folder / "home")
    known: dict[tuple[str, ...], Made] = {}

    with Distribution(folder / "registry") as registry, Shelf(registry, architecture()) as shelf:

        def made(asked: str, form: str, compress: str) -> Made:
            if found := known.get((asked, form, compress)):
                return found
            wanted, prints = ASKED[asked], shelf.names(asked)
            path = folder / f"x{len(known)}"
            packing = () if form == "oci-dir" else ("--compress", compress)
            command = [sys.executable, "-m", "dget", *prints, "-o", path, "--format", form, *packing, *wanted.options]
            done = subprocess.run([*command, "--json"], env=environment, capture_output=True, timeout=120, check=True)
            artifact = None if wanted.runs else shelf.image(asked)
            found = Made(path=path, form=form, prints=prints, beside=wanted.beside, artifact=artifact)
            content = (form, compress, *wanted.options, *wanted.more, json.loads(done.stdout).get("digest", ""))
            known[asked, form, compress] = known.setdefault(content, found)
            return known[asked, form, compress]

        yield made


@pytest.fixture
def disagreements(make, exchange) -> Callable[[str, Consumer], Sequence[str]]:
    """A function that gives a consumer all that the page has a cell for, and says where the page is wrong."""

    def differing(column: str, consumer: Consumer, table: Sequence[Row], made: Callable[[Row], Made]) -> Iterator[str]:
        outcomes: dict[Path, Outcome] = {}
        for row in table:
            if column in row.cells:
                archive = made(row)
                if archive.path not in outcomes:
                    outcomes[archive.path] = consumer(_copied(archive, exchange))
                if outcomes[archive.path].cell != row.cells[column]:
                    yield f"{row} in {column}: {outcomes[archive.path]}"

    def check(column: str, consumer: Consumer) -> Sequence[str]:
        return [
            *differing(column, consumer, KINDS, lambda row: make(row.asked, row.form, "none")),
            *differing(column, consumer, PACKINGS, lambda row: make("OCI index", row.asked, row.form)),
        ]

    return check


def _copied(made: Made, folder: Path) -> Made:
    path = folder / "x"
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    (shutil.copytree if made.path.is_dir() else shutil.copy)(made.path, path)
    return replace(made, path=path)


def column_of(request, engine: str) -> str:
    """As the fixture's parameter is called: `docker-26.1-classic-store` is `Docker 26.1, classic store`."""
    _, _, name = request.node.name.rstrip("]").partition(f"[{engine}-")
    version, _, store = name.partition("-")
    written = engine.replace("docker", "Docker")
    return f"{written} {version}, {store.replace('-', ' ')}" if store else f"{written} {version}"


def test_docker(docker, disagreements, request):
    assert disagreements(column_of(request, "docker"), by_docker(docker)) == []


def test_podman(podman, disagreements, request):
    assert disagreements(column_of(request, "podman"), by_podman(podman)) == []


def test_containerd(containerd, disagreements, request):
    assert disagreements(column_of(request, "containerd"), by_ctr(containerd)) == []


def test_skopeo(skopeo, disagreements, request):
    assert disagreements(column_of(request, "skopeo"), by_skopeo(skopeo)) == []
