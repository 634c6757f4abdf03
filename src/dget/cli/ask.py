"""Asking the person at the terminal."""

import getpass
import sys

from dget.errors import UsageError


def ask_name(registry: str) -> str:
    """Raises UsageError where nobody can be asked, or nothing is answered."""
    _check_terminal()
    sys.stderr.write(f"user name at {registry}: ")
    sys.stderr.flush()
    return _answer(sys.stdin.readline().strip(), "name")


def ask_password(registry: str) -> str:
    """Without showing it. Raises UsageError where nobody can be asked, or nothing is answered."""
    _check_terminal()
    try:
        return _answer(getpass.getpass(f"password or access token at {registry}: ", sys.stderr), "password")
    except EOFError:
        return _answer("", "password")


def _check_terminal() -> None:
    if not sys.stdin or not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask at", hint="give -username and --password-stdin")


def _answer(text: str, what: str) -> str:
    if not text:
        raise UsageError(f"no {what} was given")
    return text
