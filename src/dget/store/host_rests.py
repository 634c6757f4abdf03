"""Which hosts failed lately: small learned state, so that the next run does not wait for them again."""

import threading
from pathlib import Path

import msgspec

from dget.codec.whole_file import write_whole
from dget.protocol.rest import Rest

_MANY = 200


class HostRests:
    """`hosts.json` in the cache folder: rests by URL. It may be lost at any time: what cannot be read or written is
    not remembered.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "hosts.json"
        self._lock = threading.Lock()

    def recall(self, url: str) -> Rest | None:
        return self._read().get(url)

    def remember(self, url: str, rest: Rest | None) -> None:
        """None forgets."""
        with self._lock:
            known = self._read()
            if known.get(url) == rest:
                return
            if rest is None:
                del known[url]
            else:
                known[url] = rest
            latest = sorted(known.items(), key=lambda item: item[1].until)[-_MANY:]
            self._write(dict(latest))

    def _read(self) -> dict[str, Rest]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, Rest])
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return {}

    def _write(self, known: dict[str, Rest]) -> None:
        try:
            write_whole(self._path, msgspec.json.encode(known))
        except OSError:
            return
