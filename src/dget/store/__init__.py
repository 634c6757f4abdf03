"""What we already have: a content-addressed cache that is a valid OCI image layout."""

from typing import TYPE_CHECKING

from dget.on_first_use import on_first_use

if TYPE_CHECKING:
    from dget.store.blobs import BlobStore, Ingest
    from dget.store.garbage import Rules
    from dget.store.holds import Uses
    from dget.store.prune import Pruned
    from dget.store.refs import Ref, RefStore
    from dget.store.stock import Stock, StoredImage, take_stock
    from dget.store.store import Store
    from dget.store.verify import BadBlob, Verified

__all__ = [
    "BadBlob",
    "BlobStore",
    "Ingest",
    "Pruned",
    "Ref",
    "RefStore",
    "Rules",
    "Stock",
    "Store",
    "StoredImage",
    "Uses",
    "Verified",
    "take_stock",
]

if not TYPE_CHECKING:
    __getattr__ = on_first_use(
        __name__,
        {
            ".blobs": ["BlobStore", "Ingest"],
            ".garbage": ["Rules"],
            ".holds": ["Uses"],
            ".prune": ["Pruned"],
            ".refs": ["Ref", "RefStore"],
            ".stock": ["Stock", "StoredImage", "take_stock"],
            ".store": ["Store"],
            ".verify": ["BadBlob", "Verified"],
        },
    )
