"""A failure that was told already."""

from dget.errors import DgetError


class Reported(Exception):
    """A failure that standard output has got, as JSON."""

    def __init__(self, error: DgetError) -> None:
        super().__init__(error.message)
        self.error = error
