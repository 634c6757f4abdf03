"""The sample image."""

import gzip
import io
import struct
import tarfile

import pytest

from dget.model import Digest, ImageConfig, Index, Manifest, read_manifest
from dget.model.document import decode
from dget.serve.sample import PLATFORMS, REPOSITORY, TAGS, sample_content

# The machine that a program's header names. Source: elf(5), e_machine, and the registry it cites.
MACHINES = {
    "386": 3,
    "amd64": 62,
    "arm": 40,
    "arm64": 183,
    "loong64": 258,
    "ppc64le": 21,
    "riscv64": 243,
    "s390x": 22,
}


def blob(content, digest):
    found = content.blob(REPOSITORY, digest)
    assert found is not None
    return b"".join(found.pieces(0, found.size))


def raw_manifest(content, selector):
    found = content.manifest(REPOSITORY, selector)
    assert found is not None
    return found.raw


def index(content):
    return decode(raw_manifest(content, "latest"), Index)


def build(content, platform):
    """The manifest, the configuration and the unpacked layers for a platform."""
    entry = next(entry for entry in index(content).manifests if entry.platform == platform)
    manifest = decode(raw_manifest(content, str(entry.digest)), Manifest)
    config = decode(blob(content, manifest.config.digest), ImageConfig)
    return manifest, config, [gzip.decompress(blob(content, layer.digest)) for layer in manifest.layers]


def program(layers):
    for layer in layers:
        with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
            if "hello" in tar.getnames() and (file := tar.extractfile("hello")):
                return tar.getmember("hello"), file.read()
    raise AssertionError("no layer holds the program")


def test_it_is_the_same_every_time():
    first, second = sample_content(), sample_content()
    assert first.manifest(REPOSITORY, "latest") == second.manifest(REPOSITORY, "latest")


def test_its_compressed_layers_name_neither_time_nor_system():
    content = sample_content()
    for layer in (layer for platform in PLATFORMS for layer in build(content, platform)[0].layers):
        # RFC 1952 section 2.3: deflate, no flags, no time, best compression, unknown system.
        assert blob(content, layer.digest)[:10] == bytes.fromhex("1f8b08 00 00000000 02 ff")


def test_every_tag_names_the_index_of_all_platforms():
    content = sample_content()
    assert content.tags(REPOSITORY) == sorted(TAGS)
    assert len({content.manifest(REPOSITORY, tag) for tag in TAGS}) == 1
    assert [entry.platform for entry in index(content).manifests] == list(PLATFORMS)


@pytest.mark.parametrize("platform", PLATFORMS, ids=str)
def test_every_descriptor_is_true(platform):
    content = sample_content()
    for entry in index(content).manifests:
        raw = raw_manifest(content, str(entry.digest))
        assert read_manifest(raw).descriptor.digest == entry.digest
        assert len(raw) == entry.size
    manifest, config, layers = build(content, platform)
    for descriptor in (manifest.config, *manifest.layers):
        assert len(blob(content, descriptor.digest)) == descriptor.size
    assert config.diff_ids == tuple(map(Digest.of, layers))


@pytest.mark.parametrize("platform", PLATFORMS, ids=str)
def test_the_configuration_says_the_platform_and_starts_the_program(platform):
    _, config, layers = build(sample_content(), platform)
    assert config.platform == platform
    assert config.config is not None
    assert config.config.entrypoint == ("/hello",)
    assert config.history is not None
    assert len([step for step in config.history if not step.empty_layer]) == len(layers)


@pytest.mark.parametrize("platform", PLATFORMS, ids=str)
def test_the_program_is_built_for_the_platform_and_says_so(platform):
    member, data = program(build(sample_content(), platform)[2])
    assert member.mode == 0o755
    order = ">" if platform.architecture == "s390x" else "<"
    assert data[:4] == b"\x7fELF"
    assert struct.unpack_from(f"{order}H", data, 18) == (MACHINES[platform.architecture],)
    assert f"Hello from dget! This image is {platform}.\n".encode() in data


def test_all_platforms_share_a_layer():
    content = sample_content()
    layers = [build(content, platform)[0].layers for platform in PLATFORMS]
    assert len({first.digest for first, *_ in layers}) == 1
