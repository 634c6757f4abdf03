"""Standard output as a place for bytes: a terminal gets no character that it would act on, a pipe gets all as it is."""

import codecs
import io
import sys

from dget.cli.units import clean_lines


def write_out(data: bytes) -> None:
    """All of a result."""
    out = StandardOutput()
    out.write(data)
    out.finish()


class StandardOutput:
    """A ByteSink with an end."""

    def __init__(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace") if sys.stdout.isatty() else None
        # It keeps a `\r` until it knows what follows.
        self._decoder = io.IncrementalNewlineDecoder(decoder, translate=False) if decoder else None

    def write(self, data: bytes) -> None:
        self._write(data, final=False)

    def finish(self) -> None:
        self._write(b"", final=True)
        sys.stdout.flush()

    def _write(self, data: bytes, *, final: bool) -> None:
        if self._decoder is not None:
            data = clean_lines(self._decoder.decode(data, final)).encode()
        sys.stdout.buffer.write(data)
