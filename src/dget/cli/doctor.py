"""`dget doctor [HOST|IMAGE]`: what keeps pulls from working."""

from typing import Any

import click

from dget.cli.options import cache_options, connection_options, output_options, settings_of


@click.command("doctor")
@click.argument("target", required=False, metavar="[HOST|IMAGE]")
@connection_options
@cache_options
@output_options
def doctor(target: str | None, **options: Any) -> None:
    """Check the way to a registry step by step: proxy, DNS, TCP, TLS, API, token service, credentials, mirrors, quota;
    and this machine: clock, cache folder, disk. It ends with what to do.

    Without a word, the registry where images without a host are is examined. With an image, its mirrors' speed is too.
    The exit status is 0, or that of the first problem.
    """
    from dget.api import Client
    from dget.cli.report import report

    with report(**options) as reporter:
        settings = settings_of(options)
        with Client(settings, observer=reporter.observe) as client:
            diagnosis = client.doctor(target)
        reporter.show(diagnosis)
    click.get_current_context().exit(diagnosis.exit_status)
