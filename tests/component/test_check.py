"""`dget check`, as a program and as a person use it."""

import json

import pytest

import dget
from dget.cli.main import main
from dget.errors import NotFound
from tests.parts.archives_to_check import CASES


@pytest.fixture
def archive(tmp_path):
    def write(name: str):
        path = tmp_path / name
        path.write_bytes(CASES[name](name))
        return path

    return write


def test_a_whole_file_ends_with_0_and_tells_the_name_everywhere(archive, capfd):
    assert main(["check", "-q", "-arch", "amd64", str(archive("combined.tar"))]) == 0
    told = capfd.readouterr().out
    assert "whole                     yes" in told
    assert told.count("loads: docker.io/library/app:1") == 5


@pytest.mark.parametrize("name", ["cut.tar", "no-layer.tar", "diff-id.tar", "nothing.tar", "noise.tar"])
def test_a_broken_file_ends_with_6(archive, capfd, name):
    assert main(["check", "-q", str(archive(name))]) == 6
    assert "whole                     no" in capfd.readouterr().out


def test_a_file_that_only_some_read_ends_with_0(archive, capfd):
    assert main(["check", "-q", str(archive("oci-no-name.tar"))]) == 0
    assert "it wants manifest.json, which is not in the file" in capfd.readouterr().out


def test_json_tells_every_consumer(archive, capfd):
    assert main(["check", "--json", str(archive("second-broken.tar"))]) == 6
    told = json.loads(capfd.readouterr().out)
    assert told["schema"] == 1
    assert len(told["faults"]) == 1
    assert {one["consumer"]: (one["loads"], len(one["names"])) for one in told["consumers"]} == {
        "docker, classic store": (False, 1),
        "docker, containerd store": (False, 1),
        "containerd (ctr)": (False, 1),
        "k3s": (False, 1),
        "podman": (False, 1),
        "skopeo": (False, 1),
    }


def test_what_is_wrong_with_the_file_stands_once(archive, capfd):
    main(["check", "-q", str(archive("no-layer.tar"))])
    assert capfd.readouterr().out.count("is missing") == 1


def test_a_file_that_is_not_there_is_not_found(tmp_path):
    with pytest.raises(NotFound):
        dget.check(tmp_path / "x.tar")
    assert main(["check", str(tmp_path / "x.tar")]) == 3


def test_a_program_gets_values(archive):
    result = dget.check(archive("two.tar"), platform="amd64")
    assert result.exit_status == 0
    assert result.faults == ()
    assert result.consumers[0].names == ("docker.io/library/app:1", "docker.io/library/other:2")
