"""A ByteSink that keeps what it gets."""


class Sink(bytearray):
    def write(self, data: bytes) -> None:
        self += data
