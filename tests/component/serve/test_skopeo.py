"""An independent client pulls the sample image from the embedded registry."""

import json
import shutil
import subprocess

import pytest

from dget.model import Digest
from dget.serve import LayoutContent, Server, answer
from dget.serve.sample import PLATFORMS, REPOSITORY, TAGS, sample_content

pytestmark = pytest.mark.skipif(shutil.which("skopeo") is None, reason="skopeo is not installed")


@pytest.fixture
def content():
    return sample_content()


@pytest.fixture
def server(content):
    with Server(lambda request: answer(request, content)) as server:
        yield server


def skopeo(*words):
    done = subprocess.run(["skopeo", *words], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def copy(server, target, repository=REPOSITORY, tag="1.0"):
    source = f"docker://{server.address}/{repository}:{tag}"
    skopeo("--insecure-policy", "copy", "--all", "--src-tls-verify=false", source, f"oci:{target}:1.0")


def test_skopeo_copies_every_platform(server, content, tmp_path):
    copy(server, tmp_path / "copy")
    entry = json.loads((tmp_path / "copy" / "index.json").read_bytes())["manifests"][0]
    assert entry["digest"] == str(Digest.of(content.manifest(REPOSITORY, "1.0").raw))
    # The index; a manifest, a configuration and the program's layer for each platform; the layer they share.
    assert len(list((tmp_path / "copy" / "blobs" / "sha256").iterdir())) == 1 + 3 * len(PLATFORMS) + 1


def test_what_skopeo_wrote_is_served_again_with_the_same_digest(server, tmp_path):
    copy(server, tmp_path / "first")
    content = LayoutContent(tmp_path / "first", unnamed="again")
    with Server(lambda request: answer(request, content)) as second:
        copy(second, tmp_path / "second", repository="again")
    first, again = (json.loads((tmp_path / name / "index.json").read_bytes()) for name in ("first", "second"))
    assert first == again


def test_skopeo_lists_the_tags(server):
    listed = skopeo("list-tags", "--tls-verify=false", f"docker://{server.address}/{REPOSITORY}")
    assert json.loads(listed)["Tags"] == sorted(TAGS)


@pytest.mark.parametrize("platform", PLATFORMS, ids=str)
def test_skopeo_finds_each_platform(server, platform):
    variant = [f"--override-variant={platform.variant}"] if platform.variant else []
    image = f"docker://{server.address}/{REPOSITORY}:latest"
    shown = skopeo(f"--override-arch={platform.architecture}", *variant, "inspect", "--tls-verify=false", image)
    assert json.loads(shown)["Architecture"] == platform.architecture
