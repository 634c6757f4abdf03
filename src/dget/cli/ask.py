"""Asking the person at the terminal."""

import getpass
import sys

from dget.errors import UsageError


def ask_name() -> str:
    """Raises UsageError where nobody can be asked, or nothing is answered."""
    _check_terminal()
    sys.stderr.write("user name: ")
    sys.stderr.flush()
    return _answer(sys.stdin.readline().strip(), "name")


def ask_password() -> str:
    """Without showing it. Raises UsageError where nobody can be asked, or nothing is answered."""
    _check_terminal()
    try:
        return _answer(getpass.getpass("password or access token: ", sys.stderr), "password")
    except EOFError:
        return _answer("", "password")


def _check_terminal() -> None:
    if not sys.stdin or not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask at", hint="give -username and --password-stdin")


def _answer(text: str, what: str) -> str:
    if not text:
        raise UsageError(f"no {what} was given")
    return text
