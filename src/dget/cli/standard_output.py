"""Standard output as a place for bytes: a terminal gets no character that it would act on, a pipe gets all as it is."""

import codecs
import sys

from dget.cli.units import clean_lines


def write_out(data: bytes) -> None:
    """All of a result."""
    StandardOutput().write(data)
    sys.stdout.flush()


class StandardOutput:
    """A ByteSink."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace") if sys.stdout.isatty() else None

    def write(self, data: bytes) -> None:
        if self._decoder is not None:
            data = clean_lines(self._decoder.decode(data)).encode()
        sys.stdout.buffer.write(data)
