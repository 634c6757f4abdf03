"""Docker's old manifests become new ones."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dget.errors import Unsupported
from dget.model import Digest, ImageConfig, Manifest, read_manifest
from dget.model import media_type as kinds
from dget.model.document import decode
from dget.protocol.schema1 import UnpackedLayer, payload_of, read_schema1, to_schema2
from tests.parts.schema1 import EMPTY_LAYER, old_id, old_manifest, signed

BASE, TOP = Digest.of(b"base"), Digest.of(b"top")
STEPS = [("ADD rootfs.tar /", str(BASE)), ("ENV PATH=/bin", None), ("COPY app /bin/", str(TOP)), ("CMD app", None)]
MANIFEST = old_manifest(STEPS)
UNPACKED = {
    BASE: UnpackedLayer(digest=BASE, size=1000, diff_id=Digest.of(b"base tar")),
    TOP: UnpackedLayer(digest=TOP, size=200, diff_id=Digest.of(b"top tar"), media_type=kinds.DOCKER_LAYER),
}


def changed(**fields) -> bytes:
    return json.dumps({**json.loads(MANIFEST), **fields}).encode()


def with_piece(place: int, **fields) -> bytes:
    """place: from the topmost layer on."""
    manifest = json.loads(MANIFEST)
    piece = {**json.loads(manifest["history"][place]["v1Compatibility"]), **fields}
    manifest["history"][place]["v1Compatibility"] = json.dumps(piece)
    return json.dumps(manifest).encode()


def test_layers_come_base_first_without_those_that_change_no_file():
    assert read_schema1(MANIFEST).layers == (BASE, TOP)
    assert EMPTY_LAYER not in map(str, read_schema1(MANIFEST).layers)


def test_the_new_manifest_has_the_layers_with_their_sizes_and_kinds():
    converted = to_schema2(read_schema1(MANIFEST), UNPACKED)
    manifest = read_manifest(converted.manifest).value
    assert isinstance(manifest, Manifest)
    assert [(layer.digest, layer.size, layer.media_type) for layer in manifest.layers] == [
        (BASE, 1000, kinds.DOCKER_LAYER_GZIP),
        (TOP, 200, kinds.DOCKER_LAYER),
    ]
    assert (manifest.media_type, manifest.config.media_type) == (kinds.DOCKER_MANIFEST, kinds.DOCKER_CONFIG)
    assert manifest.config.digest == Digest.of(converted.config)
    assert manifest.config.size == len(converted.config)


def test_the_new_config_keeps_what_runs_and_the_history():
    raw = to_schema2(read_schema1(MANIFEST), UNPACKED).config
    config = decode(raw, ImageConfig)
    assert config.config is not None
    assert (config.config.cmd, config.config.env, config.config.labels) == (
        ("/bin/app",),
        ("PATH=/bin",),
        {"test": "yes"},
    )
    assert str(config.platform) == "linux/amd64"
    assert config.diff_ids == (Digest.of(b"base tar"), Digest.of(b"top tar"))
    assert config.history is not None
    assert [(step.created_by, bool(step.empty_layer)) for step in config.history] == [
        ("/bin/sh -c ADD rootfs.tar /", False),
        ("/bin/sh -c ENV PATH=/bin", True),
        ("/bin/sh -c COPY app /bin/", False),
        ("/bin/sh -c CMD app", True),
    ]
    assert config.history[0].created == "2015-01-01T00:00:00.123Z"
    assert not {"id", "parent", "parent_id", "layer_id", "throwaway", "Size"} & set(json.loads(raw))
    assert json.loads(raw)["docker_version"] == "1.9.1"


def test_one_word_may_stand_where_a_command_belongs():
    old = read_schema1(with_piece(0, container_config={"Cmd": "app --now"}))
    assert old.history[-1]["created_by"] == "app --now"


def test_the_same_input_gives_the_same_bytes():
    first, second = (to_schema2(read_schema1(one), UNPACKED) for one in (MANIFEST, signed(MANIFEST)))
    assert first == second


def test_a_signed_manifests_digest_is_that_of_what_was_signed():
    assert payload_of(signed(MANIFEST)) == MANIFEST
    assert read_schema1(signed(MANIFEST)).digest == read_schema1(MANIFEST).digest == Digest.of(MANIFEST)


def test_what_was_added_beside_the_signed_part_is_not_read():
    forged = signed(MANIFEST).replace(b',\n   "signatures"', b',"fsLayers":[],"history":[],\n   "signatures"')
    assert read_schema1(forged).layers == (BASE, TOP)


@pytest.mark.parametrize("protected", ["", "!", "e30", "eyJmb3JtYXRMZW5ndGgiOi0xLCJmb3JtYXRUYWlsIjoiIn0"])
def test_signatures_that_do_not_say_what_they_sign_are_refused(protected):
    with pytest.raises(Unsupported):
        payload_of(changed(signatures=[{"protected": protected}]))


def test_signatures_of_different_things_are_refused():
    manifest = json.loads(signed(MANIFEST))
    other = json.loads(signed(b"  " + MANIFEST))
    manifest["signatures"] += other["signatures"]
    with pytest.raises(Unsupported):
        payload_of(json.dumps(manifest).encode())


def test_of_equal_pieces_in_a_row_one_counts():
    manifest = json.loads(MANIFEST)
    manifest["fsLayers"].insert(1, manifest["fsLayers"][1])
    manifest["history"].insert(1, manifest["history"][1])
    old = read_schema1(json.dumps(manifest).encode())
    assert old.layers == (BASE, TOP)
    assert len(old.history) == 4


def test_a_layer_may_stand_twice_under_different_ids():
    old = read_schema1(old_manifest([("a", str(BASE)), ("b", str(TOP)), ("c", str(BASE))]))
    assert old.layers == (BASE, TOP, BASE)
    manifest = read_manifest(to_schema2(old, UNPACKED).manifest).value
    assert isinstance(manifest, Manifest)
    assert len(manifest.layers) == 3


def test_without_a_platform_it_is_linux_on_what_the_manifest_says():
    raw = old_manifest([("a", str(BASE))])
    manifest = json.loads(raw)
    piece = json.loads(manifest["history"][0]["v1Compatibility"])
    del piece["os"], piece["architecture"]
    manifest["history"][0]["v1Compatibility"] = json.dumps(piece)
    config = json.loads(to_schema2(read_schema1(json.dumps(manifest).encode()), UNPACKED).config)
    assert (config["os"], config["architecture"]) == ("linux", "amd64")


@pytest.mark.parametrize(
    "raw",
    [
        changed(schemaVersion=2),
        changed(fsLayers=[]),
        changed(fsLayers=[], history=[]),
        changed(fsLayers=[{"blobSum": "md5:1"}] * 4),
        changed(history=[{"v1Compatibility": "no JSON"}] * 4),
        with_piece(0, id="../../etc"),
        with_piece(0, parent=old_id(1)),
        with_piece(3, parent=old_id(9)),
        with_piece(1, parent=None),
        with_piece(0, id=old_id(1)),
        b"[]",
        b"",
    ],
)
def test_what_does_not_fit_together_is_refused(raw):
    with pytest.raises(Unsupported):
        read_schema1(raw)


@given(st.binary())
def test_any_bytes_are_read_or_refused(raw):
    with pytest.raises(Unsupported):
        read_schema1(raw)
