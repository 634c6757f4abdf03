"""`dget demo`: the main job against a registry of its own, without any network."""

from typing import Any

import click

from dget.cli.options import option, output_options


@click.command("demo")
@option("--output", "-o", metavar="PATH", help="Where the archive goes (default: the working folder).")
@output_options
def demo(output: str | None, **options: Any) -> None:
    """Pull a tiny sample image from an embedded registry, check the archive, and load it where an engine works."""
    from dget.cli.demo_run import run_demo
    from dget.cli.report import report

    with report(**options) as reporter:
        reporter.show(run_demo(reporter, output))
