"""Where dget is started: without a home, with other clocks and masks, with closed streams, where nothing may be written."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.parts.process import need

ARCHIVE = "oci-single_1_linux-amd64.tar.gz"


@pytest.fixture
def image(registry) -> str:
    return str(registry.name("oci-single:1"))


@pytest.fixture
def shell(environment, workplace):
    """A line of shell, with `{dget}` for the command."""

    def run(line: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = ["bash", "-c", line.replace("{dget}", f"{sys.executable} -m dget")]
        return subprocess.run(
            command, cwd=workplace, env=environment | more, capture_output=True, text=True, timeout=60, check=False
        )

    return run


@pytest.mark.parametrize("home", [None, "", "/dev/null/home"])
def test_without_a_home_images_are_pulled_all_the_same(dget, environment, image, tmp_path, home):
    del environment["HOME"]
    # Else it would be the home of the person who runs the tests, as the system's list of users has it.
    environment["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    if home is not None:
        environment["HOME"] = home
    assert dget(image, "-arch", "amd64").stdout == f"{ARCHIVE}\n"
    refused = dget("login", image.partition("/")[0], "-username", "a", "-password", "b")
    assert refused.returncode in (2, 4, 5, 8)
    assert refused.stderr.startswith("error: ")


def test_a_home_that_is_a_file_is_told(dget, environment, image):
    environment |= {"HOME": "/etc/passwd"}
    del environment["XDG_CACHE_HOME"]
    failed = dget(image)
    assert failed.returncode == 8
    assert "--cache-dir" in failed.stderr


@pytest.mark.parametrize("mask", ["077", "022"])
def test_the_mask_decides_who_may_read_what_is_written(shell, image, workplace, mask):
    done = shell(
        f"umask {mask}; {{dget}} {image} -arch amd64 -o a.tar && {{dget}} {image} -arch amd64 --format oci-dir -o d"
    )
    assert done.returncode == 0, done.stderr
    for path in (workplace / "a.tar", *workplace.joinpath("d").rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o777 if path.is_dir() else 0o666) & ~int(mask, 8), path


def test_a_folder_that_may_not_be_written_is_told_before_anything_is_fetched(shell, image):
    """As root too: nobody makes files there."""
    done = shell(f"cd /sys && {{dget}} {image} -arch amd64")
    assert done.returncode == 8, done.stderr
    assert "-o" in done.stderr
    assert "%" not in done.stderr


def test_a_folder_that_is_gone_is_told(shell, image, workplace):
    gone = f"mkdir gone; cd gone; rmdir ../gone; {{dget}} {image} -arch amd64"
    assert shell(gone).returncode == 8
    assert shell(f"{gone} -o {workplace}/a.tar").returncode == 0


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("-f - <&-", 2, "standard input names no image"),
        ("{image} -username a --password-stdin <&-", 2, "found no password on standard input"),
        ("login {host} <&-", 2, "no terminal to ask at"),
        ("tags {host}/oci-single > /dev/full", 8, "cannot write the result"),
        ("{image} -debug -o x.tar 2>&1 >/dev/null | head -1; test ${PIPESTATUS[0]} = 0", 0, ""),
        ("{image} -o x.tar <&- >&- 2>&-", 0, ""),
    ],
)
def test_closed_and_full_streams_are_no_defect(shell, image, words, status, said):
    line = words.replace("{image}", image).replace("{host}", image.partition("/")[0])
    done = shell(f"{{dget}} {line}")
    assert (done.returncode, said in done.stderr) == (status, True), done.stderr
    assert "has a defect" not in done.stderr


def test_a_terminal_without_a_name_and_a_narrow_encoding_are_no_defect(shell, image):
    narrow = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii:strict"}
    done = shell(f"unset TERM; {{dget}} {image} -arch amd64 -o ü.tar --json", **narrow)
    assert Path(json.loads(done.stdout)["path"]).name.endswith(".tar"), done.stderr
    assert shell(f"{{dget}} {image}ü", **narrow).returncode == 2


@pytest.mark.parametrize(
    ("moment", "zone"),
    [("1970-01-01 12:00:00", "UTC"), ("2026-10-25 02:30:00", "Europe/Berlin"), ("2100-06-01 00:00:00", "Asia/Tokyo")],
)
def test_whatever_the_clock_says_images_are_pulled_and_kept(shell, image, moment, zone):
    """Also where it jumped, back or ahead, since the cache was made, and in the hour that comes twice."""
    need("faketime", "faketime")
    at = f"TZ={zone} faketime --exclude-monotonic -f '@{moment}' {{dget}}"
    done = shell(
        f"{at} {image} -arch amd64 -o a.tar && {{dget}} cache prune --max-size 1G && {at} {image} -arch amd64 -o b.tar"
    )
    assert done.returncode == 0, done.stderr
    assert "of it here already" in done.stderr
    assert shell("cmp a.tar b.tar").returncode == 0


def test_what_holds_secrets_is_created_for_its_owner_alone(environment, workplace, image):
    """No mask takes anything away, and no mode is changed later: so it was created that way."""
    script = (
        "import os, sys; os.umask(0); changed = [];"
        "sys.addaudithook(lambda event, given: changed.append(str(given[0])) if event == 'os.chmod' else None);"
        "from dget.cli.main import main;"
        "main(['config', 'init']); main(['login', sys.argv[1], '-username', 'a', '-password', 'b']);"
        "sys.exit(str(changed) if changed else 0)"
    )
    host = image.partition("/")[0]
    done = subprocess.run(
        [sys.executable, "-c", script, host],
        cwd=workplace,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    folder = Path(environment["HOME"]) / ".config" / "dget"
    for name in ("config.toml", "credentials.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
