"""The verbs. What each does loads on first use: a run needs one of them, and `dget --help` is quick."""

from importlib import import_module

import click

# In the order of help, with a line for it.
VERBS = {
    "pull": "Download an image into a file (the default).",
    "inspect": "Show an image's configuration.",
    "tags": "List a repository's tags.",
    "ls": "List the files of an image.",
    "cat": "Print a file of an image.",
    "cp": "Copy a file or folder out of an image.",
    "check": "Say whether a file is whole, and which engines load it.",
    "cache": "Show, check and tidy what is kept.",
    "login": "Keep a name and a password for a registry.",
    "logout": "Forget what login kept.",
    "quota": "Show how many pulls a registry allows yet.",
    "doctor": "Find out what keeps pulls from working.",
    "config": "Show or begin the configuration.",
    "demo": "Try dget without a network.",
}


def command_of(verb: str) -> click.Command:
    """Each verb's file is named after it, and so is the command in it."""
    command: click.Command = getattr(import_module(f"dget.cli.{verb}"), verb)
    return command
