"""Standard output as a place for bytes."""

import sys


class StandardOutput:
    """A ByteSink."""

    def write(self, data: bytes) -> None:
        sys.stdout.buffer.write(data)
