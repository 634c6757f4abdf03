"""Reading at any place."""

import gzip
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from dget.codec import PositionalFile, ScratchFolder, crc32
from dget.codec.readable import PlainFile, Readable, ScratchFile, StoredGzipFile
from dget.codec.stored_gzip import FILE_HEADER, GzipRegion, gzip_size, trailer

SIZES = st.sampled_from([1, 65534, 65535, 65536, 131070, 131071, 200_000])


def stored(path: Path, data: bytes) -> Path:
    file = PositionalFile(path, create=True)
    GzipRegion(file, 0, len(data), len(data)).write(0, [data])
    tail = trailer(crc32(data), len(data))
    file.write_at(0, [FILE_HEADER])
    file.write_at(gzip_size(len(data)) - len(tail), [tail])
    file.close()
    return path


def content(size: int) -> bytes:
    return bytes(place * 7 % 251 for place in range(size))


@given(SIZES, st.data())
def test_stored_gzip_is_read_at_any_place_as_if_it_were_plain(size, data):
    at, count = data.draw(st.integers(0, size + 5)), data.draw(st.integers(0, size + 5))
    with tempfile.TemporaryDirectory() as folder:
        path = stored(Path(folder) / "x.gz", content(size))
        assert gzip.decompress(path.read_bytes()) == content(size)
        opened: Readable | None = StoredGzipFile.open(path)
        assert opened is not None
        assert opened.size == size
        assert opened.read_at(at, count) == content(size)[at : at + count]
        opened.close()


def test_gzip_that_is_not_stored_or_not_whole_is_none(tmp_path):
    path = stored(tmp_path / "x.gz", content(200_000))
    whole = path.read_bytes()
    for wrong in (
        gzip.compress(content(200_000)),
        whole[:-1],
        whole[:65_550] + b"\0" * 5 + whole[65_555:],
        b"\x1f\x8b",
    ):
        path.write_bytes(wrong)
        assert StoredGzipFile.open(path) is None


def test_a_plain_file_ends_where_it_ends(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"0123456789")
    file = PlainFile(path)
    assert (file.read_at(8, 5), file.read_at(10, 1), file.read_at(20, 1)) == (b"89", b"", b"")
    file.close()


def test_a_scratch_file_is_gone_when_it_is_closed(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    scratch = ScratchFolder()
    path = scratch.path / "x"
    path.write_bytes(b"0123456789")
    file = ScratchFile(path, scratch)
    assert file.read_at(0, 3) == b"012"
    file.close()
    assert list(tmp_path.iterdir()) == []
