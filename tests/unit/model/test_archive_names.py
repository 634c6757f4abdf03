"""Names that people give images in archives."""

import pytest

from dget.errors import UsageError
from dget.model import Digest, Reference
from dget.model.archive_names import archive_name, renamed

DIGEST = f"sha256:{'a1' * 32}"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("app", "docker.io/library/app:latest"),
        ("team/app:2", "docker.io/team/app:2"),
        ("index.docker.io/app:2", "docker.io/library/app:2"),
        ("localhost:5000/app:2", "localhost:5000/app:2"),
    ],
)
def test_a_name_is_made_full_as_engines_do_it(written, name):
    assert archive_name(written) == name


@pytest.mark.parametrize("written", [f"app@{DIGEST}", f"app:1@{DIGEST}", "", "App:1", "app:1:2", "https://a.b/app"])
def test_what_is_no_name_is_refused(written):
    with pytest.raises(UsageError):
        archive_name(written)


def test_a_new_name_has_the_digests_of_the_old_ones_and_each_name_is_there_once():
    own = ("a.example/app:1", f"a.example/app@{DIGEST}")
    given = ("b.example/one:1", "b.example/one:2", "c.example/two:1", "b.example/one:1")
    assert renamed(own, given) == (
        *given[:3],
        f"b.example/one@{DIGEST}",
        f"c.example/two@{DIGEST}",
    )
    assert renamed(own[:1], given[:1]) == given[:1]


def test_what_is_asked_for_by_digest_is_found_by_it_and_says_nothing_to_a_cache_about_its_tag():
    tagged = Reference.parse("app:1")
    pinned = tagged.with_digest(Digest.parse(DIGEST))
    assert tagged.archive_names == ("docker.io/library/app:1",)
    assert pinned.archive_names == ("docker.io/library/app:1", f"docker.io/library/app@{DIGEST}")
    assert tagged.cache_name == "docker.io/library/app:1"
    assert pinned.cache_name == "docker.io/library/app:sha256-a1a1a1a1a1a1"
