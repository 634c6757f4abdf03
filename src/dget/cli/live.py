"""Progress bars on a terminal: one a blob that moves, and one for the whole."""

from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    ProgressColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as Bars

from dget.flow import Progress

# More bars than this would push the total off a small terminal.
_BARS_MAX = 8
# Narrower terminals get numbers alone.
_WIDE = 70


class LiveProgress:
    def __init__(self, progress: Progress, stream: TextIO) -> None:
        self._progress = progress
        # A host and its port are no emoji (":1234:").
        console = Console(file=stream, emoji=False, markup=False, highlight=False)
        columns: list[ProgressColumn] = [TextColumn("{task.description}"), TaskProgressColumn(), TransferSpeedColumn()]
        if console.width >= _WIDE:
            columns = [
                TextColumn("{task.description}"),
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
            ]
        self._bars = Bars(*columns, console=console, transient=True)
        self._total = self._bars.add_task("total", total=progress.total)
        self._blobs: dict[int, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def line(self, text: str) -> None:
        """Above the bars."""
        self._bars.console.print(text, soft_wrap=True)

    def update(self) -> None:
        self._bars.update(self._total, completed=self._progress.here)
        for place, counter in enumerate(self._progress.counters):
            moving = 0 < counter.here < counter.total
            if moving and place not in self._blobs and len(self._blobs) < _BARS_MAX:
                self._blobs[place] = self._bars.add_task(counter.label, total=counter.total)
            elif not moving and place in self._blobs:
                self._bars.remove_task(self._blobs.pop(place))
            elif place in self._blobs:
                self._bars.update(self._blobs[place], completed=counter.here)
