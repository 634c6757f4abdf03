"""Races of small requests."""

import threading
import time
from collections.abc import Callable

import pytest

from dget.errors import Cancelled, DgetError, NetworkError, NotFound
from dget.flow import Cancel
from dget.registry.race import Contender, Race

Ask = Callable[[Cancel], str]


class Host:
    """Stands where a RemoteHost would."""

    def __init__(self, name: str, ask: Ask, *, origin: bool = False) -> None:
        self.name = name
        self.ask = ask
        self.origin = origin
        self.well_told = 0
        self.failures: list[DgetError] = []
        self.told = threading.Event()

    def well(self) -> None:
        self.well_told += 1
        self.told.set()

    def failed(self, error: DgetError) -> None:
        self.failures.append(error)
        self.told.set()


def says(text: str) -> Ask:
    return lambda cancel: text


def raises(error: DgetError) -> Ask:
    def ask(cancel: Cancel) -> str:
        raise error

    return ask


def hangs(cancel: Cancel) -> str:
    cancel.sleep(30)
    return "too late"


def race(*contenders: Contender[str], final: bool = False, cancel: Cancel | None = None) -> str:
    return (
        Race(
            contenders,
            lambda host, own: host.ask(own),  # type: ignore[attr-defined]
            final=lambda host, error: final and host.origin,
            cancel=cancel or Cancel(),
        )
        .run()
        .given
    )


def contender(host: Host, after: float = 0.0) -> Contender[str]:
    return Contender(host, after)  # type: ignore[arg-type]


def test_the_first_good_answer_counts_and_its_host_is_well():
    bad, good = Host("bad", raises(NetworkError("down"))), Host("good", says("yes"))
    assert race(contender(bad), contender(good)) == "yes"
    assert good.well_told == 1


def test_a_head_start_ends_when_those_before_have_failed():
    begun = time.monotonic()
    assert race(contender(Host("a", raises(NetworkError("down")))), contender(Host("b", says("yes")), 20.0)) == "yes"
    assert time.monotonic() - begun < 10


def test_who_answers_within_its_head_start_is_alone():
    second = Host("b", says("second"))
    assert race(contender(Host("a", says("first"))), contender(second, 20.0)) == "first"
    assert second.well_told == 0


def test_a_silent_host_loses_its_head_start_and_is_told_to_have_failed():
    silent = Host("a", hangs)
    assert race(contender(silent), contender(Host("b", says("yes")), 1.0)) == "yes"
    assert silent.told.wait(5)
    assert "did not answer" in silent.failures[0].message


def test_a_loser_that_answers_in_time_is_well_too():
    held = threading.Event()

    def later(cancel: Cancel) -> str:
        held.wait(5)
        return "late"

    loser = Host("a", later)
    assert race(contender(loser), contender(Host("b", says("yes")))) == "yes"
    held.set()
    assert loser.told.wait(5)
    assert loser.failures == []


def test_where_all_fail_the_origins_error_is_told():
    mirror, origin = Host("a", raises(NetworkError("mirror"))), Host("o", raises(NetworkError("origin")), origin=True)
    with pytest.raises(NetworkError, match="origin"):
        race(contender(mirror), contender(origin))


def test_an_error_that_is_final_ends_the_race():
    other = Host("b", says("yes"))
    with pytest.raises(NotFound):
        race(contender(Host("o", raises(NotFound("none")), origin=True)), contender(other, 20.0), final=True)
    assert other.well_told == 0


def test_cancelling_ends_a_race_at_once():
    cancel = Cancel()
    threading.Timer(0.1, cancel.cancel).start()
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        race(contender(Host("a", hangs)), contender(Host("b", hangs)), cancel=cancel)
    assert time.monotonic() - begun < 5
