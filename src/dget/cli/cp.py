"""`dget cp IMAGE PATH DEST`: a file or folder out of an image."""

from typing import Any

import click

from dget.cli.options import cache_options, connection_options, output_options, platform_option, settings_of


@click.command("cp")
@click.argument("image")
@click.argument("path")
@click.argument("dest")
@platform_option
@connection_options
@cache_options
@output_options
def cp(image: str, path: str, dest: str, **options: Any) -> None:
    """Copy the file or folder at PATH, with modes and times; as root also with owners, devices and all attributes.

    DEST is the copy's own path, or a folder to put it into: one that is there, or a path that ends in /. A folder is
    never mixed with one that is there.
    """
    from dget.cli.report import report

    with report(**options) as reporter:
        reporter.each(
            [image],
            settings_of(options),
            lambda client, name: client.copy(name, path, dest, platform=options["platform"]),
        )
