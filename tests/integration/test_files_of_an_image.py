"""`dget ls`, `cat` and `cp` as a person runs them, with an image at distribution."""

import json
import stat
import subprocess
import sys

import pytest

ARCHITECTURE = ("-arch", "amd64")


@pytest.fixture
def image(registry) -> str:
    name: str = registry.name("oci-index:1")
    return name


def test_ls_names_every_file(dget, image):
    done = dget("ls", image, *ARCHITECTURE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["/bin", "/bin/busybox", "/bin/sh", "/etc", "/etc/text"]


def test_ls_in_its_long_form_and_as_json_agree(dget, image):
    line = dget("ls", "-l", image, "bin/busybox", *ARCHITECTURE).stdout
    [file] = json.loads(dget("ls", image, "bin/busybox", "--json", *ARCHITECTURE).stdout)["files"]
    assert line.split()[0] == stat.filemode(stat.S_IFREG | file["mode"])
    assert line.split()[2] == str(file["size"])
    assert line.split()[5:] == [str(file["layer"]), file["path"]] == ["1", "/bin/busybox"]


def test_ls_by_layers(dget, image):
    done = dget("ls", "--layers", image, *ARCHITECTURE)
    assert [line for line in done.stdout.splitlines() if line.startswith("/")] == [
        "/bin/busybox",
        "/bin/sh",
        "/etc/text",
    ]
    assert done.stdout.count("layer ") == 2


def test_cat_prints_a_file_and_nothing_else(dget, image):
    done = dget("cat", image, "/etc/text", *ARCHITECTURE)
    assert (done.returncode, done.stdout) == (0, "one")


def test_cat_of_what_is_not_there_ends_with_3_and_says_so(dget, image):
    done = dget("cat", image, "/etc/nothing", *ARCHITECTURE)
    assert (done.returncode, done.stdout) == (3, "")
    assert "the image has no '/etc/nothing'" in done.stderr
    assert "hint:" in done.stderr
    body = json.loads(dget("cat", image, "/etc/nothing", "--json", *ARCHITECTURE).stdout)
    assert body["error"]["code"] == "not-found"


def test_cat_stops_when_its_reader_goes(image, environment, workplace):
    script = f"{sys.executable} -m dget cat {image} bin/busybox -arch amd64 -q | head -c 4 | wc -c"
    done = subprocess.run(
        ["sh", "-c", script], cwd=workplace, env=environment, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "4"
    assert "defect" not in done.stderr


def test_cp_brings_a_program_that_runs(dget, image, workplace):
    done = dget("cp", image, "/bin/sh", "busybox", *ARCHITECTURE)
    assert (done.returncode, done.stdout) == (0, "busybox\n"), done.stderr
    ran = subprocess.run(
        [workplace / "busybox", "echo", "it runs"], capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout == "it runs\n"


def test_cp_brings_a_folder(dget, image, workplace):
    done = dget("cp", image, "bin", ".", *ARCHITECTURE)
    assert (done.returncode, done.stdout) == (0, "bin\n"), done.stderr
    assert (workplace / "bin" / "sh").readlink().name == "busybox"
    again = dget("cp", image, "bin", ".", *ARCHITECTURE)
    assert again.returncode == 8
    assert "is there already" in again.stderr
