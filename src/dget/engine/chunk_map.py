"""A blob in transit, as a pure state machine: which bytes are here, and which to fetch next.

Chunks are claimed front first within a window ahead of the watermark, so that the hash, which needs bytes in order,
keeps up with their arrival.
"""

from dget.codec import combine_crc32


class Chunk:
    """Bytes start to stop-1; those before `position` are here. crc32: of the bytes here."""

    __slots__ = ("claimed", "crc32", "position", "start", "stop")

    def __init__(self, start: int, stop: int) -> None:
        self.start = start
        self.stop = stop
        self.position = start
        self.crc32 = 0
        self.claimed = False

    @property
    def complete(self) -> bool:
        return self.position == self.stop


class ChunkMap:
    """The chunks of one blob, in order, never overlapping, always covering it. Not thread-safe."""

    def __init__(self, size: int, *, chunk_size: int, window: int) -> None:
        self.size = size
        self._window = window
        self._chunks = [Chunk(at, min(at + chunk_size, size)) for at in range(0, size, chunk_size)]
        self._front = 0

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        return tuple(self._chunks)

    @property
    def watermark(self) -> int:
        """All bytes before it are here."""
        while self._front < len(self._chunks) and self._chunks[self._front].complete:
            self._front += 1
        return self.size if self._front == len(self._chunks) else self._chunks[self._front].position

    @property
    def complete(self) -> bool:
        return self.watermark == self.size

    @property
    def crc32(self) -> int:
        """Of the whole blob, once it is complete."""
        checksum = 0
        for chunk in self._chunks:
            checksum = combine_crc32(checksum, chunk.crc32, chunk.stop - chunk.start)
        return checksum

    def claim(self) -> Chunk | None:
        """The foremost chunk that nobody fetches, or None where there is none within the window."""
        limit = self.watermark + self._window
        for chunk in self._chunks[self._front :]:
            if chunk.start >= limit:
                return None
            if not chunk.claimed and not chunk.complete:
                chunk.claimed = True
                return chunk
        return None

    def landed(self, chunk: Chunk, count: int, crc32: int) -> None:
        """`count` more bytes of `chunk` are in their place. crc32: of all its bytes that are here now."""
        if not 0 < count <= chunk.stop - chunk.position:
            raise ValueError(f"{count} bytes at {chunk.position} do not fit into {chunk.start}-{chunk.stop}")
        chunk.position += count
        chunk.crc32 = crc32
