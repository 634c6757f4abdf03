"""What dget does where its output goes nowhere, or whoever reads it goes away."""

import json
import os
import re
import subprocess
import sys

import pytest

from tests.parts.fault_proxy import NO_FAULT, Fault, FaultProxy
from tests.parts.terminal import DGET, shown_on_a_terminal


@pytest.fixture
def piped(environment, workplace):
    """Runs dget in a shell, with `{dget}` in the line for the command."""

    def run(line: str) -> subprocess.CompletedProcess[str]:
        command = line.replace("{dget}", f"{sys.executable} -m dget")
        return subprocess.run(
            ["bash", "-c", command],
            cwd=workplace,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def test_a_reader_that_goes_away_is_no_defect(piped, registry):
    done = piped(f"{{dget}} tags {registry.name('oci-index')} | true; echo ${{PIPESTATUS[0]}}")
    assert (done.stdout, done.stderr) == ("141\n", "")


def test_nohup_keeps_it_alive_when_the_terminal_goes(piped, registry, workplace):
    done = piped(
        f"trap '' HUP; {{dget}} {registry.name('oci-single:1')} -limit-rate 200k -no-cache -o x.tar & "
        "while [ ! -e x.tar.part ]; do sleep 0.05; done; kill -HUP $!; wait $!"
    )
    assert (done.returncode, done.stdout) == (0, "x.tar\n"), done.stderr


@pytest.mark.parametrize("wanted", ["-json", "--json=true"])
def test_scripts_get_one_object_whatever_happens(piped, registry, wanted):
    one, none = registry.name("oci-single:1"), registry.name("nothing:1")
    failed = json.loads(piped(f"{{dget}} {none} {wanted}").stdout)
    assert failed["error"]["code"] == "not-found"
    partial = json.loads(piped(f"{{dget}} pull {one} {none} -o ./ {wanted}").stdout)
    assert partial["error"]["code"] == "partial"
    assert [result["image"] for result in partial["results"]] == [one]
    wrong = json.loads(piped(f"{{dget}} {one} -arch ,, {wanted}").stdout)
    assert wrong["error"]["code"] == "usage"


def test_warnings_and_progress_do_not_overwrite_each_other_on_a_terminal(environment, workplace, registry):
    """A connection that breaks again and again: each word of it stands on a line of its own."""
    with FaultProxy(registry.address) as proxy:
        proxy.script = lambda asked: Fault(reset_after=150_000, rate=400_000) if asked.is_blob else NO_FAULT
        words = [*DGET, proxy.name("oci-single:1"), "-no-cache", "-o", "x.tar"]
        status, seen = shown_on_a_terminal(words, environment, workplace)
    assert status == 0, seen
    seen = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen)
    said = [line for line in re.split(r"[\r\n]+", seen) if "trying again" in line]
    assert said
    assert all(line.startswith("blob ") for line in said), said
    assert "100" not in said[0]


def test_closed_streams_are_no_defect(piped, registry, workplace):
    assert piped(f"{{dget}} {registry.name('oci-single:1')} -o x.tar >&-").returncode == 0
    assert piped(f"{{dget}} {registry.name('oci-single:1')} -o y.tar 2>&-").stdout == "y.tar\n"
    assert (workplace / "x.tar").read_bytes() == (workplace / "y.tar").read_bytes()


def test_a_full_standard_error_does_not_end_the_work(piped, registry):
    assert os.path.exists("/dev/full")  # noqa: PTH110
    done = piped(f"{{dget}} {registry.name('oci-single:1')} -o x.tar 2>/dev/full")
    assert (done.returncode, done.stdout) == (0, "x.tar\n")


def test_the_path_can_be_given_to_another_command(piped, registry):
    done = piped(f'ls "$({{dget}} {registry.name("oci-single:1")} -arch amd64)"')
    assert done.stdout == "oci-single_1_linux-amd64.tar.gz\n"
