"""A network that breaks off, goes silent, refuses and lies, between dget and a real registry."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from dget.archive import check_archive
from tests.parts.distribution import Distribution
from tests.parts.fault_proxy import NO_FAULT, Asked, Fault, FaultProxy, Script
from tests.parts.images import OCI, Image, digest_of, layer, single

MB = 1_000_000
# Manifest, config and tokens: what is fetched beside the layers.
DOCUMENTS = 64_000


@pytest.fixture(scope="module")
def image() -> Image:
    """A layer of 24 MB that does not compress, and a small one."""
    noise = random.Random(24).randbytes(24 * MB)
    return single(OCI, "amd64", [layer({"noise": noise}), layer({"etc/text": b"small"})])


@pytest.fixture(scope="module")
def size(image: Image) -> int:
    return sum(map(len, image.blobs.values()))


@pytest.fixture(scope="module")
def large(image: Image) -> str:
    """The large layer's digest."""
    return max(image.blobs, key=lambda digest: len(image.blobs[digest]))


@pytest.fixture(scope="module")
def shared_proxy(tmp_path_factory, image) -> Iterator[FaultProxy]:
    with Distribution(tmp_path_factory.mktemp("registry")) as registry, FaultProxy(registry.address) as proxy:
        registry.push("app", "1", image)
        yield proxy


@pytest.fixture
def proxy(shared_proxy) -> Iterator[FaultProxy]:
    """Before a registry with the image as `app:1`; it does no harm yet."""
    shared_proxy.forget()
    yield shared_proxy
    shared_proxy.script = lambda _: NO_FAULT


@pytest.fixture(scope="module")
def right_bytes(shared_proxy, image, tmp_path_factory) -> Callable[[str], str]:
    """The digest of the archive that a quiet network gives."""
    from dget import Client, Settings

    folder = tmp_path_factory.mktemp("right")

    def digest(name: str) -> str:
        with Client(Settings(cache=False, environment={})) as client:
            client.pull(shared_proxy.name("app:1"), platform="amd64", output=folder / name)
        return digest_of((folder / name).read_bytes())

    return digest


@pytest.fixture(params=["x.tar", "x.tar.gz"])
def archive(request, workplace):
    return workplace / request.param


@pytest.fixture
def pull(dget, proxy, archive):
    """`dget IMAGE -o ARCHIVE` with more words."""

    def run(*words: str):
        return dget(proxy.name("app:1"), "-arch", "amd64", "-o", archive.name, *words)

    return run


def times(count: int) -> Callable[[], bool]:
    """True for the first `count` calls."""
    lock, left = threading.Lock(), [count]

    def once() -> bool:
        with lock:
            left[0] -= 1
            return left[0] >= 0

    return once


def on_blob(digest: str, fault: Fault, *, when: Callable[[], bool] = lambda: True) -> Script:
    """The fault for requests for bytes of that blob."""
    return lambda asked: fault if asked.is_blob and digest in asked.path and when() else NO_FAULT


def ends_well(done, archive, proxy) -> None:
    assert done.returncode == 0, done.stderr
    assert check_archive(archive) == [proxy.name("app:1")]


def test_a_quiet_network_carries_each_byte_once(pull, proxy, archive, size):
    ends_well(pull(), archive, proxy)
    assert proxy.passed <= size + DOCUMENTS


@pytest.mark.parametrize("every", [3 * MB, 300_000])
@pytest.mark.parametrize("words", [[], ["--no-cache"]], ids=["cache", "no-cache"])
def test_a_connection_that_is_reset_again_and_again_costs_no_byte_twice(pull, proxy, archive, size, words, every):
    proxy.script = lambda _: Fault(reset_after=every)
    ends_well(pull(*words), archive, proxy)
    assert len({asked.connection for asked in proxy.asked}) >= size // every
    assert proxy.passed <= 1.05 * size + DOCUMENTS


@pytest.mark.parametrize("words", [[], ["--connections", "1"]], ids=["many", "one"])
def test_a_connection_that_goes_silent_is_given_up_and_the_rest_is_fetched_over_another(
    pull, proxy, archive, size, large, words
):
    once = times(1)
    proxy.script = on_blob(large, Fault(stall_after=2 * MB), when=once)
    ends_well(pull("--timeout", "2", *words), archive, proxy)
    silent = next(asked for asked in proxy.blobs_asked if large in asked.path)
    assert any(asked.connection != silent.connection for asked in proxy.blobs_asked)
    assert proxy.passed <= 1.05 * size + DOCUMENTS


