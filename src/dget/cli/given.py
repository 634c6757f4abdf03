"""The name and the password that a person gives to one run: options, standard input, or the environment."""

import sys
from collections.abc import Mapping
from typing import Any

import click
import msgspec
from click.core import ParameterSource

from dget.discreet import Discreet
from dget.errors import UsageError


class Given(Discreet, msgspec.Struct, frozen=True):
    """source: which way the password came, for people."""

    secrets = frozenset(("password",))

    username: str | None
    password: str | None
    source: str


def given_credentials(options: Mapping[str, Any], environment: Mapping[str, str]) -> Given:
    """-password goes before --password-stdin, and that before DGET_PASSWORD. Raises UsageError."""
    username = options.get("username") or environment.get("DGET_USERNAME") or None
    if options.get("password") and _is_written("password"):
        return Given(username, options["password"], "-password on the command line")
    if options.get("password_stdin"):
        return Given(username, _read_line(), "--password-stdin")
    return Given(username, environment.get("DGET_PASSWORD") or None, "DGET_PASSWORD in the environment")


def _is_written(name: str) -> bool:
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


def _read_line() -> str:
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise UsageError(
            "--password-stdin found no password on standard input", hint="for example: dget … --password-stdin < FILE"
        )
    return password
