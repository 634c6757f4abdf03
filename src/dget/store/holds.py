"""What running processes need: blobs that a prune leaves alone."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path

from dget.codec import FileLock, SharedLock
from dget.errors import DiskFull
from dget.model import Digest
from dget.store.cache_errors import cache_errors, lock_errors


class Uses:
    """The runs that go on, of one who may not have opened the cache yet."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._runs = 0
        self._at_end: list[Callable[[], None]] = []

    @contextmanager
    def run(self) -> Iterator[None]:
        with self._guard:
            self._runs += 1
        try:
            yield
        finally:
            with self._guard:
                self._runs -= 1
                if self._runs == 0:
                    for let_go in self._at_end:
                        let_go()

    @property
    def going(self) -> bool:
        return self._runs > 0

    def at_end(self, let_go: Callable[[], None]) -> None:
        """Called whenever the last of several runs has ended."""
        self._at_end.append(let_go)


class Holds:
    """`holds/` has two files for each process at work: a list of digests, and a lock that falls free with the process.

    `guard` is shared while somebody adds to a list, and a prune has it alone: what is on a list stays, and what is
    added to one after a prune is looked for afterwards. So a run never waits for longer than one prune takes.
    """

    def __init__(self, folder: Path, uses: Uses | None = None) -> None:
        """uses: what is added is held until the last of these runs has ended."""
        self._uses = uses or Uses()
        self._folder = folder / "holds"
        self._prune = SharedLock(folder / "guard")
        self._guard = threading.Lock()
        self._own: FileLock | None = None
        self._list = self._folder / f"{os.urandom(8).hex()}.list"
        self._held: set[Digest] = set()
        self._instead = ExitStack()
        # The last of all: a signal may end the run in between, and what is called then must be whole.
        self._uses.at_end(self._let_go)

    def run(self) -> AbstractContextManager[None]:
        """What is added by then is held until the last run that goes on at the same time has ended."""
        return self._uses.run()

    def add(self, digests: Iterable[Digest]) -> None:
        """From now on these stay, if they are there. Without a run nothing is held. Raises StorageError."""
        with self._guard:
            new = [digest for digest in dict.fromkeys(digests) if digest not in self._held]
            if not new or not self._uses.going:
                return
            with ExitStack() as stack:
                with lock_errors(self._folder):
                    stack.enter_context(self._prune.shared())
                try:
                    self._write_down(new)
                except DiskFull:
                    # It takes no list: then nobody prunes until the run ends.
                    self._instead.push(stack.pop_all())
            self._held.update(new)

    @contextmanager
    def pruning(self, wait: Callable[[float], None]) -> Iterator[frozenset[Digest]]:
        """For the length of the block nobody adds: all that is held. Raises StorageError, and what `wait` raises."""
        with ExitStack() as stack:
            with lock_errors(self._folder):
                stack.enter_context(self._prune.alone(wait))
            yield self._all()

    def _all(self) -> frozenset[Digest]:
        """Of processes that live; what others left is removed."""
        held: set[Digest] = set()
        with cache_errors(self._folder, "read the cache"):
            names = {path.stem for path in self._folder.glob("*.l*")}
            for path in (self._folder / f"{name}.list" for name in names):
                if FileLock.is_held(path.with_suffix(".lock")):
                    # Whoever ends at this moment has no list any more, and a lock yet.
                    with suppress(FileNotFoundError):
                        held.update(_read(path))
                else:
                    path.unlink(missing_ok=True)
        return frozenset(held)

    def _write_down(self, digests: Iterable[Digest]) -> None:
        with lock_errors(self._folder):
            self._folder.mkdir(exist_ok=True)
            if self._own is None:
                self._own = FileLock.try_take(self._list.with_suffix(".lock"))
        with cache_errors(self._list, "write the cache"), self._list.open("a") as file:
            # A list that was cut must not cut what comes after it.
            file.writelines(f"\n{digest}\n" for digest in digests)

    def _let_go(self) -> None:
        with self._guard:
            self._held.clear()
            self._instead.close()
            if self._own is not None:
                with suppress(OSError):
                    self._list.unlink(missing_ok=True)
                self._own.release()
                self._own = None


def _read(path: Path) -> Iterator[Digest]:
    for line in path.read_text(errors="replace").splitlines():
        try:
            yield Digest.parse(line)
        except ValueError:
            continue
