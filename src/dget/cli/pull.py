"""`dget [pull] IMAGE …`: images into archives."""

import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
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
    option(
        "--name",
        metavar="NAME:TAG",
        multiple=True,
        help="What engines are to call the image, in place of its own name (repeatable; of several images one each).",
    ),
    option(
        "--lock",
        metavar="FILE",
        help="Pull the digests that FILE says tags stand for; those that it does not know yet are written into it.",
    ),
    option("--no-clobber", is_flag=True, help="Keep an existing file."),
    option("--print", "only_print", is_flag=True, help="Show what would be fetched; write nothing."),
    option(
        "--file",
        "-f",
        metavar="FILE",
        multiple=True,
        help="Pull the images that FILE names too: one a line, a Compose file, Kubernetes manifests, or - (repeatable).",
    ),
    option("--split-by-image", is_flag=True, help="A file for each image: -o names a folder."),
    option("--fail-fast", is_flag=True, help="Stop at the first image that fails."),
    option("--tags", "only_tags", is_flag=True, help="List the repository's tags instead."),
)


@click.command("pull")
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
    if not images and not options["file"]:
        raise click.UsageError("name an image, for example: dget alpine:3.20")
    fail_fast = options["fail_fast"]
    with report(**options) as reporter:
        images = _with_listed(images, options["file"])
        settings = settings_of(options)
        if options["only_tags"]:
            reporter.each(images, settings, lambda client, image: client.tags(image), fail_fast=fail_fast)
            return
        form = {name: options[name] for name in ("platform", "format", "compress", "keep_index")}
        if options["lock"]:
            _check_lock(options["lock"])
        form |= {"select": selection_of(options), "lock": options["lock"]}
        names = arguments.names_of(images, options["name"])
        if options["only_print"]:
            reporter.each(
                images,
                settings,
                lambda client, image: client.plan_platforms(
                    image, output=options["output"], names=names.get(image, ()), **form
                ),
                fail_fast=fail_fast,
            )
            return
        target, clobber = _target(options), not options["no_clobber"]
        if len(images) > 1 and not _is_folder(options):
            reporter.together(
                settings,
                lambda client: client.pull_many(
                    images, output=target, names=names, clobber=clobber, fail_fast=fail_fast, **form
                ),
            )
            return
        namesakes = cache(lambda client: client.namesakes(images))
        reporter.each(
            images,
            settings,
            lambda client, image: client.pull_platforms(
                image,
                output=target,
                names=names.get(image, ()),
                clobber=clobber,
                full_name=image in namesakes(client),
                **form,
            ),
            fail_fast=fail_fast,
        )


def _with_listed(images: Sequence[str], files: Sequence[str]) -> list[str]:
    """Those that were named, and those that files name; each once."""
    if not files:
        return list(dict.fromkeys(images))
    from dget.config.image_list import read_image_list

    listed = [image for file in files for image in read_image_list(file, os.environ)]
    return list(dict.fromkeys([*images, *listed]))


def _check_lock(path: str) -> None:
    """A mistake in it is one of the whole command, and none of each image. Raises UsageError, StorageError."""
    from pathlib import Path

    from dget.config.lock_file import LockFile

    LockFile(Path(path)).check()


def _is_folder(options: Mapping[str, Any]) -> bool:
    """Whether each image gets an archive of its own there. An OCI folder takes them one after the other."""
    output = options["output"]
    return (
        output is None
        or options["split_by_image"]
        or options["format"] == "oci-dir"
        or output.endswith(("/", os.sep))
        or os.path.isdir(output)  # noqa: PTH112 - a text, as written
    )


def _target(options: Mapping[str, Any]) -> "str | BinaryIO | None":
    """Where the options say that archives go. Raises UsageError."""
    from dget.errors import UsageError

    output: str | None = options["output"]
    if options["split_by_image"] and output is not None:
        if options["format"] == "oci-dir" or output == "-":
            raise UsageError("--split-by-image writes files into a folder", hint="name a folder with -o")
        return output if output.endswith("/") else f"{output}/"
    return _standard_output(as_json=options["as_json"]) if output == "-" else output


def _standard_output(*, as_json: bool) -> BinaryIO:
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
    sys.stdout.flush()
    return open(sys.stdout.fileno(), "wb", buffering=0, closefd=False)
