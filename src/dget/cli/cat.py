"""`dget cat IMAGE PATH`: the bytes of one file of an image."""

from typing import Any

import click

from dget.cli.options import cache_options, connection_options, output_options, platform_option, settings_of


@click.command("cat")
@click.argument("image")
@click.argument("path")
@platform_option
@connection_options
@cache_options
@output_options
def cat(image: str, path: str, **options: Any) -> None:
    """Print the bytes of one file; symlinks are followed within the image.

    Layers are fetched from the top down to the one that has the file, and verified before anything of it is printed.
    """
    from dget.cli.report import report
    from dget.cli.standard_output import StandardOutput

    with report(**options) as reporter:

        def send(client: Any, name: str) -> bytes:
            out = StandardOutput()
            client.read_file(name, path, out, platform=options["platform"])
            out.finish()
            return b""

        reporter.each([image], settings_of(options), send)
