"""What we already have: a content-addressed cache that is a valid OCI image layout."""

from dget.store.blobs import BlobStore, Ingest
from dget.store.refs import Ref, RefStore
from dget.store.store import Store

__all__ = ["BlobStore", "Ingest", "Ref", "RefStore", "Store"]
