"""A pull that was killed, stopped or left in a mess goes on where it was, and never makes a wrong file."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

from dget import Client, Settings
from dget.archive import check_archive
from tests.parts.distribution import Distribution
from tests.parts.fault_proxy import NO_FAULT, Fault, FaultProxy
from tests.parts.images import OCI, Image, digest_of, layer, single

MB = 1_000_000
# Manifest and config, asked for again by each run.
DOCUMENTS = 64_000
CONNECTIONS = 4
# Of all connections together, while a pull is to be interrupted: bytes a second.
RATE = 8 * MB
# What a record of what is there may lag behind its arrival: a second, and what syncing takes.
LAG = 2.0
_WITHIN = 30.0
# RFC 1952's header, and a block of stored deflate with its own: see codec.stored_gzip.
GZIP_HEADER, GZIP_BLOCK, BLOCK_HEADER = 10, 65540, 5

Running: TypeAlias = "subprocess.Popen[str]"
Start: TypeAlias = Callable[..., Running]


@dataclass(frozen=True, slots=True)
class Place:
    """A way to pull: where the bytes arrive, and where it is written down which are there."""

    archive: str
    words: tuple[str, ...]
    parts: str
    ledgers: str

    def part(self, folder: Path) -> Path:
        """Of the large layer's bytes."""
        return max(folder.glob(self.parts), key=lambda path: path.stat().st_size)

    def ledger(self, folder: Path) -> Path:
        return max(folder.glob(self.ledgers), key=lambda path: path.stat().st_size)


CACHE = Place("x.tar.gz", ("--cache-dir", "cache"), "cache/ingest/*.part", "cache/ingest/*.ledger")
TAR = Place("x.tar", ("--no-cache",), "x.tar.part", "x.tar.part.ledger")
GZIP = Place("x.tar.gz", ("--no-cache",), "x.tar.gz.part", "x.tar.gz.part.ledger")
PLACES = {"cache": CACHE, "tar": TAR, "tar.gz": GZIP}


def noisy_image(seed: int, size: int) -> Image:
    noise = random.Random(seed).randbytes(size)
    return single(OCI, "amd64", [layer({"noise": noise}), layer({"etc/text": b"small"})])


@pytest.fixture(scope="module")
def images() -> dict[str, Image]:
    """One large layer that does not compress, and a small one, each."""
    return {"large": noisy_image(1, 48 * MB), "medium": noisy_image(2, 20 * MB), "other": noisy_image(3, 20 * MB)}


@pytest.fixture(scope="module")
def shared_proxy(tmp_path_factory, images) -> Iterator[FaultProxy]:
    with Distribution(tmp_path_factory.mktemp("registry")) as registry, FaultProxy(registry.address) as proxy:
        for name, image in images.items():
            registry.push(name, "1", image)
        yield proxy


@pytest.fixture
def proxy(shared_proxy) -> Iterator[FaultProxy]:
    """Before a registry with the images; it does no harm yet."""
    shared_proxy.forget()
    yield shared_proxy
    shared_proxy.script = lambda _: NO_FAULT


@pytest.fixture(scope="module")
def right_digests(shared_proxy, images, tmp_path_factory) -> dict[tuple[str, str], str]:
    """Of the archives that pulls without trouble give, by image and name."""
    folder = tmp_path_factory.mktemp("right")
    found = {}
    for image in images:
        for name in ("x.tar", "x.tar.gz"):
            with Client(Settings(cache=False, environment={})) as client:
                client.pull(shared_proxy.name(f"{image}:1"), platform="amd64", output=folder / name)
            found[image, name] = digest_of((folder / name).read_bytes())
            (folder / name).unlink()
    return found


@pytest.fixture
def fetched(proxy, images) -> Callable[[str], float]:
    """The bytes that were fetched, documents aside, as a share of the image."""
    return lambda image: (proxy.passed - DOCUMENTS) / size_of(images[image])


@pytest.fixture
def is_right(workplace, right_digests) -> Callable[[str, Place], None]:
    """Checks that the archive of an image has the right bytes, and that nothing is left beside it."""

    def check(image: str, place: Place) -> None:
        archive = workplace / place.archive
        check_archive(archive)
        assert digest_of(archive.read_bytes()) == right_digests[image, place.archive]
        assert not list(workplace.glob(place.parts))
        assert not list(workplace.glob(place.ledgers))

    return check


@pytest.fixture(params=list(PLACES.values()), ids=list(PLACES))
def place(request) -> Place:
    found: Place = request.param
    return found


