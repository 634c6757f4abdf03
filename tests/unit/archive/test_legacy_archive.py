"""The classic Docker archive: what stands in it, whichever way the registry packed the layers."""

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dget.archive import Form
from dget.errors import IntegrityError, Unsupported
from tests.parts.exports import blobs_of, exported, named, repacked, small_image, unpacked
from tests.parts.images import OCI, Image, digest_of, layer, single
from tests.parts.zstandard import zstd

NAME = "docker.io/library/one:1"
TEXTS = ("base", "top")
TARS = [layer({f"etc/{text}": text.encode() * 50}) for text in TEXTS]
ONE = small_image(OCI, *TEXTS)
COMPRESSIONS = ["none", "gzip", "gzip:9", "zstd"]


def legacy(folder: Path, compress: str, images: Mapping[str, Image]) -> Path:
    wanted = [named(image, name) for name, image in images.items()]
    form = Form.of("docker-legacy", compress, None)
    return exported(folder / "x", form, wanted, blobs_of(*images.values()))


def members(path: Path) -> dict[str, bytes | str]:
    """Contents by name; of a link what it leads to."""
    with tarfile.open(fileobj=io.BytesIO(unpacked(path))) as tar:
        found: dict[str, bytes | str] = {}
        for member in tar:
            assert member.name not in found
            content = tar.extractfile(member) if member.isreg() else None
            found[member.name] = content.read() if content else member.linkname
        return found


def document(content: bytes | str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(content)
    return found


@pytest.mark.parametrize("compress", COMPRESSIONS)
def test_layers_are_plain_tars_in_folders_that_lead_from_the_top_to_the_base(tmp_path, compress):
    found = members(legacy(tmp_path, compress, {NAME: ONE}))
    (entry,) = json.loads(found["manifest.json"])
    assert [found[name] for name in entry["Layers"]] == TARS
    assert entry["RepoTags"] == [NAME]
    assert digest_of(bytes(found[entry["Config"]])) == f"sha256:{entry['Config'].removesuffix('.json')}"  # type: ignore[arg-type]
    base, top = (name.removesuffix("/layer.tar") for name in entry["Layers"])
    assert json.loads(found["repositories"]) == {"docker.io/library/one": {"1": top}}
    assert document(found[f"{top}/json"])["id"] == top
    assert document(found[f"{top}/json"])["parent"] == base
    assert "parent" not in document(found[f"{base}/json"])
    assert found[f"{top}/VERSION"] == b"1.0"
    assert document(found[f"{top}/json"])["config"]["Env"] == ["PATH=/bin"]


@pytest.mark.parametrize("compress", COMPRESSIONS)
def test_however_it_is_compressed_the_tar_is_the_same(tmp_path, compress):
    plain = legacy(tmp_path / "plain", "none", {NAME: ONE})
    assert unpacked(legacy(tmp_path / "other", compress, {NAME: ONE})) == plain.read_bytes()


def test_gzip_takes_the_registrys_layers_as_they_are(tmp_path):
    data = legacy(tmp_path, "gzip", {NAME: ONE}).read_bytes()
    assert all(blob in data for digest, blob in ONE.blobs.items() if blob.startswith(b"\x1f\x8b"))


BIG = layer({"etc/big": b"".join(str(number).encode() for number in range(50_000))})
HALF = len(BIG) // 2


@pytest.mark.parametrize(
    ("blob", "verbatim"),
    [
        (gzip.compress(BIG, 9), True),
        (gzip.compress(BIG[:HALF]) + gzip.compress(BIG[HALF:]), True),
        (gzip.compress(BIG) + bytes(100), False),
        (zstd.compress(BIG), False),
        (BIG, False),
    ],
    ids=["gzip", "two gzip members", "gzip and zeros", "zstd", "plain"],
)
def test_a_layer_of_any_kind_becomes_a_plain_tar_and_only_whole_gzip_goes_in_verbatim(tmp_path, blob, verbatim):
    path = legacy(tmp_path, "gzip", {NAME: repacked(single(OCI, "amd64", [BIG]), 0, blob)})
    assert (blob in path.read_bytes()) == verbatim
    assert path.stat().st_size < len(BIG)
    found = members(path)
    assert found[json.loads(found["manifest.json"])[0]["Layers"][0]] == BIG


def test_a_layer_that_is_not_what_its_config_says_is_refused_and_leaves_no_file(tmp_path):
    other = gzip.compress(layer({"other": b"other"}))
    with pytest.raises(IntegrityError, match="its image's config says"):
        legacy(tmp_path, "gzip", {NAME: repacked(ONE, 1, other)})


def test_a_config_that_names_fewer_layers_is_unsupported(tmp_path):
    broken = json.loads(ONE.root.raw)
    del broken["layers"][0]
    image = replace(ONE, root=replace(ONE.root, raw=json.dumps(broken).encode()))
    with pytest.raises(Unsupported, match="1 layers, but its config"):
        legacy(tmp_path, "none", {NAME: image})


def test_images_share_the_folders_of_the_layers_that_they_begin_with(tmp_path):
    two = small_image(OCI, "base", "other")
    found = members(legacy(tmp_path, "gzip", {NAME: ONE, "quay.io/two:2": two}))
    one_layers, two_layers = (entry["Layers"] for entry in json.loads(found["manifest.json"]))
    assert one_layers[0] == two_layers[0]
    assert one_layers[1] != two_layers[1]
    assert len([name for name in found if name.endswith("/layer.tar")]) == 3


def test_a_layer_upon_other_ones_is_a_link_to_where_it_stands(tmp_path):
    turned = small_image(OCI, "top", "base")
    found = members(legacy(tmp_path, "none", {NAME: ONE, "quay.io/two:2": turned}))
    links = {name: content for name, content in found.items() if isinstance(content, str)}
    assert len(links) == 2
    for name, target in links.items():
        assert str(target).removeprefix("../") in found
        assert name.split("/")[0] not in str(target)
    for entry, tars in zip(json.loads(found["manifest.json"]), (TARS, TARS[::-1]), strict=True):
        assert [found[name] for name in entry["Layers"]] == tars


def test_two_packings_of_one_tar_stand_in_it_once(tmp_path):
    again = repacked(ONE, 0, gzip.compress(TARS[0], 1))
    found = members(legacy(tmp_path, "gzip", {NAME: ONE, "quay.io/two:2": again}))
    one, two = (entry["Layers"] for entry in json.loads(found["manifest.json"]))
    assert one == two


def test_images_of_one_config_are_told_apart_and_an_image_without_layers_has_no_folder(tmp_path):
    empty = single(OCI, "amd64", [])
    found = members(legacy(tmp_path, "none", {"a.io/empty:1": empty, NAME: ONE, "b.io/again:1": ONE}))
    entries = json.loads(found["manifest.json"])
    assert [entry["RepoTags"] for entry in entries] == [["a.io/empty:1"], [NAME], ["b.io/again:1"]]
    assert entries[0]["Layers"] == []
    assert set(json.loads(found["repositories"])) == {"docker.io/library/one", "b.io/again"}


def test_the_same_layer_twice_in_an_image_is_written_once(tmp_path):
    twice = single(OCI, "amd64", [TARS[0], TARS[0]])
    found = members(legacy(tmp_path, "gzip", {NAME: twice}))
    (entry,) = json.loads(found["manifest.json"])
    assert [found[name] for name in entry["Layers"]] == [TARS[0], TARS[0]]
