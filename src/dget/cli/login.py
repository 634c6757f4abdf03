"""`dget login [HOST]`: a name and a password that later runs use."""

from typing import Any

import click

from dget.cli.options import connection_options, output_options, settings_with


@click.command("login")
@click.argument("host", required=False)
@connection_options
@output_options
def login(host: str | None, **options: Any) -> None:
    """Ask for a name and a password, check them at the registry, and keep them for later runs.

    HOST is docker.io where it is left out. What is missing of -username and the password is asked for at the terminal,
    without showing the password. It is kept in a credential helper or the system's keyring where there is one, else
    in a file that you alone can read.
    """
    import os

    from dget.api import Client
    from dget.cli.ask import ask_name, ask_password
    from dget.cli.given import Given, given_credentials
    from dget.cli.report import report

    with report(**options) as reporter:
        given = given_credentials(options, os.environ)
        username = given.username or ask_name()
        password = given.password or ask_password()
        settings = settings_with(Given(username, password, "the terminal"), options)
        with Client(settings, observer=reporter.observe) as client:
            reporter.show(client.login(host, username=username, password=password))
