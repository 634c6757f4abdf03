"""A stranger's first bytes: fetched from a second host too, and compared before they count."""

from collections.abc import Sequence

from dget.engine.sources import Source
from dget.errors import Cancelled, DgetError, NetworkError
from dget.model import Descriptor

TRIAL_SIZE = 256 << 10


def fetch_held(source: Source, blob: Descriptor, start: int, stop: int) -> bytes:
    """Bytes start to stop-1 of a blob, held in memory. Raises DgetError."""
    held = bytearray()
    while len(held) < stop - start:
        before = len(held)
        source.host.read_blob(blob, _Held(held), start=start + before, stop=stop)
        if len(held) == before:
            raise NetworkError(f"{source.name} sent nothing", temporary=True)
    return bytes(held)


def compare(
    mine: bytes, source: Source, witnesses: Sequence[Source], blob: Descriptor, start: int
) -> tuple[bytes, Source, str | None]:
    """The bytes to go on with, whose they are, and what is wrong with `source` where that shows.

    mine: what `source` gave from `start` on. The word of a proven witness counts, and that of two strangers who agree
    against a third. Who is alone is believed, until the digest decides.
    """
    against: list[tuple[Source, bytes]] = []
    for witness in witnesses:
        try:
            theirs = fetch_held(witness, blob, start, start + len(mine))
        except Cancelled:
            raise
        except DgetError:
            continue
        if theirs == mine:
            source.proven = witness.proven = True
            return mine, source, None
        agreeing = witness.proven or any(theirs == other for _, other in against)
        if agreeing:
            return theirs, witness, f"its bytes of blob {blob.digest.short} are not those that {witness.name} gives"
        against.append((witness, theirs))
    return mine, source, None


class _Held:
    """A PieceSink in memory."""

    def __init__(self, held: bytearray) -> None:
        self._held = held

    def write(self, data: bytes | memoryview) -> None:
        self._held += data
