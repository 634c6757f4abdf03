"""What we already have: a content-addressed cache that is a valid OCI image layout."""

from dget.store.blobs import BlobStore, Ingest
from dget.store.garbage import Rules
from dget.store.holds import Uses
from dget.store.prune import Pruned, prune
from dget.store.refs import Ref, RefStore
from dget.store.stock import Stock, StoredImage, take_stock
from dget.store.store import Store
from dget.store.verify import BadBlob, Verified, verify

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
    "prune",
    "take_stock",
    "verify",
]
