"""What a scenario found."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Row:
    """counts: what was done and seen, by name; broken: each promise that was not kept, in words."""

    counts: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    @contextmanager
    def moment(self, what: str) -> Iterator[None]:
        """One of many: an assertion that fails within it is noted, with what was done, and the next one begins."""
        try:
            yield
        except AssertionError as error:
            self.broken.append(f"{what}: {error}")
