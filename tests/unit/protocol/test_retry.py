"""Whether a failure is tried again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dget.errors import (
    DamagedFile,
    DgetError,
    IntegrityError,
    NetworkError,
    NotFound,
    RateLimited,
    RegistryError,
    StorageError,
    Unauthorized,
)
from dget.protocol.retry import ATTEMPTS_WITHOUT_PROGRESS, GiveUp, Retry, backoff, decide


def asked_to_wait(error: DgetError, seconds: float) -> DgetError:
    error.retry_after = seconds
    return error


@pytest.mark.parametrize(
    "error",
    [
        NetworkError("reset", temporary=True),
        IntegrityError("other bytes"),
        RateLimited("slow down"),
        *(RegistryError("busy", status=status) for status in (408, 425, 500, 502, 503, 504)),
    ],
)
def test_what_may_pass_is_tried_again_a_bounded_number_of_times(error):
    assert isinstance(decide(error, attempt=1, jitter=0.5), Retry)
    assert isinstance(decide(error, attempt=ATTEMPTS_WITHOUT_PROGRESS, jitter=0.5), GiveUp)


@pytest.mark.parametrize("error", [NotFound("x"), NetworkError("untrusted"), RegistryError("bad", status=400)])
def test_what_will_not_change_is_given_up_at_once(error):
    assert decide(error, attempt=1, jitter=0.5) == GiveUp(error)


def test_the_server_decides_how_long_to_wait():
    assert decide(asked_to_wait(RateLimited("slow down"), 7.0), attempt=1, jitter=0.5) == Retry(7.0)


def test_a_long_wait_is_for_the_person_to_decide():
    error = asked_to_wait(RateLimited("slow down"), 7200.0)
    assert decide(error, attempt=1, jitter=0.5) == GiveUp(error)


@given(st.integers(1, 40), st.floats(0, 1))
def test_waits_grow_and_stay_bounded(attempt, jitter):
    assert 0.1 < backoff(attempt, jitter) <= 30 * 1.25
    assert backoff(attempt, jitter) <= backoff(attempt + 1, jitter)


class Unreachable(NetworkError):
    unreachable = True


@st.composite
def errors(draw):
    error = draw(
        st.sampled_from(
            [
                NotFound("x"),
                Unauthorized("x"),
                StorageError("full"),
                IntegrityError("other bytes"),
                DamagedFile("other bytes"),
                NetworkError("untrusted"),
                NetworkError("reset", temporary=True),
                Unreachable("nobody there", temporary=True),
            ]
        )
        | st.integers(400, 599).map(lambda status: RegistryError("x", status=status))
        | st.just(RateLimited("slow down"))
    )
    return asked_to_wait(error, draw(st.none() | st.floats(0, 100_000)))


@given(errors(), st.floats(0, 1), st.booleans())
def test_whatever_fails_is_tried_a_bounded_number_of_times_never_too_early_and_within_minutes(error, jitter, known):
    decisions = [decide(error, attempt=attempt, jitter=jitter, known=known) for attempt in range(1, 20)]
    waits = [decision.after for decision in decisions if isinstance(decision, Retry)]
    # Who gives up stays with it.
    assert all(isinstance(decision, Retry) for decision in decisions[: len(waits)])
    assert all(decision == GiveUp(error) for decision in decisions[len(waits) :])
    assert len(waits) < 8
    assert error.temporary or not waits
    assert all((error.retry_after or 0) <= wait <= 60 for wait in waits)


def test_a_host_that_was_never_reached_is_soon_given_up_and_one_that_was_gets_half_a_minute():
    error = Unreachable("nobody there", temporary=True)
    assert decide(error, attempt=2, jitter=0.5) == GiveUp(error)
    waits = [decide(error, attempt=attempt, jitter=0.5, known=True) for attempt in range(1, 8)]
    assert sum(wait.after for wait in waits if isinstance(wait, Retry)) > 30
    assert decide(error, attempt=8, jitter=0.5, known=True) == GiveUp(error)
