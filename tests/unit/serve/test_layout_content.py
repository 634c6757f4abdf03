"""An OCI image layout as a registry's content."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dget.model import Digest
from dget.model.media_type import OCI_CONFIG, OCI_INDEX, OCI_MANIFEST
from dget.serve import LayoutContent

CONTAINERD = "io.containerd.image.name"
OCI = "org.opencontainers.image.ref.name"


@dataclass
class Layout:
    folder: Path
    entries: list[dict[str, object]] = field(default_factory=list)

    def blob(self, data: bytes) -> Digest:
        digest = Digest.of(data)
        path = self.folder / "blobs" / "sha256" / digest.hex
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return digest

    def name(self, raw: bytes, media_type: str = OCI_MANIFEST, **annotations: str) -> None:
        """Adds a manifest that has a name."""
        entry = {"mediaType": media_type, "digest": str(self.blob(raw)), "size": len(raw)}
        self.entries.append({**entry, "annotations": annotations})
        (self.folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": self.entries}))


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path)


def manifest(layout, text):
    config = layout.blob(text.encode())
    descriptor = {"mediaType": OCI_CONFIG, "digest": str(config), "size": len(text)}
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptor, "layers": []}).encode()


@pytest.mark.parametrize(
    ("annotations", "repository", "tag"),
    [
        ({CONTAINERD: "docker.io/library/app:1", OCI: "1"}, "library/app", "1"),
        ({OCI: "quay.io/team/app:2"}, "team/app", "2"),
        ({OCI: "localhost:5000/team/app"}, "team/app", "latest"),
        ({OCI: "team/app:3"}, "team/app", "3"),
        ({OCI: "app:4"}, "library/app", "4"),
    ],
)
def test_a_name_says_repository_and_tag(layout, annotations, repository, tag):
    raw = manifest(layout, "{}")
    layout.name(raw, **annotations)
    content = LayoutContent(layout.folder)
    assert content.tags(repository) == [tag]
    found = content.manifest(repository, tag)
    assert found is not None
    assert (found.raw, found.media_type) == (raw, OCI_MANIFEST)


def test_a_tag_alone_is_served_under_the_repository_that_is_named_for_it(layout):
    layout.name(manifest(layout, "{}"), **{OCI: "1.0"})
    assert LayoutContent(layout.folder).tags("app") is None
    assert LayoutContent(layout.folder, unnamed="app").tags("app") == ["1.0"]


def test_a_name_that_is_none_does_not_hide_the_others(layout):
    layout.name(manifest(layout, "1"), **{OCI: "Not/A Name:1"})
    layout.name(manifest(layout, "2"), **{OCI: "quay.io/team/app:1"})
    assert LayoutContent(layout.folder).tags("team/app") == ["1"]


def test_the_manifests_of_an_index_are_found_by_digest(layout):
    child = manifest(layout, "{}")
    digest = layout.blob(child)
    entry = {"mediaType": OCI_MANIFEST, "digest": str(digest), "size": len(child)}
    layout.name(json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode(), OCI_INDEX, **{OCI: "app:1"})
    found = LayoutContent(layout.folder).manifest("library/app", str(digest))
    assert found is not None
    assert (found.raw, found.media_type) == (child, OCI_MANIFEST)


@pytest.mark.parametrize("data", [b"\x1f\x8b a layer", b'{"os":"linux"}', b'{"config":' + b" " * (4 << 20) + b"{}}"])
def test_a_blob_that_is_no_manifest_is_not_given_as_one(layout, data):
    layout.name(manifest(layout, "{}"), **{OCI: "app:1"})
    assert LayoutContent(layout.folder).manifest("library/app", str(layout.blob(data))) is None


def test_a_blob_is_read_in_parts(layout):
    layout.name(manifest(layout, "{}"), **{OCI: "app:1"})
    data = bytes(range(256)) * 10_000
    blob = LayoutContent(layout.folder).blob("library/app", layout.blob(data))
    assert blob is not None
    assert blob.size == len(data)
    assert b"".join(blob.pieces(100, 2_000_000)) == data[100:2_000_000]


def test_what_is_not_there_is_none(layout):
    layout.name(manifest(layout, "{}"), **{OCI: "app:1"})
    content, absent = LayoutContent(layout.folder), Digest.of(b"absent")
    assert content.tags("library/other") is None
    assert content.manifest("library/app", "2") is None
    assert content.manifest("library/app", str(absent)) is None
    assert content.blob("library/app", absent) is None
    assert content.blob("library/other", layout.blob(b"there")) is None


def test_an_image_that_is_added_later_is_seen(layout):
    layout.name(manifest(layout, "1"), **{OCI: "app:1"})
    content = LayoutContent(layout.folder)
    assert content.tags("library/app") == ["1"]
    layout.name(manifest(layout, "2"), **{OCI: "app:2"})
    assert content.tags("library/app") == ["1", "2"]
