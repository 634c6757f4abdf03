"""A proxy for bytes of any protocol that delays, counts, limits and breaks off. A process of its own.

    python -m bench.slow_proxy LISTEN TARGET CONTROL [--delay SECONDS] [--reset-after BYTES] [--rate BYTES]

Each address is HOST:PORT. Whoever connects to CONTROL is told, as JSON, what went towards the clients until then.
"""

import argparse
import asyncio
import contextlib
import fcntl
import json
import socket
import struct
import sys
import termios
from collections.abc import Callable
from dataclasses import dataclass

_PIECE = 256 << 10
# In flight on a connection at most: a window that never holds up 60 MB in 200 ms.
_WINDOW_PIECES = 256
# When a piece is due, and the piece; an empty one is the end.
_Queue = asyncio.Queue[tuple[float, bytes]]
_NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class Counts:
    """Towards the clients."""

    bytes: int = 0
    connections: int = 0
    resets: int = 0


class Pace:
    """Lets `rate` bytes a second through, of all connections together; 0 for all that come."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._free_at = 0.0

    async def wait(self, count: int) -> None:
        if not self._rate:
            return
        now = asyncio.get_running_loop().time()
        self._free_at = max(now, self._free_at) + count / self._rate
        if self._free_at > now:
            await asyncio.sleep(self._free_at - now)


class SlowProxy:
    """delay: seconds that a round trip takes, half of it in each direction. A new connection costs one of them.

    reset_after: bytes towards the client after which its connection is reset; 0 for never.
    """

    def __init__(self, target: tuple[str, int], *, delay: float, reset_after: int, rate: int) -> None:
        self._target = target
        self._delay = delay
        self._reset_after = reset_after
        self._pace = Pace(rate)
        self.counts = Counts()

    async def accept(self, server: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        serving: set[asyncio.Task[None]] = set()
        while True:
            client, _ = await loop.sock_accept(server)
            task = asyncio.create_task(self._serve(client))
            serving.add(task)
            task.add_done_callback(serving.discard)

    async def tell(self, server: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            asker, _ = await loop.sock_accept(server)
            with asker:
                counts = self.counts
                told = {"bytes": counts.bytes, "connections": counts.connections, "resets": counts.resets}
                await loop.sock_sendall(asker, json.dumps(told).encode())

    async def _serve(self, client: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self.counts.connections += 1
        # The kernel has shaken hands already: the round trip that this takes elsewhere is waited for here.
        greeted = loop.time() + self._delay
        with client, socket.socket() as upstream:
            client.settimeout(0)
            upstream.settimeout(0)
            for side in (client, upstream):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with contextlib.suppress(OSError):
                await loop.sock_connect(upstream, self._target)
                await self._join(client, upstream, greeted)

    async def _join(self, client: socket.socket, upstream: socket.socket, greeted: float) -> None:
        """Until both sides have no more to say, or one breaks off."""
        there, back = _Queue(_WINDOW_PIECES), _Queue(_WINDOW_PIECES)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._receive(client, there, greeted))
                group.create_task(self._send(there, upstream, None))
                group.create_task(self._receive(upstream, back, greeted))
                group.create_task(self._send(back, client, self._allowance()))
        except* OSError:
            # The sockets are closed by the caller, which is what the other side is to see.
            pass

    def _allowance(self) -> Callable[[int], int]:
        """How many of `count` bytes may go to one client before its connection is reset."""
        sent = 0

        def allowed(count: int) -> int:
            nonlocal sent
            if self._reset_after:
                count = min(count, self._reset_after - sent)
            sent += count
            return count

        return allowed

    async def _receive(self, source: socket.socket, queue: _Queue, greeted: float) -> None:
        loop = asyncio.get_running_loop()
        data = b"."
        while data:
            data = await loop.sock_recv(source, _PIECE)
            await queue.put((max(loop.time(), greeted) + self._delay / 2, data))

    async def _send(self, queue: _Queue, sink: socket.socket, allowed: Callable[[int], int] | None) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, data = await queue.get()
            if (ahead := due - loop.time()) > 0:
                await asyncio.sleep(ahead)
            if not data:
                sink.shutdown(socket.SHUT_WR)
                return
            if allowed is None:
                await loop.sock_sendall(sink, data)
                continue
            count = allowed(len(data))
            await self._pace.wait(count)
            await loop.sock_sendall(sink, memoryview(data)[:count])
            self.counts.bytes += count
            if count < len(data):
                await self._reset(sink)

    async def _reset(self, sink: socket.socket) -> None:
        # What is counted must arrive: a reset throws away what this side has not sent yet.
        while struct.unpack("i", fcntl.ioctl(sink, termios.TIOCOUTQ, bytes(4)))[0]:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        self.counts.resets += 1
        sink.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        raise ConnectionResetError


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


async def _run(proxy: SlowProxy, listen: tuple[str, int], control: tuple[str, int]) -> None:
    with socket.create_server(listen, backlog=256) as clients, socket.create_server(control) as askers:
        clients.settimeout(0)
        askers.settimeout(0)
        await asyncio.gather(proxy.accept(clients), proxy.tell(askers))


def main() -> int:
    parser = argparse.ArgumentParser()
    for name in ("listen", "target", "control"):
        parser.add_argument(name, type=_address)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--reset-after", type=int, default=0)
    parser.add_argument("--rate", type=int, default=0)
    asked = parser.parse_args()
    proxy = SlowProxy(asked.target, delay=asked.delay, reset_after=asked.reset_after, rate=asked.rate)
    try:
        asyncio.run(_run(proxy, asked.listen, asked.control))
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
