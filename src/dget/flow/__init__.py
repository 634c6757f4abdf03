"""What moves through a run: cancellation, time, events, progress and bytes."""

from dget.flow.cancel import Cancel, holding, run_interruptibly
from dget.flow.clock import Clock, SystemClock
from dget.flow.events import (
    Answered,
    BlobFromCache,
    Event,
    Noted,
    Observer,
    Paused,
    Retrying,
    Stage,
    TransferStarted,
    Warned,
    silent,
)
from dget.flow.progress import Counter, Progress
from dget.flow.rate_limit import RateLimit
from dget.flow.side_by_side import side_by_side
from dget.flow.sink import ByteSink, PieceSink

__all__ = [
    "Answered",
    "BlobFromCache",
    "ByteSink",
    "Cancel",
    "Clock",
    "Counter",
    "Event",
    "Noted",
    "Observer",
    "Paused",
    "PieceSink",
    "Progress",
    "RateLimit",
    "Retrying",
    "Stage",
    "SystemClock",
    "TransferStarted",
    "Warned",
    "holding",
    "run_interruptibly",
    "side_by_side",
    "silent",
]
