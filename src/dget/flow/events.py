"""What a run tells upwards while it works."""

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from dget.flow.progress import Progress


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """A new part of the work begins. text: a short sentence for people."""

    text: str


class Warned(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the person should know, yet the run goes on."""

    text: str


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    """Which way was chosen and why, for whoever looks into it (`-debug`). text: without secrets."""

    text: str


class Retrying(msgspec.Struct, frozen=True, kw_only=True):
    """A request failed and is tried again. seconds: the wait before it."""

    what: str
    error: str
    seconds: float


class Paused(msgspec.Struct, frozen=True, kw_only=True):
    """The run waits until a registry allows more requests. text: why, and until when; seconds: from now."""

    text: str
    seconds: float


class BlobFromCache(msgspec.Struct, frozen=True, kw_only=True):
    """A blob needs no download."""

    digest: str
    size: int


class TransferStarted(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes begin to move; poll `progress` for how far they are."""

    progress: Progress


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """A request came to its end. url: without what may be secret; outcome: the status, or the error."""

    method: str
    url: str
    outcome: str
    seconds: float


Event: TypeAlias = Answered | Stage | Noted | Warned | Retrying | Paused | BlobFromCache | TransferStarted
Observer: TypeAlias = Callable[[Event], None]


def silent(event: Event) -> None:
    """The observer of a caller who wants none."""
