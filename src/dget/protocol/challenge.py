"""What a 401 asks for: the challenges in `WWW-Authenticate`."""

import re
from collections.abc import Mapping, Sequence

import msgspec

# RFC 9110 section 11.6.1: challenges and their parameters share one comma-separated list.
_ITEM = r"""(?x)\s*,?\s*(?:
        (?P<name>[A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s,"]+))
        |(?P<scheme>[A-Za-z0-9!#$%&'*+.^_`|~-]+)(?=\s|,|$)
    )"""
_LENGTH_MAX = 8192


class Challenge(msgspec.Struct, frozen=True):
    """scheme: lower case; parameters: names in lower case."""

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(values: Sequence[str]) -> list[Challenge]:
    """All challenges of the header's values, in order. Raises nothing: what cannot be read ends the list."""
    found: list[Challenge] = []
    for value in values:
        found.extend(_parse_value(value[:_LENGTH_MAX]))
    return found


def _parse_value(value: str) -> list[Challenge]:
    found: list[tuple[str, dict[str, str]]] = []
    position = 0
    while item := re.compile(_ITEM).match(value, position):
        position = item.end()
        if item["scheme"]:
            found.append((item["scheme"].lower(), {}))
        elif found:
            content = item["plain"] if item["quoted"] is None else re.sub(r"\\(.)", r"\1", item["quoted"])
            found[-1][1][item["name"].lower()] = content
    return [Challenge(scheme, parameters) for scheme, parameters in found]
