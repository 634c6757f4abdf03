"""skopeo: reads archives as podman, buildah and CRI-O do."""

import json
import tempfile
from pathlib import Path

from tests.parts.engines import Launcher, here, output_of
from tests.parts.process import need


class Skopeo:
    def __init__(self, *, launcher: Launcher = here) -> None:
        if launcher is here:
            need("skopeo", "skopeo")
        self._launcher = launcher

    def inspect(self, source: str) -> dict[str, object]:
        """source: as skopeo names it, for example `oci-archive:FILE`."""
        found: dict[str, object] = json.loads(output_of(self._launcher(["skopeo", "inspect", source])))
        return found

    def raw(self, source: str) -> bytes:
        """The document that the source's name stands for."""
        return output_of(self._launcher(["skopeo", "inspect", "--raw", source])).encode()

    def copy(self, source: str, folder: Path, *options: str, registries: Path | None = None) -> None:
        """Into a plain folder; every blob is verified on the way. registries: a registries.conf."""
        configured = ["--registries-conf", str(registries)] if registries else []
        command = ["skopeo", *configured, "--insecure-policy", *options, "copy", source, f"dir:{folder}"]
        output_of(self._launcher(command))

    def takes(self, source: str, workplace: Path) -> bool:
        """Whether it finds the image and every blob of it whole."""
        with tempfile.TemporaryDirectory(dir=workplace) as folder:
            try:
                self.copy(source, Path(folder) / "copy")
            except AssertionError:
                return False
        return True
