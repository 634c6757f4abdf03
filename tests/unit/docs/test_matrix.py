"""docs/matrix.md is read by the tests that prove it: none of its cells may be one that no test looks at."""

import pytest

from tests.engines.roots import SID, TRIXIE
from tests.parts.asked import ASKED
from tests.parts.matrix import PAGE, REFUSES, TAKES, TAKES_UNNAMED, rows

DEBIAN_12 = "Debian 12's engines"
NEWER = "newer engines"
HELD, PACKED = "What registries hold: ", "How it is packed: "
LAYOUTS = {"oci-archive", "oci-dir"}
FORMS = {"docker-archive", "docker-legacy", *LAYOUTS}
PACKINGS = {"none", "gzip", "gzip:6", "zstd"}
# As tests/integration/test_matrix.py names them.
OLD_COLUMNS = {"Docker 20.10", "podman 4.3", "containerd 1.6", "skopeo 1.9", "umoci", "chroot"}
SKOPEO_TWICE = {"skopeo docker-archive:", "skopeo oci-archive:"}


def columns_of_newer_engines() -> set[str]:
    """As tests/engines/test_matrix.py finds them: by suite and by store."""
    versions = {(engine, suite.engines[engine].version) for suite in (TRIXIE, SID) for engine in suite.engines}
    plain = {f"{engine} {version}" for engine, version in versions if engine != "docker"}
    stores = {
        f"Docker {version}, {store} store"
        for engine, version in versions
        if engine == "docker"
        for store in ("classic", "containerd")
    }
    return plain | stores


def columns(heading: str) -> set[str]:
    return {consumer for row in rows(heading) for consumer in row.cells}


@pytest.mark.parametrize(
    ("heading", "known"),
    [
        (HELD + DEBIAN_12, OLD_COLUMNS),
        (PACKED + DEBIAN_12, (OLD_COLUMNS - {"skopeo 1.9", "umoci", "chroot"}) | SKOPEO_TWICE),
        (HELD + NEWER, columns_of_newer_engines()),
        (PACKED + NEWER, columns_of_newer_engines()),
    ],
)
def test_each_column_is_a_consumer_that_a_test_runs(heading, known):
    assert columns(heading) == known
    assert {cell for row in rows(heading) for cell in row.cells.values()} <= {TAKES, TAKES_UNNAMED, REFUSES}


@pytest.mark.parametrize(("engines", "more"), [(DEBIAN_12, {"rootfs"}), (NEWER, set())])
def test_all_that_registries_hold_is_asked_for_in_every_form_that_holds_it(engines, more):
    table = rows(HELD + engines)
    assert {row.asked for row in table} == set(ASKED)
    for name, asked in ASKED.items():
        forms = {row.form for row in table if row.asked == name}
        oci_alone = asked.options or not asked.runs
        assert forms == (LAYOUTS if oci_alone else FORMS if asked.more else FORMS | more), name


@pytest.mark.parametrize("engines", [DEBIAN_12, NEWER])
def test_every_format_is_packed_in_every_way(engines):
    table = rows(PACKED + engines)
    assert {(row.asked, row.form) for row in table} == {
        (form, packing) for form in FORMS - {"oci-dir"} for packing in PACKINGS
    }
    assert len(table) == len({str(row) for row in table})


def test_the_page_has_no_other_tables():
    assert PAGE.read_text().count("\n## ") == 4
