"""Who gave wrong bytes, where a whole blob does not match its digest."""

from collections.abc import Sequence

from dget.codec import Record, crc32
from dget.engine.sources import Source
from dget.engine.trial import fetch_held
from dget.errors import Cancelled, DgetError
from dget.model import Descriptor

_PIECE = 4 << 20


def find_liar(records: Sequence[Record], blob: Descriptor, sources: Sequence[Source]) -> tuple[Source, Source] | None:
    """The one whose bytes are not what another host gives, and that other one; None where that cannot be told.

    records: of the ledger; sources: who may be asked, the most trusted ones first. Mirrors are suspected before the
    origin, and what two hosts agree on counts against a third.
    """
    by_name = {source.name: source for source in sources}
    known = [record for record in records if record.source in by_name]
    for record in sorted(known, key=lambda record: by_name[record.source].host.origin):
        suspect = by_name[record.source]
        differing: list[tuple[Source, int]] = []
        for witness in sources:
            if witness is suspect:
                continue
            theirs = _crc32_of(witness, blob, record)
            if theirs is None:
                continue
            if theirs == record.crc32:
                break
            if any(theirs == other for _, other in differing):
                return suspect, witness
            differing.append((witness, theirs))
        else:
            if differing:
                return _of_two(suspect, differing[0][0])
    return None


def _of_two(one: Source, other: Source) -> tuple[Source, Source]:
    """Where it is one's word against the other's, the origin's counts."""
    return (other, one) if one.host.origin else (one, other)


def _crc32_of(source: Source, blob: Descriptor, record: Record) -> int | None:
    checksum, at = 0, record.start
    try:
        while at < record.stop:
            data = fetch_held(source, blob, at, min(at + _PIECE, record.stop))
            checksum = crc32(data, checksum)
            at += len(data)
    except Cancelled:
        raise
    except DgetError:
        return None
    return checksum
