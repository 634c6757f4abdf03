"""Where a registry leads to for its blobs."""

import threading

import pytest

from dget.errors import Cancelled
from dget.flow import Cancel
from dget.model import Digest
from dget.protocol.http import Request
from dget.registry.links import Links

BLOB, OTHER = Digest.of(b"blob"), Digest.of(b"other")


def test_a_link_that_failed_is_forgotten_unless_another_was_found_meanwhile():
    links, old, new = Links(), Request(url="https://cdn/old"), Request(url="https://cdn/new")
    links.keep(BLOB, old)
    links.keep(BLOB, new)
    links.forget(BLOB, old)
    assert links.of(BLOB) is new
    links.forget(BLOB, new)
    assert links.of(BLOB) is None


def test_who_wants_the_same_blob_waits_for_whoever_looks_and_finds_what_he_found():
    links, cancel = Links(), Cancel()
    asked: list[str] = []
    looking, all_want_it = threading.Event(), threading.Barrier(9)

    def look() -> None:
        looking.wait(10)
        all_want_it.wait(10)
        with links.turn(BLOB, cancel):
            if links.of(BLOB) is None:
                asked.append("again")

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    with links.turn(BLOB, cancel):
        looking.set()
        all_want_it.wait(10)
        links.keep(BLOB, Request(url="https://cdn/blob"))
    for thread in threads:
        thread.join()
    assert asked == []


def test_another_blob_is_looked_for_at_once_and_who_hangs_is_not_waited_for():
    links, cancel = Links(), Cancel()
    with links.turn(BLOB, cancel):
        with links.turn(OTHER, cancel):
            pass
        with links.turn(BLOB, cancel):
            pass
        cancel.cancel()
        with pytest.raises(Cancelled), links.turn(BLOB, cancel):
            pass