@pytest.fixture
def words(proxy) -> Callable[[str, Place], list[str]]:
    """Of the command line that pulls an image of ours in its way."""
    return lambda image, place: [proxy.name(f"{image}:1"), "-arch", "amd64", "-o", place.archive, *place.words]


@pytest.fixture
def pull(dget, words):
    """Runs dget to its end, over the network as it is."""

    def run(image: str, place: Place, *more: str):
        return dget(*words(image, place), *more)

    return run


@pytest.fixture
def start(environment, workplace, proxy, words) -> Iterator[Start]:
    """Starts dget over a slow network, in the workplace; whatever still runs in the end is killed."""
    started: list[Running] = []

    def run(image: str, place: Place) -> Running:
        proxy.script = lambda _: Fault(rate=RATE // CONNECTIONS)
        process = subprocess.Popen(
            [sys.executable, "-m", "dget", *words(image, place), "--connections", str(CONNECTIONS)],
            cwd=workplace,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def interrupt(start, proxy, images):
    """Starts a pull and ends it by a signal when half of the image has passed; what it said on standard error."""

    def run(image: str, place: Place, number: signal.Signals = signal.SIGINT) -> str:
        before = proxy.passed
        process = start(image, place)
        proxy.wait_until_passed(before + size_of(images[image]) // 2)
        said = end(process, number)
        proxy.script = lambda _: NO_FAULT
        return said

    return run


def size_of(image: Image) -> int:
    return sum(map(len, image.blobs.values()))


def end(process: Running, number: signal.Signals) -> str:
    assert process.poll() is None, process.communicate()
    process.send_signal(number)
    _, said = process.communicate(timeout=_WITHIN)
    return said


@contextmanager
def deadline(seconds: float = _WITHIN) -> Iterator[Callable[[], bool]]:
    """Whether there is time left, with a short rest before each look."""
    until = time.monotonic() + seconds

    def left() -> bool:
        time.sleep(0.01)
        return time.monotonic() < until

    yield left


def kill_after_a_record(process: Running, place: Place, folder: Path) -> None:
    """Kills it when it has written down, after this call began, what is there."""
    begun = time.time_ns()
    with deadline() as left:
        while left() and process.poll() is None:
            if any(path.stat().st_mtime_ns > begun for path in folder.glob(place.ledgers)):
                end(process, signal.SIGKILL)
                return
    raise AssertionError(f"no ledger was written: {process.poll()}")


def test_a_killed_pull_fetches_again_what_came_after_the_last_record_alone(
    start, pull, proxy, place, fetched, workplace, is_right
):
    process = start("large", place)
    proxy.wait_until_passed(24 * MB)
    kill_after_a_record(process, place, workplace)
    assert not (workplace / place.archive).exists()
    proxy.script = lambda _: NO_FAULT
    again = pull("large", place)
    assert again.returncode == 0, again.stderr
    assert fetched("large") <= 1.05
    is_right("large", place)


def test_a_record_of_what_is_there_is_never_much_older_than_a_second(interrupt, pull, proxy, place, images, is_right):
    interrupt("large", place, signal.SIGKILL)
    again = pull("large", place)
    assert again.returncode == 0, again.stderr
    assert proxy.passed <= size_of(images["large"]) + LAG * RATE + DOCUMENTS
    is_right("large", place)


def test_a_pull_that_is_killed_again_and_again_comes_to_its_end(
    start, pull, proxy, place, fetched, workplace, is_right
):
    for share in (0.2, 0.4):
        process = start("large", place)
        proxy.wait_until_passed(int(share * 48 * MB))
        kill_after_a_record(process, place, workplace)
    proxy.script = lambda _: NO_FAULT
    again = pull("large", place)
    assert again.returncode == 0, again.stderr
    assert fetched("large") <= 1.1
    is_right("large", place)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_stopped_pull_ends_within_a_second_says_what_it_keeps_and_keeps_it(
    start, pull, proxy, place, images, workplace, is_right, number
):
    process = start("medium", place)
    proxy.wait_until_passed(10 * MB)
    asked = time.monotonic()
    said = end(process, number)
    assert time.monotonic() - asked < 1
    assert process.returncode == 128 + number
    assert "kept" in said
    assert "Traceback" not in said
    assert not (workplace / place.archive).exists()
    proxy.script = lambda _: NO_FAULT
    again = pull("medium", place)
    assert again.returncode == 0, again.stderr
    # What was under way, in the system's buffers, is lost.
    assert proxy.passed <= size_of(images["medium"]) + CONNECTIONS * MB + DOCUMENTS
    is_right("medium", place)


def test_a_pull_that_is_stopped_before_its_first_byte_leaves_nothing(start, proxy, workplace):
    process = start("medium", TAR)
    proxy.script = lambda _: Fault(delay=_WITHIN)
    with deadline() as left:
        while left() and not proxy.asked:
            pass
    end(process, signal.SIGINT)
    assert process.returncode == 130
    assert list(workplace.iterdir()) == []


def test_a_pull_whose_network_failed_goes_on_where_it_was(pull, proxy, place, images, fetched, is_right):
    large = max(images["medium"].blobs, key=lambda digest: len(images["medium"].blobs[digest]))
    half = size_of(images["medium"]) // 2
    proxy.script = lambda asked: (
        Fault(rate=RATE // CONNECTIONS) if proxy.passed < half or large not in asked.path else Fault(reset_after=0)
    )
    failed = pull("medium", place, "--connections", str(CONNECTIONS))
    assert failed.returncode == 5, failed.stderr
    proxy.script = lambda _: NO_FAULT
    again = pull("medium", place)
    assert again.returncode == 0, again.stderr
    assert fetched("medium") <= 1.05
    is_right("medium", place)


# Damage between two runs.


@pytest.fixture(scope="module")
def left_behind(tmp_path_factory) -> dict[Place, Path]:
    """Folders as interrupted pulls left them, made when they are first needed."""
    return {}


@pytest.fixture
def interrupted(left_behind, interrupt, proxy, place, workplace, tmp_path_factory) -> Path:
    """The workplace, as a pull of `medium` left it half way."""
    if place in left_behind:
        shutil.copytree(left_behind[place], workplace, dirs_exist_ok=True)
    else:
        interrupt("medium", place)
        left_behind[place] = tmp_path_factory.mktemp("left") / "work"
        shutil.copytree(workplace, left_behind[place])
    found: Path = workplace
    return found


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def lose(path: Path) -> None:
    """Zeros in the place of all its bytes, as a power cut leaves them."""
    size = path.stat().st_size
    os.truncate(path, 0)
    os.truncate(path, size)


def flip(path: Path) -> None:
    """One bit of every block, of whatever size a record is of."""
    data = bytearray(path.read_bytes())
    for at in range(4096, len(data), 65536):
        data[at] ^= 1
    path.write_bytes(data)


def rewrite(ledger: Path, change: Callable[[list[int]], list[object]]) -> None:
    """Puts another record in the place of each."""
    document = json.loads(ledger.read_bytes())
    document["blobs"] = {
        name: [change(list(record)) for record in records] for name, records in document["blobs"].items()
    }
    ledger.write_bytes(json.dumps(document).encode())


def vouch_for_nothing(place: Place, folder: Path) -> None:
    """The bytes are lost, and the ledger's checksums are those of zeros."""
    lose(place.part(folder))
    rewrite(place.ledger(folder), lambda record: [*record[:2], zlib.crc32(bytes(record[1] - record[0]))])


DAMAGES: dict[str, Callable[[Place, Path], object]] = {
    "ledger cut": lambda place, folder: cut(place.ledger(folder)),
    "ledger empty": lambda place, folder: place.ledger(folder).write_bytes(b""),
    "ledger garbage": lambda place, folder: place.ledger(folder).write_bytes(random.Random(0).randbytes(500)),
    "ledger of other things": lambda place, folder: place.ledger(folder).write_bytes(b'{"identity":1,"blobs":[]}'),
    "ledger gone": lambda place, folder: place.ledger(folder).unlink(),
    "records beyond the end": lambda place, folder: rewrite(
        place.ledger(folder), lambda record: [record[0], record[1] + 10**15, record[2]]
    ),
    "records before the start": lambda place, folder: rewrite(
        place.ledger(folder), lambda record: [-(10**6), record[1], record[2]]
    ),
    "records turned around": lambda place, folder: rewrite(
        place.ledger(folder), lambda record: [record[1], record[0], record[2]]
    ),
    "records no numbers": lambda place, folder: rewrite(place.ledger(folder), lambda record: ["a", None, {}]),
    "records shifted": lambda place, folder: rewrite(
        place.ledger(folder), lambda record: [record[0] + 1, record[1] + 1, record[2]]
    ),
    "bytes cut": lambda place, folder: cut(place.part(folder)),
    "bytes lost": lambda place, folder: lose(place.part(folder)),
    "bytes flipped": lambda place, folder: flip(place.part(folder)),
    "bytes gone": lambda place, folder: place.part(folder).unlink(),
    "bytes lost, ledger in agreement": vouch_for_nothing,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damage_costs_a_download_and_never_gives_a_wrong_file(
    pull, proxy, place, fetched, interrupted, is_right, damage
):
    damage(place, interrupted)
    proxy.forget()
    again = pull("medium", place)
    assert again.returncode == 0, again.stderr
    # At most what was missing, and then the whole.
    assert fetched("medium") <= 1.6
    is_right("medium", place)


@pytest.mark.parametrize("place", [GZIP], ids=["tar.gz"])
def test_what_stands_between_the_bytes_in_a_gzip_file_is_proven_too(pull, place, workplace, interrupted, is_right):
    part = place.part(workplace)
    data = bytearray(part.read_bytes())
    for at in range(GZIP_HEADER, len(data), GZIP_BLOCK):
        data[at : at + BLOCK_HEADER] = bytes(len(data[at : at + BLOCK_HEADER]))
    part.write_bytes(data)
    again = pull("medium", place)
    assert again.returncode == 0, again.stderr
    is_right("medium", place)


@pytest.mark.parametrize("place", [TAR, GZIP], ids=["tar", "tar.gz"])
def test_a_ledger_of_another_image_is_not_believed(interrupt, pull, place, workplace, interrupted, right_digests):
    """The ledger of one, beside the bytes of the other."""
    mine = place.part(workplace).read_bytes()
    for path in workplace.iterdir():
        path.unlink()
    interrupt("other", place)
    place.part(workplace).write_bytes(mine)
    again = pull("medium", place)
    assert again.returncode == 0, again.stderr
    check_archive(workplace / place.archive)
    assert digest_of((workplace / place.archive).read_bytes()) == right_digests["medium", place.archive]


@pytest.mark.parametrize("place", [TAR, GZIP], ids=["tar", "tar.gz"])
def test_the_unfinished_file_of_another_image_is_set_aside_with_a_word(pull, place, workplace, interrupted, is_right):
    there = digest_of(place.part(workplace).read_bytes())
    done = pull("other", place)
    assert done.returncode == 0, done.stderr
    is_right("other", place)
    beside = {path: digest_of(path.read_bytes()) for path in workplace.iterdir() if path.name != place.archive}
    aside = [path for path, digest in beside.items() if digest == there]
    assert len(aside) == 1, beside
    assert aside[0].name in done.stderr


@pytest.mark.parametrize("place", [TAR], ids=["tar"])
def test_the_unfinished_file_of_other_options_is_set_aside_with_a_word(pull, place, workplace, interrupted):
    there = digest_of(place.part(workplace).read_bytes())
    done = pull("medium", place, "--format", "oci-archive")
    assert done.returncode == 0, done.stderr
    aside = workplace / f"{place.archive}.part.old"
    assert digest_of(aside.read_bytes()) == there
    assert "of something else" in done.stderr
    assert aside.name in done.stderr


@pytest.mark.parametrize("place", [TAR], ids=["tar"])
def test_the_same_image_under_another_name_does_not_take_its_bytes(pull, place, workplace, interrupted, is_right):
    """What is under way to one file is nobody else's, and is still there for the next run."""
    other = pull("medium", GZIP)
    assert other.returncode == 0, other.stderr
    is_right("medium", GZIP)
    assert place.part(workplace).exists()


# Two at once.


def test_of_two_at_once_the_second_says_who_holds_the_file(start, pull, proxy, place, is_right):
    first = start("medium", place)
    proxy.wait_until_passed(1 * MB)
    second = pull("medium", place)
    assert second.returncode == 8, second.stderr
    assert place.archive in second.stderr
    assert str(first.pid) in second.stderr
    first.communicate(timeout=_WITHIN)
    assert first.returncode == 0
    is_right("medium", place)


def test_two_at_once_share_a_cache_and_both_end_well(start, pull, proxy, is_right):
    plain = Place("x.tar", CACHE.words, CACHE.parts, CACHE.ledgers)
    first = start("medium", CACHE)
    proxy.wait_until_passed(1 * MB)
    second = pull("medium", plain)
    assert second.returncode == 0, second.stderr
    first.communicate(timeout=_WITHIN)
    assert first.returncode == 0
    is_right("medium", CACHE)
    is_right("medium", plain)
