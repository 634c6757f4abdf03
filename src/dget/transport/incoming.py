"""What arrives for one request, taken from libcurl's callbacks, and bounded."""

import io
import re
import time
from collections.abc import Callable

from dget.errors import NetworkError
from dget.flow import PieceSink
from dget.protocol.http import Headers, Response
from dget.transport.protocol import ResponseSink

_BODY_MAX = 8 * 1024 * 1024
# What is gathered is handed on when it is worth it, or when the last time is so many seconds ago; where nothing more
# comes, a second later. Until then it does not count.
_WORTH, _WAITS = 64 << 10, 0.2
# libcurl bounds their length (100 KB a line, 300 KB an answer); interim answers (1xx) and trailers count too.
_HEADERS_MAX = 500
_STATUS_LINE = re.compile(r"HTTP/[0-9.]+ ([0-9]{3})(?: |\Z)")


class Incoming:
    """What its callbacks raise is kept for `check`, since pycurl would print and lose it.

    write: for libcurl, which gives 16 KB a time. It is a method written in C: with one of ours, receiving a GB took a tenth
    of a second more.
    """

    def __init__(self, sink: ResponseSink | None) -> None:
        self._failure: BaseException | None = None
        self._sink = sink
        self._status = 0
        self._fields: list[tuple[str, str]] = []
        self._lines = 0
        self._in_head = False
        self._gathered = io.BytesIO()
        self.write = self._gathered.write
        self._due = 0.0
        self._target: PieceSink | None = None
        self._body: list[bytes] = []
        self._body_size = 0

    def header(self, line: bytes) -> int | None:
        return self._guarded(lambda: self._take_header(line))

    def between_reads(self, *_progress: int) -> int | None:
        """For libcurl, which calls it after some reads, and once a second where nothing comes."""
        gathered = self._gathered.tell()
        if gathered < _WORTH and (not gathered or time.monotonic() < self._due):
            return None
        return self._guarded(self._hand_on)

    def end(self) -> None:
        """Hands on what came last."""
        if self._failure is None:
            self._guarded(self._hand_on)

    def check(self) -> None:
        """Raises what a callback raised."""
        failure, self._failure = self._failure, None
        try:
            if failure is not None:
                raise failure
        finally:
            # Its traceback leads here, and to what was gathered: without this, all would stay until garbage is looked for.
            del failure

    def response(self) -> Response:
        return Response(status=self._status, headers=Headers.of(self._fields), body=b"".join(self._body))

    def _guarded(self, work: Callable[[], None]) -> int | None:
        """What pycurl takes for going on, or for an end."""
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again after perform
            self._failure = error
            return -1
        return None

    def _hand_on(self) -> None:
        size = self._gathered.tell()
        if not size:
            return
        self._gathered.seek(0)
        self._due = time.monotonic() + _WAITS
        with self._gathered.getbuffer() as buffer, buffer[:size] as piece:
            if self._target is not None:
                self._target.write(piece)
            else:
                self._collect(piece)

    def _take_header(self, line: bytes) -> None:
        self._lines += 1
        if self._lines > _HEADERS_MAX:
            raise NetworkError(f"the server sent more than {_HEADERS_MAX} header fields")
        text = line.decode("latin-1").rstrip("\r\n")
        if status := _STATUS_LINE.match(text):
            # What an answer before this one said is nobody's.
            self._gathered.seek(0)
            self._body.clear()
            self._body_size = 0
            self._status = int(status[1])
            self._fields = []
            self._in_head = True
        elif not self._in_head:
            # A trailer, after a chunked body: nobody wants it.
            return
        elif text:
            name, _, value = text.partition(":")
            self._fields.append((name.strip(), value.strip()))
        else:
            self._in_head = False
            if self._status >= 200 and self._sink is not None:
                self._target = self._sink.begin(self._status, Headers.of(self._fields))

    def _collect(self, data: memoryview) -> None:
        self._body_size += len(data)
        if self._body_size > _BODY_MAX:
            raise NetworkError(
                f"the server's answer is larger than {_BODY_MAX >> 20} MB where a short one was expected"
            )
        self._body.append(bytes(data))
