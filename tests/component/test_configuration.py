"""What is set up, as a person meets it: `dget config`, and a pull that follows it."""

import json

import pytest

from dget.archive import check_archive
from dget.cli.main import main
from tests.component.conftest import noise


@pytest.fixture
def config(tmp_path, monkeypatch):
    path = tmp_path / "config" / "config.toml"
    monkeypatch.setenv("DGET_CONFIG", str(path))
    monkeypatch.setenv("DGET_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    path.parent.mkdir()
    path.touch()
    return path


def test_what_is_in_effect_is_shown_with_its_source_and_without_secrets(config, monkeypatch, capsys):
    config.write_text('timeout = 7\nproxy = "http://ann:geheim@127.0.0.1:1"\n')
    monkeypatch.setenv("DGET_PASSWORD", "geheim")
    assert main(["config", "show", "-username", "ann"]) == 0
    text = capsys.readouterr().out
    assert "geheim" not in text
    rows = {line.split()[0]: line for line in text.splitlines()}
    assert rows["timeout"].endswith(f"{config} line 1")
    assert rows["username"].split() == ["username", "ann", "--username"]
    assert rows["password"].split() == ["password", "(hidden)", "DGET_PASSWORD"]
    assert main(["config", "show", "--json", "-username", "ann"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["schema"] == 1
    assert {"key": "timeout", "value": 7.0, "source": f"{config} line 1"} in shown["settings"]
    assert "geheim" not in json.dumps(shown)


def test_a_file_is_begun_once_and_its_place_is_told(config, capsys):
    config.unlink()
    assert main(["config", "path"]) == 0
    assert capsys.readouterr().out == f"{config}\n"
    assert main(["config", "init"]) == 0
    written = config.read_text()
    assert "#timeout = 60" in written
    assert main(["config", "init"]) == 2
    assert "there already" in capsys.readouterr().err
    assert config.read_text() == written


def test_a_mistake_in_the_file_ends_the_run_before_anything_is_asked(config, registry, capsys):
    config.write_text("\ntimeuot = 7\n")
    assert main(["tags", registry.name("bb")]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"error: {config} line 2: timeuot is no setting",
        "hint: did you mean timeout?",
    ]
    assert registry.asked == []


def test_a_pull_follows_the_file(config, registry, tmp_path):
    registry.index("bb", "1", amd64=[noise(1, 100)], arm64=[noise(2, 100)])
    port = registry.server.address.rpartition(":")[2]
    # A name that no DNS knows, and a registry without TLS.
    config.write_text(
        f'registry = "reg.invalid:{port}"\nplatform = "arm64"\n'
        f'[hosts."reg.invalid:{port}"]\nplain_http = true\nresolve = ["127.0.0.1"]\n'
    )
    assert main(["-q", "bb:1"]) == 0
    assert (tmp_path / "bb_1_linux-arm64.tar.gz").exists()
    assert main(["-q", "bb:1", "-arch", "amd64"]) == 0
    assert (tmp_path / "bb_1_linux-amd64.tar.gz").exists()


def test_the_mirrors_of_a_registrys_section_are_asked_too(config, registry, tmp_path, capsys):
    registry.image("app", "1", noise(1, 100))
    config.write_text(f'[hosts."gone.invalid"]\nmirrors = ["http://{registry.server.address}"]\n')
    assert main(["-q", "gone.invalid/app:1", "-arch", "amd64", "-o", "x.tar"]) == 0
    assert check_archive(tmp_path / "x.tar") == ["gone.invalid/app:1"]
    assert "gone.invalid" in capsys.readouterr().err
