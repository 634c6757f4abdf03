"""`dget tags REPOSITORY`: which tags there are."""

from typing import Any

import click

from dget.cli.options import connection_options, output_options, settings_of


@click.command("tags")
@click.argument("repository")
@connection_options
@output_options
def tags(repository: str, **options: Any) -> None:
    """List all tags of a repository, one a line, in natural order."""
    from dget.cli.report import report

    with report(**options) as reporter:
        reporter.each([repository], settings_of(options), lambda client, name: client.tags(name))
