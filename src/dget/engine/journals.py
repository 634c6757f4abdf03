"""Writing down, at a sane pace, what of the blobs under way is there."""

import time
from collections.abc import Sequence

from dget.engine.transfer import Journal, Transfer
from dget.flow import Cancel

_PACE = 0.2


def keep_journals(transfers: Sequence[Transfer], cancel: Cancel) -> None:
    """Until the run ends: the disk first, the record after it, so that a record claims only what is there.

    Raises Cancelled when the run is to stop, and StorageError.
    """
    noted: dict[int, int] = {}
    wait = _PACE
    while True:
        cancel.sleep(wait)
        begun = time.monotonic()
        keep(transfers, sync=True, noted=noted)
        # The disk rests as long as it was busy. Not longer: what has not been written by then is waited for in the end.
        wait = max(_PACE, time.monotonic() - begun)


def keep(transfers: Sequence[Transfer], *, sync: bool, noted: dict[int, int] | None = None) -> None:
    """One entry into each journal. noted: bytes by journal at the last time; where nothing came since, none is made."""
    for journal, own in _by_journal(transfers):
        records = {transfer.blob.digest: transfer.records() for transfer in own}
        amount = sum(transfer.counter.reused + transfer.counter.arrived for transfer in own)
        if noted is not None:
            if noted.get(id(journal), 0) == amount:
                continue
            noted[id(journal)] = amount
        journal.keep(records, sync=sync)


def _by_journal(transfers: Sequence[Transfer]) -> list[tuple[Journal, list[Transfer]]]:
    grouped: dict[int, tuple[Journal, list[Transfer]]] = {}
    for transfer in transfers:
        if transfer.journal is None:
            continue
        grouped.setdefault(id(transfer.journal), (transfer.journal, []))[1].append(transfer)
    return list(grouped.values())
