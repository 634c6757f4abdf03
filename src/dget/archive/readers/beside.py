"""What an OCI layout holds beside its images: entries of `index.json` with a tag, or linked by `subject`.

Source: OCI image specification, image-layout.md, "index.json file"; manifest.md, `subject`.
"""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from dget.archive.documents import REF_NAME_ANNOTATION
from dget.archive.readers.members import Members, read_document
from dget.errors import DamagedFile, Unsupported
from dget.model import Descriptor, Digest, Document, Index, Manifest
from dget.model.artifact_kind import artifact_type
from dget.model.document import decode

_INDEX = "index.json"
_INDEX_MAX = 4 << 20


def tagged(members: Members, *names: str) -> Descriptor | None:
    """The entry of one of these names. Raises DgetError where the index cannot be read."""
    return next((entry for entry in _entries(members) if entry.annotation(REF_NAME_ANNOTATION) in names), None)


def referrers(
    members: Members, digest: Digest, document: Callable[[Descriptor], Document[Manifest] | Document[Index]]
) -> Iterator[Descriptor]:
    """The entries that name a manifest as their subject, with their artifact type. document: reads an entry's."""
    for entry in _entries(members):
        try:
            value = document(entry).value
        except (DamagedFile, Unsupported):
            # Whoever wants it is told; it need not be a manifest.
            continue
        if value.subject is not None and value.subject.digest == digest:
            told = artifact_type(value) if isinstance(value, Manifest) else value.artifact_type
            yield msgspec.structs.replace(entry, artifact_type=told)


def _entries(members: Members) -> Sequence[Descriptor]:
    """None in a file that is no OCI layout."""
    raw = read_document(members, _INDEX, _INDEX_MAX)
    return decode(raw, Index).manifests if raw is not None else ()
