"""`dget ls IMAGE [PATH]`: the files of an image."""

from typing import Any

import click

from dget.cli.options import cache_options, connection_options, option, output_options, platform_option, settings_of


@click.command("ls")
@click.argument("image")
@click.argument("path", default="/")
@option("--long", "-l", is_flag=True, help="Mode, owner, size, time and layer of each file.")
@option("--layers", is_flag=True, help="What each layer changes, whiteouts too.")
@platform_option
@connection_options
@cache_options
@output_options
def ls(image: str, path: str, long: bool, layers: bool, **options: Any) -> None:
    """List all files at and below PATH, as a container of the image sees them.

    The layers are fetched into the cache and verified first.
    """
    from dget.cli.render_files import Listing
    from dget.cli.report import report

    platform = options["platform"]
    with report(**options) as reporter:
        settings = settings_of(options)
        if layers:
            reporter.each(
                [image],
                settings,
                lambda client, name: Listing(client.layer_files(name, path, platform=platform), long=long),
            )
        else:
            reporter.each(
                [image], settings, lambda client, name: Listing(client.files(name, path, platform=platform), long=long)
            )
