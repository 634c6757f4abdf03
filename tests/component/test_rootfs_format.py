"""An image's files themselves, as a tar or a folder."""

import io
import tarfile

import pytest

from dget.codec.decompress import Decompressed
from dget.errors import StorageError


def layer(**files: bytes) -> bytes:
    """A plain tar of these files; a name's `__` is a slash, its `_wh_` marks a whiteout."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name.replace("__", "/").replace("_wh_", ".wh."))
            info.size, info.mode = len(content), 0o640
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


@pytest.fixture
def image(registry):
    registry.image(
        "app", "1", layer(etc__name=b"below", etc__gone=b"x"), layer(etc__name=b"above", etc___wh_gone=b"", bin=b"run")
    )
    return registry.name("app:1")


FILES = {"etc/name": b"above", "bin": b"run"}


def files_in(stream) -> dict[str, bytes]:
    with tarfile.open(fileobj=stream) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz", "x.tar.zst"])
def test_a_tar_holds_the_merged_files(client, image, tmp_path, name):
    result = client.pull(image, platform="amd64", format="rootfs", output=tmp_path / name)
    assert result.path == tmp_path / name
    assert result.size == result.path.stat().st_size
    with result.path.open("rb") as packed:
        assert files_in(io.BytesIO(Decompressed(packed, "it").read(1 << 20))) == FILES
    again = client.pull(image, platform="amd64", format="rootfs", output=tmp_path / f"again-{name}")
    assert again.path.read_bytes() == result.path.read_bytes()
    assert (again.fetched, again.reused) == (0, result.fetched)


def test_a_folder_holds_the_merged_files_and_is_not_written_over(client, image, tmp_path):
    result = client.pull(image, platform="amd64", format="rootfs", output=tmp_path / "root")
    found = {str(path.relative_to(result.path)): path.read_bytes() for path in result.path.rglob("*") if path.is_file()}
    assert found == FILES
    with pytest.raises(StorageError):
        client.pull(image, platform="amd64", format="rootfs", output=tmp_path / "root")


def test_without_a_name_it_is_told_from_an_archive_for_engines(client, image, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = client.pull(image, platform="amd64", format="rootfs")
    assert result.path.name == "app_1_linux-amd64.rootfs.tar.gz"


def test_it_can_go_into_a_stream(client, image):
    out = io.BytesIO()
    client.pull(image, platform="amd64", format="rootfs", output=out)
    assert files_in(io.BytesIO(out.getvalue())) == FILES


def test_an_image_without_layers_of_that_kind_leaves_nothing(registry, client, tmp_path):
    registry.image("odd", "1", b"no tar at all, and no gzip either")
    with pytest.raises(Exception, match="layer"):
        client.pull(registry.name("odd:1"), platform="amd64", format="rootfs", output=tmp_path / "x.tar")
    assert not list(tmp_path.glob("x.tar*"))
