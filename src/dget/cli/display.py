"""What the person sees on standard error while dget works."""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import TextIO

from dget.cli.countdown import count_down, count_down_live
from dget.cli.units import clean, duration, rate, size
from dget.errors import DgetError
from dget.flow import Answered, Event, Noted, Paused, Progress, Retrying, Stage, TransferStarted, Warned

_LINE_EVERY = 5.0
_LIVE_EVERY = 0.1


class Display:
    """Stages and warnings as lines; progress as a plain line now and then. `live` draws it instead."""

    def __init__(self, stream: TextIO, *, quiet: bool, debug: bool, live: bool) -> None:
        self._stream = stream
        self._quiet = quiet
        self._debug = debug
        self._live = live
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._write: Callable[[str], object] = self._write_line

    def observe(self, event: Event) -> None:
        match event:
            case Stage(text=text) if not self._quiet:
                self._line(text)
            case Warned(text=text):
                self._line(f"warning: {text}")
            case Retrying(what=what, error=error, seconds=seconds) if not self._quiet:
                self._line(f"{what}: {error}; trying again in {seconds:.1f} s")
            case Noted(text=text) if self._debug:
                self._line(f"debug: {text}")
            case Answered(method=method, url=url, outcome=outcome, seconds=seconds) if self._debug:
                self._line(f"debug: {method} {url} -> {outcome} ({seconds * 1000:.0f} ms)")
            case TransferStarted(progress=progress) if not self._quiet:
                self._follow(progress)
            case Paused(text=text, seconds=seconds):
                self._line(text)
                if not self._quiet:
                    self._count_down(seconds)
            case _:
                pass

    def note(self, text: str) -> None:
        """It may have several lines."""
        for line in filter(None, text.split("\n")):
            self._line(line)

    def failed(self, error: DgetError) -> None:
        """One line that says what failed, and one that says what to do."""
        self.end()
        self._line(f"error: {error.message}")
        if error.hint:
            self._line(f"hint: {error.hint}")

    def end(self) -> None:
        """Ends the progress of the transfer that was followed."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(1.0)
            self._thread = None

    def _line(self, text: str) -> None:
        # A closed or full standard error must not end the work.
        with contextlib.suppress(OSError, ValueError), self._lock:
            self._write(clean(text))

    def _over(self, text: str) -> None:
        """Text that stays on its line, as it is."""
        with contextlib.suppress(OSError, ValueError), self._lock:
            self._stream.write(text)
            self._stream.flush()

    def _write_line(self, text: str) -> None:
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def _follow(self, progress: Progress) -> None:
        self.end()
        self._stop = threading.Event()
        draw = self._draw_live if self._live else self._draw_lines
        self._show(draw, progress)

    def _count_down(self, seconds: float) -> None:
        self.end()
        self._stop = threading.Event()
        if self._live:
            self._show(count_down_live, seconds, self._over)
        else:
            self._show(count_down, seconds, self._line)

    def _show(self, draw: Callable[..., None], *what: object) -> None:
        arguments = (*what, self._stop)
        thread = threading.Thread(target=draw, args=arguments, name="dget-display", daemon=True)
        thread.start()
        # Only now: an interruption here must not find a thread that cannot be joined yet.
        self._thread = thread

    def _draw_lines(self, progress: Progress, stop: threading.Event) -> None:
        begun = time.monotonic()
        while not stop.wait(_LINE_EVERY):
            self._line(progress_line(progress, time.monotonic() - begun))

    def _draw_live(self, progress: Progress, stop: threading.Event) -> None:
        from dget.cli.live import LiveProgress

        with LiveProgress(progress, self._stream) as live:
            self._write = live.line
            while not stop.wait(_LIVE_EVERY):
                live.update()
            self._write = self._write_line


def progress_line(progress: Progress, seconds: float) -> str:
    """`38 %  41.2 MB of 108 MB  9.1 MB/s  7 s left`."""
    total, here = progress.total, progress.here
    speed = progress.arrived / seconds if seconds > 0 else 0.0
    left = f"  {duration((total - here) / speed)} left" if speed else ""
    percent = 100 * here // total if total else 100
    return f"{percent:3d} %  {size(here)} of {size(total)}  {rate(speed)}{left}"


def open_display(*, quiet: bool, debug: bool) -> Display:
    stream = sys.stderr
    live = not (quiet or debug) and stream.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")
    return Display(stream, quiet=quiet, debug=debug, live=live)
