"""`dget logout [HOST]`: forgets what `dget login` kept."""

from typing import Any

import click

from dget.cli.options import connection_options, output_options, settings_of


@click.command("logout")
@click.argument("host", required=False)
@connection_options
@output_options
def logout(host: str | None, **options: Any) -> None:
    """Forget the name and the password that dget login kept for HOST, or for docker.io where it is left out.

    What Docker, podman or ~/.netrc know stays; it is named, where it is still used.
    """
    from dget.api import Client
    from dget.cli.report import report

    with report(**options) as reporter:
        settings = settings_of(options)
        with Client(settings, observer=reporter.observe) as client:
            reporter.show(client.logout(host))
