"""`dget check FILE`: whether an archive is whole, and who loads it."""

from typing import Any

import click

from dget.cli.options import output_options, platform_option


@click.command("check")
@click.argument("file", metavar="FILE")
@platform_option
@output_options
def check(file: str, platform: str | None, **options: Any) -> int:
    """Read all of an archive, compare every blob with its digest, and say which engines load it, under which names.

    -arch names the machine that is to load it. The exit status is 0 where the file is whole and somebody loads it,
    else 6.
    """
    from dget.api.archive_check import check as check_file
    from dget.cli.report import report

    with report(**options) as reporter:
        result = check_file(file, platform=platform, observer=reporter.observe)
        reporter.show(result)
    return result.exit_status
