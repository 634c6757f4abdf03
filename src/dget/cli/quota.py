"""`dget quota [HOST|IMAGE]`: how many pulls a registry allows yet."""

from typing import Any

import click

from dget.cli.options import connection_options, output_options, settings_of


@click.command("quota")
@click.argument("target", required=False, metavar="[HOST|IMAGE]")
@connection_options
@output_options
def quota(target: str | None, **options: Any) -> None:
    """Show how many pulls are left. It is asked in a way that does not count as one.

    Without a word, it is the quota of the registry where images without a host are. Some registries tell it for an
    image alone: name one there.
    """
    from dget.cli.report import report

    with report(**options) as reporter:
        reporter.each([target or ""], settings_of(options), lambda client, name: client.quota(name or None))