def test_a_registry_that_is_silent_from_the_start_ends_in_5_within_bounds(pull, proxy, archive, large):
    proxy.script = on_blob(large, Fault(stall_after=0))
    done = pull("--timeout", "1")
    assert done.returncode == 5, done.stderr
    assert "silent" in done.stderr
    assert not archive.exists()


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_in_seconds_is_kept(pull, proxy, archive, size, large, status):
    refused: list[Asked] = []

    def busy_for_2_seconds(asked: Asked) -> Fault:
        if not asked.is_blob or large not in asked.path or (refused and asked.at > refused[0].at + 1.9):
            return NO_FAULT
        refused.append(asked)
        return Fault(status=status, retry_after="2")

    proxy.script = busy_for_2_seconds
    ends_well(pull("--connections", "4"), archive, proxy)
    later = [asked.at for asked in proxy.blobs_asked if large in asked.path and asked not in refused]
    assert min(later) - refused[0].at >= 1.95
    # Each worker hears of it once at the most.
    assert len(refused) <= 4
    assert proxy.passed <= size + DOCUMENTS


def test_a_quota_that_is_used_up_half_way_is_told_with_the_wait(pull, proxy, archive, large):
    few = times(2)
    proxy.script = lambda asked: (
        Fault(status=429, retry_after="7200") if asked.is_blob and large in asked.path and not few() else NO_FAULT
    )
    done = pull("--connections", "2")
    assert done.returncode == 7, done.stderr
    assert "2 h" in done.stderr
    assert not archive.exists()


@pytest.mark.parametrize("words", [[], ["--no-cache"]], ids=["cache", "no-cache"])
def test_a_server_that_ignores_ranges_gives_whole_blobs(pull, proxy, archive, size, words):
    proxy.script = lambda _: Fault(ignore_range=True)
    ends_well(pull(*words), archive, proxy)
    # The answers that came to the first requests for parts are cut off as soon as they are seen.
    assert proxy.passed <= 2 * size + DOCUMENTS


def test_a_server_that_ignores_ranges_and_breaks_off_is_told_as_such(pull, proxy, archive, large):
    proxy.script = on_blob(large, Fault(ignore_range=True, reset_after=10 * MB))
    done = pull()
    assert done.returncode == 5, done.stderr
    assert not archive.exists()


def test_a_server_that_answers_another_range_gives_whole_blobs(pull, proxy, archive, size, large):
    proxy.script = on_blob(large, Fault(shift=1000))
    ends_well(pull(), archive, proxy)
    # The answers to the first requests for parts are cut off as soon as they are seen.
    assert proxy.passed <= 2 * size + DOCUMENTS


def test_another_range_that_claims_to_be_the_right_one_never_becomes_a_file(pull, proxy, archive, large):
    proxy.script = on_blob(large, Fault(shift=1000, hide_shift=True))
    done = pull()
    assert done.returncode in (5, 6), done.stderr
    assert not archive.exists()


def test_a_range_that_was_wrong_once_is_fetched_again(pull, proxy, archive, large):
    proxy.script = on_blob(large, Fault(shift=1000, hide_shift=True), when=times(1))
    ends_well(pull(), archive, proxy)


def test_a_slow_and_hesitant_network_ends_well(pull, proxy, archive, size):
    proxy.script = lambda _: Fault(delay=0.2, rate=4 * MB)
    ends_well(pull(), archive, proxy)
    # What is on its way when another connection takes over the end of a chunk comes twice.
    assert proxy.passed <= 1.1 * size + DOCUMENTS


def test_resets_silence_and_refusals_together_still_give_the_right_bytes(pull, proxy, archive, right_bytes):
    expected = right_bytes(archive.name)
    dice = random.Random(archive.name)
    harm = [
        *[NO_FAULT] * 4,
        Fault(reset_after=1 * MB),
        Fault(stall_after=1 * MB),
        Fault(status=503),
        Fault(status=429, retry_after="1"),
        Fault(delay=0.3),
    ]
    harmed: Counter[tuple[str, str]] = Counter()

    def harm_twice_at_most(asked: Asked) -> Fault:
        # Who gets no further asks from the same place on; five refusals in a row would rightly be the end.
        place = (asked.path, asked.range.partition("-")[0])
        harmed[place] += 1
        return dice.choice(harm) if harmed[place] <= 2 else NO_FAULT

    proxy.script = harm_twice_at_most
    ends_well(pull("--timeout", "1"), archive, proxy)
    assert digest_of(archive.read_bytes()) == expected
