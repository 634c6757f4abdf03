"""The options that verbs share, and what they set up."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import click
from msgspec.structs import replace

from dget.config.setting import Group, Setting, settings_in
from dget.config.settings import Settings

if TYPE_CHECKING:
    from dget.cli.given import Given
    from dget.config import Loaded
    from dget.model import Selection

Command: TypeAlias = Callable[..., Any]


def option(name: str, *more: str, **rules: Any) -> Callable[[Command], Command]:
    """A click option that `DGET_<OPTION>` in the environment sets too, by any of its long names."""
    long = [one for one in (name, *more) if one.startswith("--")]
    variables = ["DGET_" + one.removeprefix("--").upper().replace("-", "_") for one in long]
    return click.option(name, *more, envvar=variables, **rules)


def together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """One decorator for several options; help lists them in this order."""

    def decorate(command: Command) -> Command:
        for one in reversed(options):
            command = one(command)
        return command

    return decorate


def settings_options(group: Group) -> Callable[[Command], Command]:
    """The options of a group of settings: dget.config.Settings says which there are."""
    return together(*(_option_of(one) for one in settings_in(Settings) if one.flag and one.group == group))


def setting_option(field: str) -> Callable[[Command], Command]:
    """The option of one setting alone."""
    return _option_of(next(one for one in settings_in(Settings) if one.field == field))


def _option_of(one: Setting) -> Callable[[Command], Command]:
    """Neither default nor environment: what was not given comes from where `dget.config.load` finds it."""
    names = (one.option, *([one.alias] if one.alias else []), one.field)
    rules: dict[str, Any] = {"help": one.help, "default": None}
    if one.kind.switch:
        # A flag that takes =false too, so that the command line can undo what the file says.
        rules |= {"is_flag": False, "flag_value": True, "type": click.BOOL, "metavar": ""}
    else:
        rules |= {"metavar": one.kind.metavar, "multiple": one.kind.many}
    return click.option(*names, **rules)


connection_options = together(
    settings_options("connection"),
    option("--password-stdin", is_flag=True, help="Read the password from standard input."),
)
cache_options = settings_options("cache")
platform_option = settings_options("image")

# As the setting of that name, for verbs that take several.
platforms_option = click.option(
    "--platform",
    "--arch",
    metavar="OS/ARCH[/VARIANT]",
    multiple=True,
    callback=lambda _context, _option, given: ",".join(given) or None,
    help="Default: linux on this machine's architecture. -arch arm64 means linux/arm64. Repeatable, with commas, "
    "with patterns such as linux/*, or all.",
)

selection_options = together(
    option(
        "--foreign-layers",
        type=click.Choice(("fetch", "skip", "refuse")),
        default="fetch",
        help="Layers that registries may not hand out (Windows bases): fetch them from their publisher (default), "
        "leave them out, or refuse the image.",
    ),
    option("--with-attestations", is_flag=True, help="Keep the builder's attestations (OCI formats)."),
    option("--with-referrers", is_flag=True, help="Keep signatures, SBOMs and the like beside it (OCI formats)."),
    option(
        "--referrer-type", metavar="TYPE", multiple=True, help="Referrers of this artifact type alone (repeatable)."
    ),
)

output_options = together(
    option("--json", "as_json", is_flag=True, help="One JSON object on standard output."),
    option("--quiet", "-q", is_flag=True, help="No progress, no summary."),
    option("--debug", "-v", is_flag=True, help="Show requests, answers and tracebacks; secrets are hidden."),
)


def selection_of(options: dict[str, Any]) -> "Selection":
    """What of an image the options select. `--referrer-type` alone asks for referrers too."""
    from dget.model import ForeignLayers, Selection

    return Selection(
        foreign_layers=ForeignLayers.parse(options["foreign_layers"]),
        attestations=options["with_attestations"],
        referrers=options["with_referrers"] or bool(options["referrer_type"]),
        referrer_types=tuple(options["referrer_type"]),
    )


def settings_of(options: dict[str, Any]) -> Settings:
    """The Settings that a verb's options, the environment and `config.toml` mean. Raises UsageError."""
    return loaded_of(options).settings


def loaded_of(options: dict[str, Any]) -> "Loaded":
    """The same, with where each came from."""
    from dget.cli.given import given_credentials

    given = given_credentials(options, os.environ)
    # What the environment says, it says to the settings itself.
    password = given.password if options.get("password_stdin") else options.get("password")
    return _load({**options, "password": password}, given.source)


def settings_with(given: "Given", options: dict[str, Any]) -> Settings:
    """The same, with a name and a password that are known already. Raises UsageError."""
    return _load({**options, "username": given.username, "password": given.password}, given.source).settings


def _load(options: dict[str, Any], credentials_from: str) -> "Loaded":
    from dget.config import load

    loaded = load(options, os.environ)
    return replace(loaded, settings=replace(loaded.settings, credentials_from=credentials_from))
