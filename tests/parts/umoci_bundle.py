"""umoci: unpacks images into runtime bundles as the OCI specification says, with or without root."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.parts.images import Image
from tests.parts.process import need

# Debian's nobody and nogroup.
NOBODY = 65534
_TIMEOUT = 120


class UmociBundle:
    def __init__(self) -> None:
        self._program = need("umoci", "umoci")

    def unpack(self, image: Image, work: Path) -> Path:
        """The root file system, unpacked by root."""
        return self._unpack(image, work, ())

    def unpack_rootless(self, image: Image, work: Path) -> Path:
        """The same by nobody, who gets the folder `work`."""
        return self._unpack(image, work, ("--rootless",), user=NOBODY)

    def _unpack(self, image: Image, work: Path, options: Sequence[str], user: int | None = None) -> Path:
        write_layout(image, work / "layout")
        if user is not None:
            for path in (work, *work.rglob("*")):
                os.chown(path, user, user)
        command = [self._program, "unpack", *options, "--image", f"{work / 'layout'}:image", str(work / "bundle")]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
            umask=0o022,
            env={"PATH": os.environ["PATH"], "HOME": str(work)},
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
        assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}: {done.stderr}"
        return work / "bundle" / "rootfs"


def write_layout(image: Image, folder: Path) -> None:
    """An OCI image layout whose one image has the tag `image`."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for digest, blob in {**image.blobs, image.root.digest: image.root.raw}.items():
        (blobs / digest.removeprefix("sha256:")).write_bytes(blob)
    entry = {
        "mediaType": image.root.media_type,
        "digest": image.root.digest,
        "size": len(image.root.raw),
        "annotations": {"org.opencontainers.image.ref.name": "image"},
    }
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
