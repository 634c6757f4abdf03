"""containers' registries.conf and its drop-ins."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dget.config.mirrors import Capability
from dget.config.mirrors.config_file import ConfigFile
from dget.config.mirrors.registries_conf import RegistriesConf
from dget.config.mirrors.registries_files import RegistriesFiles, registries_hosts
from dget.errors import UsageError
from dget.model import Reference

PATH = Path("/etc/containers/registries.conf")


def parsed(text: str) -> RegistriesConf:
    return RegistriesConf.parse(ConfigFile(PATH, text))


def places(text: str, image: str) -> list[str]:
    """Where an image is asked for, mirrors first."""
    mirrors, primary = registries_hosts(parsed(text), Reference.parse(image))
    return [f"{host.url}/{host.repository}" for host in [*mirrors, *([primary] if primary else [])]]


def rule(prefix: str, location: str = "") -> str:
    return f'[[registry]]\nprefix = "{prefix}"\nlocation = "{location}"\n'


@pytest.mark.parametrize(
    ("prefix", "location", "image", "place"),
    [
        ("quay.io", "quay.io", "quay.io/a/b", "https://quay.io/v2/a/b"),
        ("quay.io", "m.example/q", "quay.io/a/b", "https://m.example/v2/q/a/b"),
        ("quay.io/a", "m.example", "quay.io/a/b", "https://m.example/v2/b"),
        ("quay.io/a/b", "m.example/c", "quay.io/a/b", "https://m.example/v2/c"),
        ("docker.io/library", "m.example:5000/hub", "alpine", "https://m.example:5000/v2/hub/alpine"),
        ("docker.io", "docker.io", "alpine", "https://registry-1.docker.io/v2/library/alpine"),
        ("*.example.com", "m.example", "a.b.example.com/x", "https://m.example/v2/x"),
        ("*.example.com", "", "a.example.com/x", "https://a.example.com/v2/x"),
        ("*.example.com", "m.example", "a.example.com:5000/x", "https://m.example:5000/v2/x"),
    ],
)
def test_the_location_replaces_the_prefix(prefix, location, image, place):
    assert places(rule(prefix, location), image) == [place]


@pytest.mark.parametrize(
    ("prefix", "image"),
    [
        ("quay.io/a", "quay.io/ab/c"),
        ("quay.io/a/b", "quay.io/a"),
        ("*.example.com", "example.com/x"),
        ("*.example.com", "r.example/a.example.com"),
        ("library", "alpine"),
    ],
)
def test_a_prefix_takes_whole_parts_of_a_name(prefix, image):
    assert places(rule(prefix, "m.example"), image) == []


def test_the_longest_prefix_counts_and_the_first_of_equal_ones():
    text = rule("quay.io", "one.example") + rule("quay.io/a", "two.example") + rule("quay.io/a", "three.example")
    assert places(text, "quay.io/a/b") == ["https://two.example/v2/b"]
    assert places(text, "quay.io/c/b") == ["https://one.example/v2/c/b"]


MIRRORS = """
[[registry]]
location = "quay.io"
[[registry.mirror]]
location = "one.example/q"
insecure = true
[[registry.mirror]]
location = "two.example"
pull-from-mirror = "digest-only"
[[registry.mirror]]
location = "three.example"
pull-from-mirror = "tag-only"
"""
DIGEST = "sha256:" + "a" * 64


def test_mirrors_come_first_and_the_primary_last():
    expected = [f"https://{at}/v2/a" for at in ("one.example", "two.example", "three.example", "quay.io")]
    assert places(MIRRORS.replace("/q", ""), "quay.io/a:1") == expected


def test_a_mirror_for_digests_is_asked_for_no_tag_and_one_for_tags_for_no_digest():
    by_tag, _ = registries_hosts(parsed(MIRRORS), Reference.parse("quay.io/a:1"))
    assert [host.name for host in by_tag if host.can(Capability.RESOLVE)] == ["one.example", "three.example"]
    by_digest, _ = registries_hosts(parsed(MIRRORS), Reference.parse(f"quay.io/a@{DIGEST}"))
    assert [host.name for host in by_digest] == ["one.example", "two.example"]


def test_insecure_is_a_mirrors_own_affair():
    mirrors, primary = registries_hosts(parsed(MIRRORS), Reference.parse("quay.io/a"))
    assert [(host.plain_http, host.tls.verify) for host in mirrors[:2]] == [(True, False), (False, True)]
    assert primary is not None
    assert primary.tls.verify


def test_what_is_blocked_is_refused_and_the_file_named():
    text = '[[registry]]\nlocation = "quay.io/a"\nblocked = true'
    with pytest.raises(UsageError, match=f"{PATH} blocks quay.io/a"):
        places(text, "quay.io/a/b")
    assert places(text, "quay.io/b/b") == []


def test_short_names_become_full_ones_and_may_be_taken_back():
    first = parsed('[aliases]\nfedora = "registry.example/fedora"\nubi = "registry.example/ubi"')
    both = first.updated(parsed('[aliases]\nubi = ""'))
    assert both.full_name("fedora") == ("registry.example/fedora", PATH)
    assert both.full_name("ubi") is None
    assert both.full_name("other") is None


def test_version_1_of_the_format_is_read_too():
    conf = parsed(
        '[registries.search]\nregistries = ["docker.io"]\n[registries.insecure]\nregistries = ["r.example"]\n'
        '[registries.block]\nregistries = ["quay.io"]'
    )
    _, primary = registries_hosts(conf, Reference.parse("r.example/a"))
    assert primary is not None
    assert primary.plain_http
    with pytest.raises(UsageError, match="blocks"):
        registries_hosts(conf, Reference.parse("quay.io/a/b"))


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_persons_file_replaces_the_systems(tmp_path):
    own = write(tmp_path / "own.conf", rule("quay.io", "own.example"))
    system = write(tmp_path / "system.conf", rule("quay.io", "system.example") + rule("ghcr.io", "system.example"))
    assert set(RegistriesFiles((own, system)).read().rules) == {"quay.io"}
    assert set(RegistriesFiles((tmp_path / "none", system)).read().rules) == {"quay.io", "ghcr.io"}


def test_drop_ins_are_read_by_base_name_and_the_last_one_counts(tmp_path):
    main = write(tmp_path / "registries.conf", rule("quay.io", "main.example") + rule("ghcr.io", "main.example"))
    write(tmp_path / "system" / "20.conf", rule("quay.io", "twenty.example"))
    write(tmp_path / "own" / "10.conf", rule("quay.io", "ten.example"))
    write(tmp_path / "own" / "30.txt", rule("quay.io", "thirty.example"))
    conf = RegistriesFiles((main,), (tmp_path / "system", tmp_path / "own", tmp_path / "none")).read()
    assert {prefix: found.primary.location for prefix, found in conf.rules.items()} == {
        "quay.io": "twenty.example",
        "ghcr.io": "main.example",
    }


BOTH_LIMITS = """\
[[registry]]
location = "q.example"
mirror-by-digest-only = true
[[registry.mirror]]
location = "m.example"
pull-from-mirror = "all"
"""


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[[registry]\n", 1, ""),
        ('\n[[registry]]\nlocation = "https://quay.io"', 3, "scheme"),
        ('[[registry]]\n\nprefix = "quay.io"', 3, "no location"),
        ("\n[[registry]]\ninsecure = true", 2, "neither prefix nor location"),
        ('[[registry]]\nprefix = "*.a.example/b"', 2, "no prefix of a name"),
        ('[[registry]]\nlocation = "quay.io"\n[[registry.mirror]]\n', 3, "no location"),
        ('[[registry]]\nlocation = "quay.io"\nblocked = 1', 3, "blocked: Expected bool, got int"),
        ('[[registry]]\nlocation = "q.example"\n[registries.block]\nregistries = ["docker.io"]', 3, "versions 1 and 2"),
        ('[aliases]\nx = "docker.io/library/x:1"', 2, "tag"),
        ('[aliases]\n\nx = "library/x"', 3, "names no registry"),
        (
            BOTH_LIMITS,
            6,
            "exclude each other",
        ),
    ],
)
def test_what_is_wrong_is_named_with_file_and_line(text, line, said):
    with pytest.raises(UsageError) as caught:
        parsed(text)
    assert caught.value.message.startswith(f"{PATH}, line {line}: ")
    assert said in caught.value.message


@pytest.mark.parametrize("location", ["mirror", "UPPER.example/Case", "m.example/a b"])
def test_a_location_that_leads_to_no_name_is_told_with_the_file(location):
    with pytest.raises(UsageError, match=str(PATH)):
        places(rule("quay.io", location), "quay.io/a/b")


_NAMES = st.text("ab.*/:-@", max_size=12)


@given(st.text() | st.tuples(_NAMES, _NAMES).map(lambda pair: rule(*pair)))
def test_any_text_is_rules_or_a_usage_error(text):
    with contextlib.suppress(UsageError):
        for found in parsed(text).rules.values():
            assert 0 <= found.matches("a.b/a/b") <= len("a.b/a/b")
