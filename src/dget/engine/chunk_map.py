"""A blob in transit, as a pure state machine: which bytes are here, and which to fetch next.

Chunks are claimed front first within a window ahead of the watermark, so that the hash, which needs bytes in order,
keeps up with their arrival.
"""

from collections.abc import Sequence

from dget.codec import Record, combine_crc32


class Chunk:
    """Bytes start to stop-1; those before `position` are here, those before `reserved` may be under somebody's pen.

    crc32: of the bytes here; failures: requests in a row that brought nothing of it; source: who gives its bytes.
    """

    __slots__ = ("claimed", "crc32", "failures", "position", "reserved", "source", "start", "stop")

    def __init__(self, start: int, stop: int) -> None:
        self.start = start
        self.stop = stop
        self.position = start
        self.reserved = start
        self.crc32 = 0
        self.claimed = False
        self.failures = 0
        self.source = ""

    @property
    def complete(self) -> bool:
        return self.position == self.stop

    @property
    def left(self) -> int:
        return self.stop - self.position


class ChunkMap:
    """The chunks of one blob, in order, never overlapping, always covering it. Not thread-safe.

    window: how far ahead of the watermark chunks are claimed; kept: what a former run left and was proven, in order.
    """

    def __init__(self, size: int, *, window: int, kept: Sequence[Record] = ()) -> None:
        """Raises ValueError where kept records overlap or lie outside."""
        self.size = size
        self._window = window
        self._chunks: list[Chunk] = []
        self._front = 0
        at = 0
        for record in kept:
            self._add(at, record.start)
            self._add(record.start, record.stop, record)
            at = record.stop
        self._add(at, size)
        self._watermark = 0
        self._advance()

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        return tuple(self._chunks)

    @property
    def watermark(self) -> int:
        """All bytes before it are here. A pure look, safe without the lock of those who change the map."""
        return self._watermark

    @property
    def front_claimed(self) -> bool:
        """Whether somebody fetches what holds the watermark back. As safe a look as `watermark`."""
        front = self._front
        return front < len(self._chunks) and self._chunks[front].claimed

    @property
    def unclaimed(self) -> int:
        """Bytes that are not here, and that nobody fetches. As safe a look as `watermark` while nobody claims or gives back."""
        return sum(chunk.left for chunk in self._chunks[self._front :] if not chunk.claimed)

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

    @property
    def records(self) -> list[Record]:
        """What is here."""
        return [
            Record(chunk.start, chunk.position, chunk.crc32, chunk.source)
            for chunk in self._chunks
            if chunk.position > chunk.start
        ]

    def claim(self, size: int, source: str = "") -> Chunk | None:
        """The foremost `size` bytes that nobody fetches, or None where there are none within the window.

        A rest of less than half of `size` is taken along. source: who will give them; what is left of another one's
        chunk becomes a chunk of its own.
        """
        limit = self.watermark + self._window
        for place in range(self._front, len(self._chunks)):
            chunk = self._chunks[place]
            if chunk.start >= limit:
                return None
            if not chunk.claimed and not chunk.complete:
                chunk.claimed = True
                if chunk.position > chunk.start and chunk.source != source:
                    chunk = self.take_over(chunk, chunk.position)
                self._cut(chunk, size)
                chunk.source = source
                return chunk
        return None

    def give_back(self, chunk: Chunk) -> None:
        """Its connection failed: what is not here of it may be claimed again."""
        chunk.claimed = False
        chunk.reserved = chunk.position
        chunk.failures += 1

    def reserve(self, chunk: Chunk, count: int) -> int:
        """How many of the next `count` bytes may be written; they stay the writer's until they land."""
        chunk.reserved = min(chunk.position + count, chunk.stop)
        return chunk.reserved - chunk.position

    def landed(self, chunk: Chunk, count: int, crc32: int) -> None:
        """`count` more bytes of `chunk` are in their place. crc32: of all its bytes that are here now."""
        if not 0 < count <= chunk.left:
            raise ValueError(f"{count} bytes at {chunk.position} do not fit into {chunk.start}-{chunk.stop}")
        chunk.position += count
        chunk.crc32 = crc32
        chunk.failures = 0
        self._advance()

    def take_over(self, chunk: Chunk, at: int) -> Chunk:
        """Takes the bytes from `at` on away from a claimed chunk: a new, claimed one for another connection.

        Raises ValueError where they are not all free.
        """
        if not chunk.claimed or not max(chunk.position, chunk.reserved) <= at < chunk.stop:
            raise ValueError(f"byte {at} is not ahead in {chunk.start}-{chunk.stop}")
        rest = Chunk(at, chunk.stop)
        rest.claimed = True
        chunk.stop = at
        self._chunks.insert(self._chunks.index(chunk) + 1, rest)
        self._advance()
        return rest

    def _cut(self, chunk: Chunk, size: int) -> None:
        if chunk.left > size + size // 2:
            rest = Chunk(chunk.position + size, chunk.stop)
            chunk.stop = rest.start
            self._chunks.insert(self._chunks.index(chunk) + 1, rest)

    def _advance(self) -> None:
        while self._front < len(self._chunks) and self._chunks[self._front].complete:
            self._front += 1
        self._watermark = self.size if self._front == len(self._chunks) else self._chunks[self._front].position

    def _add(self, start: int, stop: int, kept: Record | None = None) -> None:
        """kept: where the bytes are here."""
        if not start <= stop <= self.size:
            raise ValueError("kept records overlap or lie outside the blob")
        if start == stop:
            return
        chunk = Chunk(start, stop)
        if kept is not None:
            chunk.position, chunk.crc32, chunk.source = stop, kept.crc32, kept.source
        self._chunks.append(chunk)
