"""What a run tells upwards while it works."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from dget.flow.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A new part of the work begins. text: a short sentence for people."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Something that the person should know, yet the run goes on."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """Which way was chosen and why, for whoever looks into it (`-debug`). text: without secrets."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying:
    """A request failed and is tried again. seconds: the wait before it."""

    what: str
    error: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """The run waits until a registry allows more requests. text: why, and until when; seconds: from now."""

    text: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobFromCache:
    """A blob needs no download."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferStarted:
    """Bytes begin to move; poll `progress` for how far they are."""

    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A request came to its end. url: without what may be secret; outcome: the status, or the error."""

    method: str
    url: str
    outcome: str
    seconds: float


Event: TypeAlias = Answered | Stage | Noted | Warned | Retrying | Paused | BlobFromCache | TransferStarted
Observer: TypeAlias = Callable[[Event], None]


def silent(event: Event) -> None:
    """The observer of a caller who wants none."""
