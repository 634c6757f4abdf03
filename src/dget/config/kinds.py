"""The kinds of values that a setting may have: how each is read, checked and shown."""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

# Not loaded for `dget --help`.
if TYPE_CHECKING:
    from pathlib import Path

_FACTORS = {"K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_SIZE_MAX = 1e18
_TRUE = frozenset(("1", "t", "true", "yes", "on"))
_FALSE = frozenset(("0", "f", "false", "no", "off"))


class Misfit(ValueError):
    """A value that its setting cannot have. The text goes on after the setting's name: `takes 1 to 64, not 65`.

    path: in a table, the keys that lead to what is wrong.
    """

    def __init__(self, text: str, *, path: tuple[str, ...] = (), hint: str | None = None) -> None:
        super().__init__(text)
        self.path = path
        self.hint = hint


def _same(value: Any) -> Any:
    return value


def _anything(_: Any) -> None:
    """No value of the right type is wrong."""


class Kind(msgspec.Struct, frozen=True):
    """A value's way from text (environment, command line) or TOML to its type, and back to what people read.

    metavar: in help; expects: in words, where TOML has another type; toml: the types that it may have there.
    from_text: to what TOML would hold; parse: from that to the setting's type; check: for values of that type.
    All three raise Misfit. show: without secrets, as JSON can hold it; secret: whether a value may hold one. many: the
    flag may be repeated, the environment parts values by spaces, TOML holds a list. example: as TOML writes it.
    """

    metavar: str
    expects: str
    toml: tuple[type, ...]
    from_text: Callable[[str], Any] = _same
    parse: Callable[[Any], Any] = _same
    check: Callable[[Any], None] = _anything
    show: Callable[[Any], Any] = _same
    secret: bool = False
    many: bool = False
    switch: bool = False
    choices: tuple[str, ...] = ()
    example: str = '""'


def text(metavar: str, check: Callable[[Any], None] = _anything, *, example: str = "") -> Kind:
    return Kind(metavar=metavar, expects="a text", toml=(str,), check=check, example=f'"{example}"')


def path(metavar: str, *, example: str = "") -> Kind:
    """A file or folder; `~` is the home folder."""
    return Kind(
        metavar=metavar,
        expects="a text",
        toml=(str,),
        parse=_read_path,
        show=str,
        example=f'"{example}"',
    )


def paths(metavar: str, *, example: str = "") -> Kind:
    """One path, or several: in TOML a list, in the environment parted as in PATH."""
    return Kind(
        metavar=metavar,
        expects="a text or a list of texts",
        toml=(str, list),
        from_text=lambda text: [one for one in text.split(os.pathsep) if one],
        parse=_read_paths,
        check=_check_paths,
        show=_show_paths,
        many=True,
        example=f'"{example}"',
    )


def secret(metavar: str) -> Kind:
    return Kind(metavar=metavar, expects="a text", toml=(str,), show=lambda _: "(hidden)", secret=True)


def switch(*, negated: bool = False) -> Kind:
    """On or off. negated: what is written says what the setting is not, as `no_cache` does for `cache`."""

    def invert(value: bool) -> bool:
        return value != negated

    return Kind(
        metavar="",
        expects="true or false",
        toml=(bool,),
        from_text=_truth,
        parse=invert,
        show=invert,
        switch=True,
        example="true",
    )


def choice(meanings: Mapping[str, Any]) -> Kind:
    """One of several words. meanings: the setting's value for each."""
    words = {value: word for word, value in meanings.items()}

    def parse(word: str) -> Any:
        if word not in meanings:
            raise Misfit(f"takes {' or '.join(meanings)}, not {word!r}")
        return meanings[word]

    return Kind(
        metavar=f"[{'|'.join(meanings)}]",
        expects=" or ".join(f'"{word}"' for word in meanings),
        toml=(str,),
        parse=parse,
        show=words.__getitem__,
        choices=tuple(meanings),
        example=f'"{next(iter(meanings))}"',
    )


def seconds(lowest: int, highest: int) -> Kind:
    def check(value: float) -> None:
        # Not a number lies between no two.
        if not lowest <= value <= highest:
            raise Misfit(f"takes seconds, {lowest} to {highest}, not {value:g}")

    return Kind(
        metavar="SECONDS",
        expects="a number of seconds",
        toml=(int, float),
        from_text=_number,
        parse=float,
        check=check,
        example="60",
    )


def whole(lowest: int, highest: int) -> Kind:
    def check(value: int | None) -> None:
        if value is not None and not lowest <= value <= highest:
            raise Misfit(f"takes {lowest} to {highest}, not {value}")

    return Kind(
        metavar="N", expects="a whole number", toml=(int,), from_text=_whole, check=check, example=str(min(8, highest))
    )


def texts(metavar: str, check_one: Callable[[str], None] = _anything, *, example: str = "") -> Kind:
    """Several texts. check_one: raises Misfit for a wrong one."""

    def check(values: tuple[str, ...]) -> None:
        for value in values:
            check_one(value)

    return Kind(
        metavar=metavar,
        expects="a list of texts",
        toml=(list,),
        from_text=str.split,
        parse=_strings,
        check=check,
        show=list,
        many=True,
        example=f'["{example}"]',
    )


def _strings(values: list[Any]) -> tuple[str, ...]:
    for value in values:
        if not isinstance(value, str):
            raise Misfit(f"takes a list of texts; {value!r} is none")
    return tuple(values)


def _read_path(written: str) -> "Path":
    if not written:
        raise Misfit("takes a path, not an empty text")
    from pathlib import Path

    try:
        return Path(written).expanduser()
    except RuntimeError:
        raise Misfit(f"takes a path; there is no home folder for {written!r}") from None


def _read_paths(written: str | list[Any]) -> "Path | tuple[Path, ...]":
    """One path stays one."""
    if isinstance(written, str):
        return _read_path(written)
    several = tuple(_read_path(one) for one in _strings(written))
    return several[0] if len(several) == 1 else several


def _check_paths(value: "Path | tuple[Path, ...] | None") -> None:
    if value == ():
        raise Misfit("takes a path, not an empty list")


def _show_paths(value: "Path | tuple[Path, ...]") -> Any:
    return [str(one) for one in value] if isinstance(value, tuple) else str(value)


def read_size(written: str | int) -> int:
    """Bytes, from `20G` or `500MB`: decimal units, with or without B. Raises Misfit."""
    word = str(written).strip().upper().removesuffix("B")
    factor = _FACTORS.get(word[-1:], 1)
    try:
        count = float(word[:-1] if factor > 1 else word) * factor
    except ValueError:
        count = -1.0
    if not 0 <= count < _SIZE_MAX:
        raise Misfit(f"takes a size such as 500M or 20G, not {written!r}")
    return int(count)


def _check_size(count: int | None) -> None:
    if count is not None and not 0 <= count < _SIZE_MAX:
        raise Misfit(f"takes bytes, not {count}")


def _truth(word: str) -> bool:
    if word.lower() in _TRUE:
        return True
    if word.lower() in _FALSE:
        return False
    raise Misfit(f"is either true or false, not {word!r}")


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise Misfit(f"takes a number, not {word!r}") from None


def _whole(word: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise Misfit(f"takes a whole number, not {word!r}") from None


SIZE = Kind(
    metavar="SIZE",
    expects='a size such as "20G"',
    toml=(str, int),
    parse=read_size,
    check=_check_size,
    example='"20G"',
)
