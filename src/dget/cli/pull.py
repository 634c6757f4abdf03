"""`dget [pull] IMAGE …`: images into archives."""

import sys
from collections.abc import Mapping
from typing import Any, BinaryIO

import click

from dget.cli.options import (
    cache_options,
    connection_options,
    option,
    output_options,
    platforms_option,
    selection_of,
    selection_options,
    settings_of,
    together,
)

pull_options = together(
    option(
        "--output",
        "-o",
        metavar="PATH",
        help="A file (.tar.gz for Docker, .tar for any engine), a folder, or - for standard output.",
    ),
    option(
        "--format",
        metavar="FORMAT",
        help="docker-archive (default), docker-legacy (old tools, appliances), oci-archive, oci-dir (a folder), or "
        "rootfs (the files themselves, as a tar or a folder).",
    ),
    option(
        "--compress",
        metavar="HOW",
        help="gzip, zstd or none (default: as the file is named); gzip:9 or zstd:19 compress anew.",
    ),
    option("--keep-index", is_flag=True, help="Keep the registry's index, so that its digest survives."),
    option("--no-clobber", is_flag=True, help="Keep an existing file."),
    option("--print", "only_print", is_flag=True, help="Show what would be fetched; write nothing."),
    option("--tags", "only_tags", is_flag=True, help="List the repository's tags instead."),
)


@click.command("pull", short_help="Download an image into a file (the default).")
@click.argument("words", nargs=-1, metavar="IMAGE[:TAG|@DIGEST]...")
@platforms_option
@pull_options
@selection_options
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
            return
        form = {name: options[name] for name in ("platform", "format", "compress", "keep_index")}
        form["select"] = selection_of(options)
        if options["only_print"]:
            reporter.each(
                images, settings, lambda client, image: client.plan_platforms(image, output=options["output"], **form)
            )
        else:
            target = _target(options["output"], len(images), options)
            reporter.each(
                images,
                settings,
                lambda client, image: client.pull_platforms(
                    image, output=target, clobber=not options["no_clobber"], **form
                ),
            )


def _target(output: str | None, images: int, options: Mapping[str, Any]) -> "str | BinaryIO | None":
    from pathlib import Path

    if output == "-":
        return _standard_output(images, as_json=options["as_json"])
    if options["format"] == "oci-dir":
        return output
    if images > 1 and output is not None and not output.endswith("/") and not Path(output).is_dir():
        raise click.UsageError(f"{images} images go into files of their own: name a folder, -o {output}/")
    return output


def _standard_output(images: int, *, as_json: bool) -> BinaryIO:
    """Without a buffer: a thread that waits in it for a slow reader would hold up the end of the process.

    Raises UsageError where an archive cannot go there.
    """
    from dget.errors import UsageError

    if sys.stdout.isatty():
        raise UsageError(
            "an archive is no text for a terminal",
            hint="send it on, as in: dget IMAGE -o - | docker load; or name a file with -o",
        )
    if as_json:
        raise UsageError("-o - and --json both want standard output", hint="name a file with -o")
    if images > 1:
        raise UsageError(f"{images} images go into files of their own", hint="name a folder with -o")
    sys.stdout.flush()
    return open(sys.stdout.fileno(), "wb", buffering=0, closefd=False)
