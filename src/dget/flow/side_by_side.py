"""Several short works at the same time."""

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from dget.flow.cancel import Cancel

T = TypeVar("T")


def side_by_side(works: Sequence[Callable[[], T]], *, at_once: int, cancel: Cancel) -> list[T]:
    """The results, in the works' order. After a failure none is begun any more; the first one is raised at once.

    Raises Cancelled.
    """
    if min(at_once, len(works)) < 2:
        return [work() for work in works]
    waiting = iter(enumerate(works))
    results: dict[int, T] = {}
    failures: list[BaseException] = []
    changed = threading.Condition()

    def next_one() -> tuple[int, Callable[[], T]] | None:
        with changed:
            return None if failures or cancel.cancelled else next(waiting, None)

    def body() -> None:
        while (one := next_one()) is not None:
            place, work = one
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - raised by the caller below
                with changed:
                    failures.append(error)
                    changed.notify_all()
                return
            with changed:
                results[place] = result
                changed.notify_all()

    def wake() -> None:
        with changed:
            changed.notify_all()

    for _ in range(min(at_once, len(works))):
        threading.Thread(target=body, name="dget-beside", daemon=True).start()
    with cancel.on_cancel(wake), changed:
        changed.wait_for(lambda: failures or cancel.cancelled or len(results) == len(works))
    cancel.check()
    if failures:
        raise failures[0]
    return [results[place] for place in range(len(works))]
