"""What the calls return: values for people's programs and for the renderer."""

from pathlib import Path

import msgspec

from dget.config import Effective
from dget.errors import DgetError
from dget.model import Document, ImageConfig, Manifest, Platform, Reference
from dget.protocol.quota import Quota


class PullResult(msgspec.Struct, frozen=True, kw_only=True):
    """A finished archive.

    path: `-` for a stream; names: what engines call the loaded image, name: the first of them; platform: of several, with commas; digest: of the
    platform's manifest, of several the registry's index; size: of the file; format, compression: as `--format` and
    `--compress` name them; fetched, reused: bytes from the network and from the cache; kind: `an image`, `a Helm chart`
    and the like; companions: how many attestations and referrers it holds beside; kept: it was there already and
    --no-clobber kept it; converted_from: the digest of the old manifest (schema 1), where the registry has no other;
    quota: what the registry allows yet, where it tells.
    """

    path: Path
    image: str
    name: str
    platform: str
    digest: str
    size: int
    format: str
    compression: str
    layers: int
    fetched: int
    reused: int
    seconds: float
    names: tuple[str, ...] = ()
    kind: str = "an image"
    companions: int = 0
    kept: bool = False
    converted_from: str | None = None
    quota: Quota | None = None


class PulledImage(msgspec.Struct, frozen=True, kw_only=True):
    """One of an archive's images, in the words of PullResult."""

    image: str
    name: str
    platform: str
    digest: str
    kind: str
    converted_from: str | None
    names: tuple[str, ...] = ()


class ManyResult(msgspec.Struct, frozen=True, kw_only=True):
    """A finished archive of several images, in the words of PullResult.

    failures: images, as they were asked for, that are not in it, and why.
    """

    path: Path
    images: tuple[PulledImage, ...]
    size: int
    format: str
    compression: str
    layers: int
    fetched: int
    reused: int
    seconds: float
    kept: bool = False
    companions: int = 0
    failures: tuple[tuple[str, DgetError], ...] = ()
    quota: Quota | None = None


class LayerPlan(msgspec.Struct, frozen=True, kw_only=True):
    digest: str
    media_type: str
    size: int
    cached: bool


class ImagePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a pull would do. Sizes in bytes; to_download: without what the cache has, and what another platform's plan
    counts already; platforms: of the index; kind: `an image`, `a Helm chart` and the like; companions: attestations and
    referrers that are kept beside it; archive_size: None where it depends on bytes that are not here yet.
    """

    image: str
    name: str
    platform: str
    platforms: tuple[str, ...]
    root_digest: str
    root_media_type: str
    digest: str
    media_type: str
    config: LayerPlan
    layers: tuple[LayerPlan, ...]
    to_download: int
    archive: Path
    archive_size: int | None
    names: tuple[str, ...] = ()
    quota: Quota | None = None
    kind: str = "an image"
    companions: tuple[LayerPlan, ...] = ()


class ImageDetails(msgspec.Struct, frozen=True, kw_only=True):
    """An image's documents. value of config: entrypoint, env, history and the like; None of an artifact."""

    reference: Reference
    platform: Platform | None
    manifest: Document[Manifest]
    config: Document[ImageConfig] | None


class LoginResult(msgspec.Struct, frozen=True, kw_only=True):
    """kept_in: a helper, the keyring or a file; in_clear: whether who reads that file reads the password.

    checked: False where the registry lets everybody in, so that nobody can say whether the password is right.
    """

    registry: str
    username: str
    kept_in: str
    in_clear: bool
    checked: bool


class LogoutResult(msgspec.Struct, frozen=True, kw_only=True):
    """removed_from: None where dget kept nothing; still_in: where other tools keep credentials for it."""

    registry: str
    removed_from: str | None
    still_in: str | None


class TagList(msgspec.Struct, frozen=True, kw_only=True):
    """tags: natural order, so that 1.10 follows 1.9."""

    repository: str
    tags: tuple[str, ...]


class QuotaReport(msgspec.Struct, frozen=True, kw_only=True):
    """host: the registry, as images name it; image: the one that was asked about; quota: None where it tells none."""

    host: str
    image: str | None
    quota: Quota | None


class ConfigPath(msgspec.Struct, frozen=True, kw_only=True):
    """Where `config.toml` is, or would be."""

    path: Path
    exists: bool


class ConfigInEffect(ConfigPath, frozen=True, kw_only=True):
    """Every setting, secrets hidden, and where it came from."""

    settings: tuple[Effective, ...]
