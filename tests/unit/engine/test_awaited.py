"""How long one process waits for what another brings."""

from dget.engine.awaited import Awaited
from dget.flow import Counter
from dget.model import Descriptor, Digest


def waiting(moved: float) -> Awaited:
    blob = Descriptor(digest=Digest.of(b"layer"), size=1_000)
    return Awaited(blob, None, Counter("layer", 1_000), moved)


def test_one_that_brings_bytes_is_waited_for_as_long_as_that_takes():
    one = waiting(moved=0.0)
    assert all(one.grown(here, now=here * 59.0, patience=60.0) for here in range(1, 20))
    assert one.counter.elsewhere == 19


def test_one_that_hangs_is_not_waited_for_after_a_minute():
    one = waiting(moved=0.0)
    assert one.grown(500, now=10.0, patience=60.0)
    assert one.grown(500, now=69.0, patience=60.0)
    assert not one.grown(500, now=71.0, patience=60.0)
