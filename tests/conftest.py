"""What all tests share. In CI a skipped integration test is a failure: there, every part that it needs can be installed."""

import os
import signal

import pytest
from hypothesis import settings

# No test asserts a duration: a busy machine is no defect.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")

TIER = "tests/integration/"


class NoSkips:
    """Notes every skip under tests/integration, names it at the end, and fails the session."""

    def __init__(self) -> None:
        self.skipped: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # An expected failure is reported as skipped too; it did run.
        if not hasattr(report, "wasxfail"):
            self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.skipped and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for test, reason in self.skipped.items():
            terminalreporter.write_line(f"CI: skipped, which counts as failed: {test}: {reason}", red=True)

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped and report.nodeid.startswith(TIER):
            reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longreprtext
            self.skipped[report.nodeid] = str(reason)


def pytest_configure(config: pytest.Config) -> None:
    # A job in a script's background ignores it, and so would every process that a test starts and interrupts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if os.environ.get("CI") == "true":
        config.pluginmanager.register(NoSkips(), "no-skips")
