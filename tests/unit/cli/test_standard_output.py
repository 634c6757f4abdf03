"""What a terminal gets of a file's bytes, however they are cut."""

import os
import sys

import pytest

pytest.importorskip("pty", reason="Windows has no pseudo-terminals")

from tests.parts.terminal import shown_on_a_terminal

_WRITES = """
import sys
from dget.cli.standard_output import StandardOutput
out = StandardOutput()
for piece in sys.argv[1:]:
    out.write(bytes.fromhex(piece))
out.finish()
"""


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        ([b"a\r", b"\nb\r\n"], "a\r\nb\r\n"),
        ([b"a\r", b"b\r"], "a\ufffdb\ufffd"),
        (["\u00e9".encode()[:1], "\u00e9".encode()[1:]], "\u00e9"),
        ([b"a\n", "\u20ac".encode()[:2]], "a\r\n\ufffd"),
    ],
)
def test_what_is_cut_between_two_writes_is_shown_whole_and_what_is_cut_off_is_shown(tmp_path, pieces, shown):
    words = ["-c", _WRITES, *(piece.hex() for piece in pieces)]
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "PATH": os.environ["PATH"]}
    assert shown_on_a_terminal(words, environment, tmp_path) == (0, shown)
