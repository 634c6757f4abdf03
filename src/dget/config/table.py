"""Reading a TOML table into the values of a class's settings."""

from collections.abc import Mapping
from typing import Any

import msgspec

from dget.config.kinds import Kind, Misfit
from dget.config.setting import settings_in

_TOML_NAMES = {
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "a table",
}


def read_table(holder: type[msgspec.Struct], table: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the class's fields that a TOML table sets.

    Raises Misfit, whose path names the key, for a key that the class does not know or a value that it cannot have.
    """
    known = {one.key: one for one in settings_in(holder)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            raise _unknown(key, list(known))
        one = known[key]
        if not one.in_file:
            raise Misfit("does not belong in this file", path=(key,), hint=f"set {one.variable}, or give {one.option}")
        try:
            values[one.field] = read_value(one.kind, value)
        except Misfit as wrong:
            raise Misfit(str(wrong), path=(key, *wrong.path), hint=wrong.hint) from None
    return values


def read_value(kind: Kind, value: Any) -> Any:
    """A setting's value from what TOML holds. Raises Misfit."""
    # In Python, true is a number; in TOML it is none.
    if not isinstance(value, kind.toml) or (isinstance(value, bool) and bool not in kind.toml):
        raise Misfit(f"takes {kind.expects}, not {_TOML_NAMES.get(type(value), 'a date')}")
    parsed = kind.parse(value)
    kind.check(parsed)
    return parsed


def _unknown(key: str, known: list[str]) -> Misfit:
    from difflib import get_close_matches

    close = get_close_matches(key.lower().replace("-", "_"), known, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(known)}"
    return Misfit("is no setting", path=(key,), hint=hint)
