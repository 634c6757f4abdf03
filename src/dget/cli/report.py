"""From a verb's calls to what the person sees: progress, results and failures."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dget.cli.display import Display, open_display
from dget.cli.reported import Reported
from dget.cli.standard_output import write_out
from dget.errors import DgetError, Partial
from dget.flow import Event

if TYPE_CHECKING:
    from dget.api import Client, ManyResult
    from dget.config import Settings


class Reporter:
    def __init__(self, display: Display, *, as_json: bool, quiet: bool) -> None:
        self._display = display
        self._as_json = as_json
        self._quiet = quiet
        self._results: list[Any] = []

    def each(
        self,
        names: Sequence[str],
        settings: "Settings",
        call: "Callable[[Client, str], Any]",
        *,
        fail_fast: bool = False,
    ) -> None:
        """Calls for each name, one after the other, and shows each result; one that fails does not stop the others.

        Raises the error of a single name, or with `fail_fast` the first one; Partial where some of several failed.
        """
        from dget.api import Client

        failures: list[tuple[str, DgetError]] = []
        with Client(settings, observer=self._display.observe) as client:
            for name in names:
                try:
                    result = call(client, name)
                except DgetError as error:
                    if fail_fast or len(names) == 1:
                        raise
                    failures.append((name, error))
                    self._display.failed(error)
                    continue
                finally:
                    self._display.end()
                # An image of several platforms may give a result for each.
                for one in result if isinstance(result, tuple) else (result,):
                    self._results.append(one)
                    if not self._as_json:
                        self._show_text(one)
        if failures:
            raise Partial(failures, len(names))
        if self._as_json:
            self._show_json(self._results, single=len(names) == len(self._results) == 1)

    def together(self, settings: "Settings", call: "Callable[[Client], ManyResult]") -> None:
        """Calls once for several images, and shows what was left out of the result. Raises Partial, and what `call` does."""
        from dget.api import Client

        with Client(settings, observer=self._display.observe) as client:
            try:
                result = call(client)
            except Partial as error:
                for _, one in error.failures:
                    self._display.failed(one)
                raise
            finally:
                self._display.end()
        for _, one in result.failures:
            self._display.failed(one)
        if not result.failures:
            self.show(result)
            return
        self._results.append(result)
        if not self._as_json:
            self._show_text(result)
        raise Partial(result.failures, len(result.images) + len(result.failures))

    def observe(self, event: Event) -> None:
        self._display.observe(event)

    def note(self, text: str) -> None:
        """A line beside the result, unless the person wants silence."""
        if not self._quiet:
            self._display.note(text)

    def show(self, result: Any) -> None:
        """The one result of a verb."""
        self._display.end()
        if self._as_json:
            self._show_json([result], single=True)
        else:
            self._show_text(result)

    def fail(self, error: DgetError) -> None:
        """Raises the error, or Reported when standard output has it and what went well before it."""
        from dget.cli import render

        if not self._as_json:
            raise error
        sys.stdout.write(render.error_json(error, self._results))
        sys.stdout.flush()
        raise Reported(error) from error

    def _show_text(self, result: Any) -> None:
        from dget.cli import render

        self.note(render.summary(result))
        write_out(render.text(result))

    def _show_json(self, results: Sequence[Any], *, single: bool) -> None:
        from dget.cli import render

        write_out(render.json_text(results, single=single).encode())


@contextmanager
def report(*, as_json: bool, quiet: bool, debug: bool, **_: Any) -> Iterator[Reporter]:
    """A Reporter for the options that every verb has."""
    display = open_display(quiet=quiet, debug=debug)
    reporter = Reporter(display, as_json=as_json, quiet=quiet)
    try:
        yield reporter
    except DgetError as error:
        display.end()
        reporter.fail(error)
    finally:
        display.end()
