"""Where an archive's bytes go when they are written one after the other: a file on its way, or a stream."""

import select
from pathlib import Path
from typing import BinaryIO, Protocol

from dget.archive.exporter import Exported
from dget.archive.part_file import PartFile
from dget.codec import disk_errors
from dget.errors import StorageError
from dget.flow import Observer, Warned

STREAM = Path("-")


class Output(Protocol):
    """`begin`, `write` …, then `finish`; or, at any time, `abort`. All raise StorageError."""

    def begin(self) -> None: ...

    def write(self, data: bytes) -> None: ...

    def finish(self) -> Exported: ...

    def abort(self) -> None: ...


class FileOutput:
    """A file that gets its name when it is whole."""

    def __init__(self, target: Path, observer: Observer) -> None:
        self._target = target
        self._observer = observer
        self._part: PartFile | None = None
        self._size = 0

    def begin(self) -> None:
        self._part = PartFile(self._target, 0, "")
        if self._part.set_aside:
            self._observer(Warned(text=f"an unfinished file of something else was set aside: {self._part.set_aside}"))

    def write(self, data: bytes) -> None:
        assert self._part is not None
        self._part.file.write_at(self._size, [data])
        self._size += len(data)

    def finish(self) -> Exported:
        assert self._part is not None
        self._part.finish(self._size)
        self._part = None
        return Exported(path=self._target, size=self._size)

    def abort(self) -> None:
        if self._part is not None:
            self._part.abort()
            self._part = None


class StreamOutput:
    """A pipe, a socket or an open file of the caller's; what it got cannot be taken back."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._size = 0

    def begin(self) -> None:
        """It is open already."""

    def write(self, data: bytes) -> None:
        try:
            with disk_errors(STREAM, "write to the stream"):
                self._write_all(memoryview(data))
        except StorageError as error:
            raise _explained(error) from error.__cause__
        self._size += len(data)

    def _write_all(self, view: memoryview) -> None:
        while view:
            # Raw streams take what fits, and say None where nothing does yet.
            written: int | None = self._stream.write(view)
            if written is None:
                select.select([], [self._stream], [])
            view = view[written or 0 :]

    def finish(self) -> Exported:
        try:
            with disk_errors(STREAM, "write to the stream"):
                self._stream.flush()
        except StorageError as error:
            raise _explained(error) from error.__cause__
        return Exported(path=STREAM, size=self._size)

    def abort(self) -> None:
        """Its reader notices: what says that an archive is whole comes last."""


def _explained(error: StorageError) -> StorageError:
    if isinstance(error.__cause__, BrokenPipeError):
        return StorageError(
            "the program that reads the archive ended before it had all of it",
            hint="its own messages say why; dget itself was not done",
        )
    return error
