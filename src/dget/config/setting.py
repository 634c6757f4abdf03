"""One thing that can be set: its names, its kind and its help, written once beside its field."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from dget.config.kinds import Kind

Group: TypeAlias = Literal["connection", "cache", "image"]


class Setting(msgspec.Struct, frozen=True):
    """key: in `config.toml`; `--cache-dir`, `DGET_CACHE_DIR` and `cache_dir` are one setting.

    field: of the class that holds the value; group: the verbs' options that it belongs to; flag: whether the command
    line and the environment know it; in_file: whether `config.toml` does; alias: another flag; help: a sentence.
    otherwise: what is in effect where the value is None, from the environment.
    """

    key: str
    field: str
    kind: Kind
    group: Group
    help: str
    default: Any
    flag: bool = True
    in_file: bool = True
    alias: str | None = None
    otherwise: Callable[[Mapping[str, str]], Any] | None = None

    @property
    def option(self) -> str:
        """On the command line."""
        return f"--{self.key.replace('_', '-')}"

    @property
    def variable(self) -> str:
        """In the environment."""
        return f"DGET_{self.key.upper()}"

    @property
    def variables(self) -> tuple[str, ...]:
        """All names in the environment: its own, and its other flag's."""
        other = (f"DGET_{self.alias.removeprefix('--').upper()}",) if self.alias else ()
        return (self.variable, *other)


def setting(
    kind: Kind,
    help: str,  # noqa: A002 - click's word for it
    *,
    group: Group = "connection",
    key: str | None = None,
    **more: Any,
) -> Mapping[str, Any]:
    """What a field's `Annotated` says that can be set. key: where it is not the field's name; more: as Setting has it."""
    return {"key": key, "kind": kind, "group": group, "help": help, **more}


def settings_in(holder: type[msgspec.Struct]) -> Iterator[Setting]:
    """All settings of a class, in the order in which it lists them. Each has a default."""
    for field, default in zip(holder.__struct_fields__, holder.__struct_defaults__, strict=True):
        for described in getattr(holder.__annotations__[field], "__metadata__", ()):
            yield Setting(**{**described, "key": described["key"] or field}, field=field, default=default)
