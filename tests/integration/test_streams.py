"""What dget does where its output goes nowhere, or whoever reads it goes away."""

import os
import subprocess
import sys

import pytest


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
