"""A read-only registry over images that are at hand; also what the demo and many tests pull from."""

from dget.serve.answers import Answer, Handler, answer, refusal
from dget.serve.content import Blob, Content, LayoutContent, MemoryContent, StoredManifest
from dget.serve.server import Server

__all__ = [
    "Answer",
    "Blob",
    "Content",
    "Handler",
    "LayoutContent",
    "MemoryContent",
    "Server",
    "StoredManifest",
    "answer",
    "refusal",
]
