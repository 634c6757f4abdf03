"""The names that a person gives an image in its archive, in place of its own."""

from collections.abc import Sequence

from dget.errors import UsageError
from dget.model.reference import Reference


def archive_name(text: str) -> str:
    """Fully qualified as engines do it: `docker.io/library/app:latest` for `app`. Raises UsageError."""
    reference = Reference.parse(text)
    if reference.digest:
        raise UsageError(
            f"a name in an archive has no digest, and {text!r} has one",
            hint="write NAME:TAG; what is pulled by digest is also found by that digest, under the new name",
        )
    return reference.archive_name


def renamed(names: Sequence[str], given: Sequence[str]) -> tuple[str, ...]:
    """`given`, and each of its repositories by the digests that `names` have."""
    digests = [name.partition("@")[2] for name in names if "@" in name]
    repositories = [name.rpartition(":")[0] for name in given]
    by_digest = [f"{repository}@{digest}" for repository in repositories for digest in digests]
    return tuple(dict.fromkeys((*given, *by_digest)))
