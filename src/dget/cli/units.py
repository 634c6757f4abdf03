"""Sizes, rates, times and quotas as people read them, and text that is safe for a terminal."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from unicodedata import category

if TYPE_CHECKING:
    from dget.protocol.quota import Quota

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
# Control characters, lone surrogates, and what formats: such could move the cursor, hide text or turn it round.
_UNSAFE = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


def size(count: float) -> str:
    """Decimal units, as registries and engines show them: `3.62 MB`."""
    value = float(count)
    for unit in _UNITS:
        if value < 999.5 or unit == _UNITS[-1]:
            break
        value /= 1000
    return f"{value:.0f} B" if unit == "B" else f"{value:.3g} {unit}"


def rate(per_second: float) -> str:
    return f"{size(per_second)}/s"


def duration(seconds: float) -> str:
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def clean(text: str) -> str:
    """Without characters that act on a terminal, tabs aside; a registry chose some of this text."""
    if text.isascii() and text.isprintable():
        return text
    return "".join("\ufffd" if category(one) in _UNSAFE and one != "\t" else one for one in text)


def clean_lines(text: str) -> str:
    """As `clean`, of text that has several lines."""
    return "\n".join(map(clean, text.replace("\r\n", "\n").split("\n")))


def left_of(quota: "Quota") -> str:
    """`87 of 100 pulls left in 6 h`."""
    window = f" in {quota.window / 3600:g} h" if quota.window else ""
    return f"{quota.remaining} of {quota.limit} pulls left{window}"


def rows_of(label: str, values: Iterable[str]) -> list[tuple[str, str]]:
    """Rows of which the first alone has the label."""
    return [(label if place == 0 else "", value) for place, value in enumerate(values)]
