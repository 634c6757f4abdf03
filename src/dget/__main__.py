"""`python -m dget`, and the command."""

import signal
import sys


def main() -> int:
    """Runs dget; the exit status."""
    # Ctrl-C while the rest loads is no traceback: the process ends as any program does.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from dget.cli.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
