"""An image's configuration: what runs in it, and which layers it is made of.

Read as Docker reads it: null is the empty value, and one word may stand where a list belongs.
"""

from typing import Any, TypeAlias

import msgspec

from dget.model.digest import Digest
from dget.model.platform import Platform

Words: TypeAlias = tuple[str, ...] | str | None


class History(msgspec.Struct, frozen=True, kw_only=True):
    created: str | None = None
    created_by: str | None = None
    comment: str | None = None
    empty_layer: bool | None = None


class RootFS(msgspec.Struct, frozen=True, kw_only=True):
    type: str = "layers"
    diff_ids: tuple[Digest, ...] | None = None


class Execution(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """The `config` object: how a container of the image starts."""

    user: str | None = None
    exposed_ports: dict[str, Any] | None = None
    env: Words = None
    entrypoint: Words = None
    cmd: Words = None
    volumes: dict[str, Any] | None = None
    working_dir: str | None = None
    labels: dict[str, Any] | None = None
    stop_signal: str | None = None


class ImageConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Source: OCI image specification, config.md."""

    architecture: str | None = None
    os: str | None = None
    variant: str | None = None
    os_version: str | None = msgspec.field(default=None, name="os.version")
    os_features: tuple[str, ...] | None = msgspec.field(default=None, name="os.features")
    created: str | None = None
    author: str | None = None
    config: Execution | None = None
    rootfs: RootFS | None = None
    history: tuple[History, ...] | None = None

    @property
    def platform(self) -> Platform:
        return Platform(
            os=self.os or "",
            architecture=self.architecture or "",
            variant=self.variant or "",
            os_version=self.os_version or "",
            os_features=self.os_features or (),
        )

    @property
    def diff_ids(self) -> tuple[Digest, ...]:
        return (self.rootfs.diff_ids or ()) if self.rootfs else ()
