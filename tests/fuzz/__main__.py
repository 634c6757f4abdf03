"""`python -m tests.fuzz [TARGET] [SECONDS]`: looks for bytes that break a reader, guided by which lines they reach.

Without a target all are fuzzed, one after the other. What breaks a reader is left in `.fuzz/`, beside what was learned;
it belongs into `tests/fuzz/corpus/TARGET/` once the reader is mended.
"""

import subprocess
import sys
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
_LEARNED = Path(".fuzz")
# An input that takes a reader so long, or so many MiB, is a find too.
_SECONDS_MAX, _MEMORY_MAX = 20, 2048


def _fuzz(name: str, seconds: int) -> None:
    """Does not return: libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["dget", "tarfile"]):
        from tests.fuzz.targets import TARGETS, run
    learned, found = _LEARNED / name, _LEARNED / f"{name}-found"
    for folder in (learned, found):
        folder.mkdir(parents=True, exist_ok=True)
    options = (
        f"-max_total_time={seconds}",
        f"-timeout={_SECONDS_MAX}",
        f"-rss_limit_mb={_MEMORY_MAX}",
        "-max_len=65536",
    )
    folders = (str(learned), str(CORPUS / name))
    atheris.Setup(
        [name, *options, f"-artifact_prefix={found}/", *folders], lambda data: run(TARGETS[name], bytes(data))
    )
    atheris.Fuzz()


def _fuzz_all(seconds: int) -> int:
    """Each in a process of its own; how many of them found something."""
    from tests.fuzz.targets import TARGETS

    return sum(
        subprocess.run([sys.executable, "-m", "tests.fuzz", name, str(seconds)], check=False).returncode != 0
        for name in TARGETS
    )


if __name__ == "__main__":
    words = sys.argv[1:]
    wanted = int(words.pop()) if words and words[-1].isdigit() else 60
    if words and words[0] != "all":
        _fuzz(words[0], wanted)
    sys.exit(min(1, _fuzz_all(wanted)))
