"""What is remembered of hosts from run to run."""

import pytest

from dget.protocol.rest import Rest
from dget.store.host_rests import HostRests

REST = Rest(failures=2, until=1234.5)


def test_what_is_remembered_is_there_for_the_next_run(tmp_path):
    HostRests(tmp_path).remember("https://a/v2", REST)
    HostRests(tmp_path).remember("https://b/v2", REST)
    assert HostRests(tmp_path).recall("https://a/v2") == REST
    HostRests(tmp_path).remember("https://a/v2", None)
    assert HostRests(tmp_path).recall("https://a/v2") is None
    assert HostRests(tmp_path).recall("https://b/v2") == REST


@pytest.mark.parametrize("garbage", [b"", b"{", b"[]", b"\xff", b'{"https://a/v2": 1}', b"[" * 100_000])
def test_garbage_is_no_memory_and_is_written_over(tmp_path, garbage):
    (tmp_path / "hosts.json").write_bytes(garbage)
    assert HostRests(tmp_path).recall("https://a/v2") is None
    HostRests(tmp_path).remember("https://a/v2", REST)
    assert HostRests(tmp_path).recall("https://a/v2") == REST


def test_a_folder_that_cannot_be_written_costs_the_memory_alone(tmp_path):
    rests = HostRests(tmp_path / "none")
    rests.remember("https://a/v2", REST)
    assert rests.recall("https://a/v2") is None


def test_it_does_not_grow_without_end(tmp_path):
    rests = HostRests(tmp_path)
    for at in range(210):
        rests.remember(f"https://{at}/v2", Rest(failures=1, until=at))
    assert rests.recall("https://0/v2") is None
    assert rests.recall("https://209/v2") is not None
