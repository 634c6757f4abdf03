"""What a reference named when it was last looked up, from the cache alone."""

from dget.errors import NotFound
from dget.model import Descriptor, Document, Index, Manifest, Reference, read_manifest
from dget.store import Store

# Registries take no larger ones.
_MANIFEST_MAX = 4 << 20


def last_resolution(store: Store, reference: Reference) -> tuple[Document[Manifest] | Document[Index], float | None]:
    """The document, and when the name was resolved, in unix time; None for a digest, which is never out of date.

    Raises NotFound where the cache has none.
    """
    name = reference.cache_name
    ref = store.refs.get(name)
    if reference.digest is not None:
        declared = ref.media_type if ref and ref.digest == reference.digest else ""
        size = store.blobs.size(reference.digest)
        root = Descriptor(media_type=declared, digest=reference.digest, size=size) if size is not None else None
    else:
        root = ref.descriptor if ref else None
    raw = store.blobs.read(root) if root and root.size <= _MANIFEST_MAX else None
    if root is None or raw is None:
        raise NotFound(
            f"the cache has no {reference}, and --offline forbids to ask for it",
            hint="pull it once without --offline; `dget cache ls` lists what is there",
        )
    store.refs.touch(name)
    return read_manifest(raw, declared=root.media_type), None if reference.digest or ref is None else ref.resolved


def ago(seconds: float) -> str:
    """`3 days ago`, for people."""
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "less than a minute ago"
