"""Whether a file of images is whole, and who loads it: a call that needs no registry."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from dget.config import machine_platform
from dget.errors import IntegrityError
from dget.flow import Cancel, Observer, run_interruptibly, silent
from dget.model import Platform

# Pulls need none of it.
if TYPE_CHECKING:
    from dget.archive.inspection import Verdict


class ArchiveCheck(msgspec.Struct, frozen=True, kw_only=True):
    """faults: what is wrong with the file itself, whoever reads it; consumers: what each makes of it.

    packed: what the file is compressed with, or `none`.
    """

    path: Path
    packed: str
    platform: str
    faults: tuple[str, ...]
    consumers: "tuple[Verdict, ...]"

    @property
    def exit_status(self) -> int:
        """0 for a whole file that somebody loads, else IntegrityError's."""
        good = not self.faults and any(verdict.loads for verdict in self.consumers)
        return 0 if good else IntegrityError.exit_status


def check(
    path: str | os.PathLike[str],
    *,
    platform: str | None = None,
    observer: Observer = silent,
    cancel: Cancel | None = None,
) -> ArchiveCheck:
    """Reads all of an archive or OCI folder, and says which engines will load it.

    platform: of the machine that is to load it; by default linux on this machine's architecture. What is wrong with
    the file is in the result. Raises NotFound, StorageError, UsageError.
    """
    from dget.archive.inspection import inspect_archive, judge_all

    wanted = Platform.parse(platform) if platform else machine_platform()
    run = Cancel()
    with (cancel or Cancel()).on_cancel(run.cancel):
        found = run_interruptibly(
            lambda: inspect_archive(Path(path), wanted, cancel=run, observer=observer),
            run,
        )
    return ArchiveCheck(
        path=found.path,
        packed=found.compression.value,
        platform=str(wanted),
        faults=found.faults,
        consumers=judge_all(found),
    )
