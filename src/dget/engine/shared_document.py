"""Short documents that several processes want at once: one fetches, the others take its copy."""

import time
from collections.abc import Callable

from dget.flow import Cancel
from dget.model import Descriptor
from dget.store import BlobStore

_LOOK_EVERY = 0.02


def read_or_fetch(
    store: BlobStore, descriptor: Descriptor, fetch: Callable[[], bytes], *, patience: float, cancel: Cancel
) -> bytes:
    """From the store, where it is or another process brings it; else fetched, verified by `fetch`, and kept there.

    patience: seconds that another process is waited for. Raises DgetError.
    """
    deadline = time.monotonic() + patience
    while (raw := store.read(descriptor)) is None:
        ingest = store.ingest(descriptor) if store.writable else None
        if ingest is not None:
            try:
                # Whoever had the lock before us may have brought it.
                raw = store.read(descriptor)
                if raw is None:
                    raw = fetch()
                    store.add(descriptor.digest, raw)
            finally:
                # Only its lock was wanted.
                ingest.abandon()
            return raw
        # A holder that hangs is not waited for.
        if not store.writable or time.monotonic() > deadline:
            return fetch()
        cancel.sleep(_LOOK_EVERY)
    return raw
