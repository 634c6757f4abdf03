"""What the documentation says of the command line."""

from pathlib import Path

from dget.cli.reference import reference
from dget.cli.settings_table import with_table
from dget.errors import DgetError

DOCS = Path(__file__).resolve().parents[3] / "docs"


def every_error(kind: type[DgetError] = DgetError) -> list[type[DgetError]]:
    return [kind, *(one for child in kind.__subclasses__() for one in every_error(child))]


def test_the_reference_is_what_the_commands_say():
    assert (DOCS / "cli.md").read_text() == reference(), "run scripts/make-cli-reference"


def test_the_table_of_settings_is_what_the_settings_say():
    text = (DOCS / "configuration.md").read_text()
    assert text == with_table(text), "run scripts/make-cli-reference"


def test_every_exit_status_is_in_the_reference():
    text = reference()
    for kind in every_error():
        if kind.code != "cancelled":
            assert f"| {kind.exit_status} | `{kind.code}` |" in text
