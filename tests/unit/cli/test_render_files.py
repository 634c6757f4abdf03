"""Lists of an image's files as text."""

import io
import json
import sys

import pytest

from dget.api import FileEntry, FileList, LayerFiles, LayerList
from dget.cli import render
from dget.cli.render_files import Listing

EVIL = "/evil\x1b[2J\n\u202ename\udcff"


def entry(path: str, kind: str = "file", **more) -> FileEntry:
    fields = {"mode": 0o644, "uid": 0, "gid": 0, "size": 0, "modified": "2020-09-13T12:26:40Z", "layer": 1}
    return FileEntry(path=path, kind=kind, **{**fields, **more})


def listed(*files: FileEntry) -> FileList:
    return FileList(image="app:1", platform="linux/amd64", path="/", files=files)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_short_form_is_names_alone():
    result = listed(entry("/a", "directory"), entry("/a/b"), entry("/l", "symlink", target="a/b"))
    assert render.text(Listing(result, long=False)) == b"/a\n/a/b\n/l\n"


def test_the_long_form_says_mode_owner_size_time_layer_and_target():
    result = listed(
        entry("/d", "directory", mode=0o1777),
        entry("/f", mode=0o4755, size=12345, uid=1000, gid=100, layer=12),
        entry("/l", "symlink", mode=0o777, target="f"),
        entry("/n", "character-device", mode=0o666, device=(1, 3)),
        entry("/p", "fifo"),
    )
    assert render.text(Listing(result, long=True)).decode().splitlines() == [
        "drwxrwxrwt       0:0      0  2020-09-13 12:26    1  /d",
        "-rwsr-xr-x  1000:100  12345  2020-09-13 12:26   12  /f",
        "lrwxrwxrwx       0:0      0  2020-09-13 12:26    1  /l -> f",
        "crw-rw-rw-       0:0   1, 3  2020-09-13 12:26    1  /n",
        "prw-r--r--       0:0      0  2020-09-13 12:26    1  /p",
    ]


def test_layers_are_listed_one_after_the_other_with_what_they_take_away():
    layers = (
        LayerFiles(number=1, digest="sha256:one", size=1000, files=(entry("/a"),)),
        LayerFiles(number=2, digest="sha256:two", size=50, files=(entry("/a", "whiteout"), entry("/d", "opaque"))),
    )
    result = LayerList(image="app:1", platform="linux/amd64", path="/", layers=layers)
    assert render.text(Listing(result, long=False)).decode().splitlines() == [
        "layer 1  sha256:one  1 kB",
        "/a",
        "",
        "layer 2  sha256:two  50 B",
        "/a (removed)",
        "/d (emptied)",
    ]


def test_a_terminal_gets_nothing_that_it_would_act_on(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Terminal())
    text = render.text(Listing(listed(entry(EVIL)), long=False)).decode()
    assert text == "/evil\ufffd[2J\ufffd\ufffdname\ufffd\n"


@pytest.mark.parametrize("long", [True, False])
def test_a_pipe_gets_the_very_bytes_of_the_names(monkeypatch, long):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert "/evil\x1b[2J\n\u202ename".encode() + b"\xff\n" in render.text(Listing(listed(entry(EVIL)), long=long))


def test_json_has_every_field_of_every_file():
    files = (entry("/f", size=3, layer=2), entry(EVIL))
    found = json.loads(render.json_text([Listing(listed(*files), long=False)], single=True))
    assert found["schema"] == 1
    assert found["image"] == "app:1"
    assert found["files"][0] == {
        "path": "/f", "kind": "file", "mode": 0o644, "uid": 0, "gid": 0, "size": 3,
        "modified": "2020-09-13T12:26:40Z", "layer": 2, "target": None, "device": None,
    }  # fmt: skip
    assert found["files"][1]["path"] == EVIL
