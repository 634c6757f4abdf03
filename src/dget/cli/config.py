"""`dget config show|path|init`: what is set up, and where."""

import os
from typing import TYPE_CHECKING, Any

import click

from dget.cli.options import cache_options, connection_options, loaded_of, output_options, platform_option

if TYPE_CHECKING:
    from dget.api import ConfigInEffect, ConfigPath


@click.command("config")
@click.argument("action", type=click.Choice(("show", "path", "init")), metavar="show|path|init")
@platform_option
@connection_options
@cache_options
@output_options
def config(action: str, **options: Any) -> None:
    """Show every setting and where it came from; say where config.toml is; or write one to begin with.

    The command line wins over the environment (DGET_...), that over config.toml, that over the defaults.
    """
    from dget.cli.report import report

    with report(**options) as reporter:
        reporter.show(_show(options) if action == "show" else _path(init=action == "init"))


def _show(options: dict[str, Any]) -> "ConfigInEffect":
    from dget.api import ConfigInEffect

    loaded = loaded_of(options)
    return ConfigInEffect(path=loaded.file.path, exists=loaded.file.exists, settings=tuple(loaded.effective()))


def _path(*, init: bool) -> "ConfigPath":
    from dget.api import ConfigPath
    from dget.config import config_path, write_template

    path = config_path(os.environ)
    if init:
        write_template(path)
    return ConfigPath(path=path, exists=path.exists())
