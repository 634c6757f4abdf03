"""docs/matrix.md, cell by cell: all that registries hold, in every form, given to the engines that Debian 12 has."""

from collections.abc import Iterator, Mapping

import pytest

from tests.parts.asked import ASKED, Shelf
from tests.parts.consumers import (
    Consumer,
    Made,
    by_chroot,
    by_ctr,
    by_docker,
    by_podman,
    by_skopeo,
    by_umoci,
)
from tests.parts.matrix import Row, rows


@pytest.fixture(scope="module")
def shelf(filled_registry) -> Iterator[Shelf]:
    with Shelf(filled_registry, "amd64") as shelf:
        yield shelf


@pytest.fixture
def consumers(docker, podman, containerd, skopeo) -> Mapping[str, Consumer]:
    return {
        "Docker 20.10": by_docker(docker),
        "podman 4.3": by_podman(podman),
        "containerd 1.6": by_ctr(containerd),
        "skopeo 1.9": by_skopeo(skopeo),
        "skopeo docker-archive:": by_skopeo(skopeo, "docker-archive"),
        "skopeo oci-archive:": by_skopeo(skopeo, "oci-archive"),
        "umoci": by_umoci,
        "chroot": by_chroot,
    }


@pytest.fixture
def made(dget, shelf, workplace):
    """A function that has dget make what a row asks for. compress: as the option says it."""

    def make(asked: str, form: str, compress: str = "none") -> Made:
        wanted, prints = ASKED[asked], shelf.names(asked)
        platform = () if "--platform" in wanted.options or not wanted.runs else ("-arch", "amd64")
        packing = () if form == "oci-dir" else ("--compress", compress)
        done = dget(*prints, "-o", "x", "--format", form, *packing, *platform, *wanted.options)
        assert done.returncode == 0, done.stderr
        artifact = None if wanted.runs else shelf.image(asked)
        return Made(path=workplace / "x", form=form, prints=prints, beside=wanted.beside, artifact=artifact)

    return make


@pytest.mark.parametrize("row", rows("What registries hold: Debian 12's engines"), ids=str)
def test_each_engine_makes_of_it_what_the_page_says(made, consumers, row: Row):
    agree(row, made(row.asked, row.form), consumers)


@pytest.mark.parametrize("row", rows("How it is packed: Debian 12's engines"), ids=str)
def test_each_engine_reads_the_packing_that_the_page_says(made, consumers, row: Row):
    agree(row, made("OCI index", row.asked, row.form), consumers)


def agree(row: Row, made: Made, consumers: Mapping[str, Consumer]) -> None:
    outcomes = {consumer: consumers[consumer](made) for consumer in row.cells}
    assert {consumer: outcome.cell for consumer, outcome in outcomes.items()} == row.cells, outcomes
