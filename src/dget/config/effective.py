"""The settings in effect: defaults, then `config.toml`, then the environment, then the command line."""

from collections.abc import Mapping
from typing import Any

import msgspec

from dget.config.file import ConfigFile, read_config
from dget.config.kinds import Misfit
from dget.config.setting import Setting, settings_in
from dget.config.settings import Settings
from dget.config.table import read_value
from dget.errors import UsageError


class Effective(msgspec.Struct, frozen=True, kw_only=True):
    """One setting as it is in effect. value: without secrets, as JSON can hold it; source: where it came from."""

    key: str
    value: Any
    source: str


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """sources: where the fields came from that are not left at their defaults."""

    settings: Settings
    file: ConfigFile
    sources: Mapping[str, str]

    def effective(self) -> list[Effective]:
        """Every setting, in the order of the documentation."""
        return [self._effective(one) for one in settings_in(Settings)]

    def _effective(self, one: Setting) -> Effective:
        value = getattr(self.settings, one.field)
        if value is not None:
            value = one.kind.show(value)
        elif one.otherwise:
            value = one.otherwise(self.settings.environment)
        return Effective(key=one.key, value=value, source=self.sources.get(one.field, "default"))


def load(flags: Mapping[str, Any], environment: Mapping[str, str]) -> Loaded:
    """The settings in effect.

    flags: what the command line gave, by field of Settings; None or an empty tuple is nothing. Texts are read as the
    setting's kind reads them. Raises UsageError, which says where the wrong value stands.
    """
    file = read_config(environment)
    values = dict(file.values)
    sources = {
        one.field: f"{file.path} line {file.line(one.key)}" for one in settings_in(Settings) if one.field in file.values
    }
    for one in settings_in(Settings):
        if not one.flag:
            continue
        given = flags.get(one.field)
        if given is not None and given != ():
            values[one.field], sources[one.field] = _read(one, one.option, given), one.option
        elif variable := next((name for name in one.variables if environment.get(name)), None):
            values[one.field], sources[one.field] = _read(one, variable, environment[variable]), variable
    return Loaded(settings=Settings(**values, environment=environment), file=file, sources=sources)


def _read(one: Setting, name: str, given: Any) -> Any:
    """name: as the person wrote it; given: a text, or what click made of a flag."""
    try:
        if isinstance(given, str):
            given = one.kind.from_text(given)
        return read_value(one.kind, list(given) if isinstance(given, tuple) else given)
    except Misfit as wrong:
        raise UsageError(f"{name} {wrong}", hint=wrong.hint) from None
