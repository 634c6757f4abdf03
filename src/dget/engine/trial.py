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

    mine: what `source` gave from `start` on. Witnesses are asked in their order until one of them decides: who agrees proves
    it; the origin's word counts against it, and so does that of two who agree. Where nobody decides, a proven witness is
    believed, though it may have begun to lie since; without one the stranger is, until the digest decides.
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
        agreeing = any(theirs == other for _, other in against)
        against.append((witness, theirs))
        if witness.host.origin or agreeing:
            return theirs, witness, _accusation(witness, blob)
    for witness, theirs in against:
        if witness.proven:
            return theirs, witness, _accusation(witness, blob)
    return mine, source, None


def _accusation(witness: Source, blob: Descriptor) -> str:
    return f"its bytes of blob {blob.digest.short} are not those that {witness.name} gives"


class _Held:
    """A PieceSink in memory."""

    def __init__(self, held: bytearray) -> None:
        self._held = held

    def write(self, data: bytes | memoryview) -> None:
        self._held += data
