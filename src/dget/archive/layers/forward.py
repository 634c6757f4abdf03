"""A stream that is read forward alone, with a bound on what one header may take."""

import re

from dget.codec import Decompressed
from dget.errors import IntegrityError

# What one header may have: Go's archive/tar (maxSpecialFileSize) refuses more, and so do the engines.
_RECORDS_MAX = 1 << 20
# One member's headers together: its own, long names, PAX records, the map of a sparse file.
_HEADERS_MAX = 4 << 20
_BLOCK = 512
_SKIP = 1 << 20
# Searching PAX records takes tarfile the square of the longest run of digits (CVE-2024-6232).
_DIGITS = re.compile(rb"[0-9]{300}")


class ForwardStream:
    """As much of a file as `tarfile` needs to read headers. `last` is what was read last.

    Going back is refused: a negative size in a header leads there (CVE-2025-8194). Raises IntegrityError.
    """

    def __init__(self, stream: Decompressed, what: str) -> None:
        self.last = b""
        self._stream = stream
        self._what = what
        self._at = 0
        self._budget = _HEADERS_MAX

    def begin_header(self) -> None:
        """From now on bytes belong to the headers of one member."""
        self._budget = _HEADERS_MAX

    def tell(self) -> int:
        return self._at

    def seek(self, at: int) -> None:
        if at < self._at:
            raise self.damaged("a header points backwards")
        while self._at < at and self._advance(min(at - self._at, _SKIP)):
            pass

    def read(self, size: int) -> bytes:
        """Bytes of headers."""
        self._budget -= size
        if not 0 <= size <= _RECORDS_MAX or self._budget < 0:
            raise self.damaged("a header is larger than any engine takes")
        data = self._advance(size)
        if size > _BLOCK and _DIGITS.search(data):
            raise self.damaged("a header has a number of hundreds of digits")
        return data

    def read_content(self, size: int) -> bytes:
        """Exactly `size` bytes of a member's contents."""
        data = self._advance(size)
        if len(data) < size:
            raise self.damaged("it is cut short")
        return data

    def damaged(self, why: str) -> IntegrityError:
        return IntegrityError(
            f"{self._what} is no whole tar: {why}", hint="whoever made this image made it so; tell its publisher"
        )

    def _advance(self, size: int) -> bytes:
        self.last = self._stream.read(size)
        self._at += len(self.last)
        return self.last
