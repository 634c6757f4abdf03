"""`dget inspect IMAGE`: what an image is and runs."""

from typing import Any

import click

from dget.cli.options import cache_options, connection_options, option, output_options, platform_option, settings_of


@click.command("inspect")
@click.argument("image")
@option("--raw", is_flag=True, help="The registry's manifest or index, byte for byte.")
@platform_option
@connection_options
@cache_options
@output_options
def inspect(image: str, raw: bool, **options: Any) -> None:
    """Show entrypoint, environment, ports, labels and history of an image, without downloading its layers."""
    from dget.cli.report import report

    with report(**options) as reporter:
        settings = settings_of(options)
        if raw:
            reporter.each([image], settings, lambda client, name: client.raw(name))
        else:
            reporter.each([image], settings, lambda client, name: client.inspect(name, platform=options["platform"]))
