"""The entry point: signals, streams, and what every ending means to the person and to scripts."""

import _thread
import contextlib
import gc
import os
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from dget.cli.reported import Reported
from dget.errors import DgetError, StorageError, UsageError

_SIGNALS = ("SIGHUP", "SIGINT", "SIGTERM")
# Seconds that one import takes.
_LOADING = 0.02
# New objects that may be born before garbage is looked for.
_NEW_MAX = 50_000
_ON = frozenset(("1", "t", "true", "y", "yes", "on"))
_USAGE_HINT = "dget --help shows how it is used"


class Stopped(BaseException):
    """A signal asked the process to end."""

    def __init__(self, number: int) -> None:
        self.number = number


def run_and_exit() -> NoReturn:
    """Runs dget as a process of its own."""
    # What is loaded stays. To look through it for garbage again and again would take a tenth of the start.
    gc.set_threshold(_NEW_MAX)
    status = main()
    # All is written and flushed. To take the interpreter apart, module by module, would take a fifth of a small pull.
    os._exit(status)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs dget; the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    _catch_signals()
    _open_closed_streams()
    try:
        # Loading takes longer than all else here; a Ctrl-C ends it as it ends a pull.
        from dget.cli.dispatch import run

        return run(words)
    except Reported as reported:
        return _fail(reported.error, words)
    except DgetError as error:
        _tell_scripts(error, words)
        return _fail(error, words)
    except Stopped as stopped:
        _end_interrupted(stopped.number)
    except BrokenPipeError:
        # Whoever read our output has gone, as `head` does.
        return 128 + getattr(signal, "SIGPIPE", 13)
    except OSError as error:
        return _fail(_refused(error), words)
    except Exception as error:  # noqa: BLE001 - a defect is told as any error is, and shown whole by -debug
        defect = DgetError(
            f"dget has a defect: {type(error).__name__}: {error}", hint="please report it with the output of -debug"
        )
        defect.__cause__ = error
        _tell_scripts(defect, words)
        return _fail(defect, words)
    finally:
        _flush_what_can_be()


def _fail(error: DgetError, words: Sequence[str]) -> int:
    from dget.cli.units import clean, clean_lines

    hint = error.hint or (_USAGE_HINT if isinstance(error, UsageError) else None)
    told = [f"{label}: {clean(text)}\n" for label, text in (("error", error.message), ("hint", hint)) if text]
    if _asks_for("debug", words):
        import traceback

        # Its last line repeats what a registry said.
        told = [clean_lines("".join(traceback.format_exception(error))), *told]
    for text in told:
        with contextlib.suppress(OSError):
            sys.stderr.write(text)
    return error.exit_status


def _refused(error: OSError) -> StorageError:
    """What the system said: of a file, of standard output, which may be a full disk, or of we know not what."""
    why = error.strerror or str(error)
    if error.filename is not None:
        return StorageError(f"{error.filename}: {why}", hint="see to its name and its permissions")
    try:
        # What it did not take waits there yet.
        sys.stdout.flush()
    except OSError:
        return StorageError(f"cannot write the result: {why}", hint="see to where standard output goes")
    return StorageError(f"the system refuses: {why}", hint="-debug shows what was tried")


def _tell_scripts(error: DgetError, words: Sequence[str]) -> None:
    """The error as JSON, where the command line asked for JSON and did not even get as far as its verb."""
    if _asks_for("json", words):
        from dget.cli.render import error_json

        sys.stdout.write(error_json(error))


def _asks_for(flag: str, words: Sequence[str]) -> bool:
    """Whether the command line or the environment sets it, as far as can be told of what may make no sense."""
    from dget.cli.arguments import GO_TRUE

    given = {f"{dashes}{flag}{value}" for dashes in ("-", "--") for value in ("", *(f"={true}" for true in GO_TRUE))}
    return not given.isdisjoint(words) or os.environ.get(f"DGET_{flag.upper()}", "").lower() in _ON


def _open_closed_streams() -> None:
    """A program that was started with a stream closed (`<&-`, `>&-`) has None there: nothing comes, what is said is lost."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull)  # noqa: PTH123, SIM115 - for the life of the process
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115


def _flush_what_can_be() -> None:
    """What a closed or full stream does not take goes nowhere, and is no failure of the interpreter's end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _catch_signals() -> None:
    # What the caller ignores stays ignored: `nohup`, and the background jobs of scripts.
    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    ours = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]

    def stop(number: int, frame: FrameType | None) -> None:
        if _loads(frame):
            # What is raised now may be lost, or come out as another error: soon again.
            again = threading.Timer(_LOADING, _thread.interrupt_main, [number])
            again.daemon = True
            again.start()
            return
        # One is enough to end well, and a terminal that goes away sends several. A second Ctrl-C ends at once.
        for other in ours:
            signal.signal(other, signal.SIG_DFL if other == signal.SIGINT else signal.SIG_IGN)
        raise Stopped(number)

    for number in ours:
        signal.signal(number, stop)


def _loads(frame: FrameType | None) -> bool:
    """Whether this is in the midst of an import."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _end_interrupted(number: int) -> NoReturn:
    sys.stderr.write("stopped; what has arrived of an image is kept, and the same command goes on from there\n")
    sys.stdout.flush()
    sys.stderr.flush()
    # A thread that hangs in a name look-up would hold up the interpreter's own end.
    os._exit(128 + number)
