"""`dget [pull] IMAGE …`: images into archives."""

from typing import Any

import click

from dget.cli.options import (
    cache_options,
    connection_options,
    option,
    output_options,
    platform_option,
    settings_of,
    together,
)

pull_options = together(
    option("--output", "-o", metavar="PATH", help="A file (.tar.gz for Docker, .tar for any engine) or a folder."),
    option("--no-clobber", is_flag=True, help="Keep an existing file."),
    option("--print", "only_print", is_flag=True, help="Show what would be fetched; write nothing."),
    option("--tags", "only_tags", is_flag=True, help="List the repository's tags instead."),
)


@click.command("pull", short_help="Download an image into a file (the default).")
@click.argument("words", nargs=-1, metavar="IMAGE[:TAG|@DIGEST]...")
@platform_option
@pull_options
@connection_options
@cache_options
@output_options
@click.option("--explicit", is_flag=True, hidden=True)
def pull(words: tuple[str, ...], explicit: bool, **options: Any) -> None:
    """Download container images into files that any engine loads, without Docker.

    The path of each finished file is the only thing on standard output, so that
    docker load -i "$(dget alpine:3.20)" works.
    """
    from dget.cli import arguments
    from dget.cli.report import report

    images = arguments.images(words, explicit=explicit)
    if not images:
        raise click.UsageError("name an image, for example: dget alpine:3.20")
    with report(**options) as reporter:
        settings = settings_of(options)
        if options["only_tags"]:
            reporter.each(images, settings, lambda client, image: client.tags(image))
        elif options["only_print"]:
            reporter.each(
                images,
                settings,
                lambda client, image: client.plan(image, platform=options["platform"], output=options["output"]),
            )
        else:
            target = _target(options["output"], len(images))
            reporter.each(
                images,
                settings,
                lambda client, image: client.pull(
                    image, platform=options["platform"], output=target, clobber=not options["no_clobber"]
                ),
            )


def _target(output: str | None, images: int) -> str | None:
    from pathlib import Path

    if images > 1 and output is not None and not output.endswith("/") and not Path(output).is_dir():
        raise click.UsageError(f"{images} images go into files of their own: name a folder, -o {output}/")
    return output
