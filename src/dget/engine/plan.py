"""From a reference to a plan: which image, which blobs, how many bytes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from dget.engine.cached_image import CachedImage
from dget.errors import NoSuchPlatform, Unsupported
from dget.flow import Observer, Warned
from dget.model import (
    Contents,
    Descriptor,
    Document,
    Image,
    ImageConfig,
    Index,
    Manifest,
    Platform,
    Reference,
    choose_platform,
)
from dget.model import media_type as kinds
from dget.protocol.quota import Quota

_NESTED_MAX = 4
# From the one that the reference names down to the one that lists the image.
_Indexes: TypeAlias = tuple[Document[Index], ...]
_Build: TypeAlias = tuple[Descriptor, Platform, _Indexes]


@dataclass(frozen=True, slots=True, kw_only=True)
class PullPlan:
    """What a pull will fetch.

    root: what the reference names; available: all platforms of its index, empty for a single image.
    """

    reference: Reference
    root: Descriptor
    available: tuple[Platform, ...]
    image: Image
    quota: Quota | None

    @property
    def contents(self) -> Contents:
        return Contents(images=(self.image,))


def make_plan(
    source: CachedImage, wanted: Platform, *, named: bool, observer: Observer, keep_index: bool = False
) -> PullPlan:
    """The plan for the build that suits `wanted` best.

    named: whether the person asked for this platform, or it is this machine's; keep_index: whether the registry's index
    goes into the archive, so that its digest survives. Raises NoSuchPlatform, Unsupported
    and what the registry raises.
    """
    root = source.resolve()
    reference = source.remote.reference
    builds: list[_Build] = []
    indexes: _Indexes = ()
    if root.kind is Index:
        builds = list(_builds(source, (_as_index(root),)))
        manifest, platform, indexes = _choose(source, builds, wanted, observer)
    else:
        manifest = _only_manifest(root)
        _check_kind(reference, manifest.value)
        platform = _platform_of_single(source, manifest, wanted, named, observer)
    _check_kind(reference, manifest.value)
    return PullPlan(
        reference=reference,
        root=root.descriptor,
        available=tuple(platform for _, platform, _ in builds),
        image=Image(
            names=source.remote.names,
            platform=platform,
            manifest=manifest,
            indexes=indexes if keep_index else (),
        ),
        quota=source.remote.quota,
    )


def check_config(plan: PullPlan, config: Document[ImageConfig], observer: Observer) -> None:
    """Whether the config, once it is here, fits the manifest. Raises Unsupported."""
    layers = len(plan.image.manifest.value.layers)
    diff_ids = len(config.value.diff_ids)
    if layers != diff_ids:
        raise Unsupported(
            f"{plan.reference} is broken at the registry: {layers} layers, but its config names {diff_ids}",
            hint="no engine would load it; tell its publisher",
        )
    said = config.value.platform.normalised()
    built_for = plan.image.platform
    if plan.available and built_for and said.architecture != built_for.architecture:
        observer(Warned(text=f"the index says {built_for}, the image's own config says {said}"))


def _builds(source: CachedImage, indexes: _Indexes) -> Iterator[_Build]:
    """The innermost index's images and their platforms; an index within an index counts as its images."""
    if len(indexes) > _NESTED_MAX + 1:
        raise Unsupported(f"{source.remote.reference} has indexes nested deeper than {_NESTED_MAX} levels")
    for entry in indexes[-1].value.images:
        if not source.remote.holds(entry):
            continue
        if entry.media_type in (kinds.OCI_INDEX, kinds.DOCKER_INDEX):
            yield from _builds(source, (*indexes, _as_index(source.document(entry))))
        elif entry.platform is not None and entry.platform.os:
            yield entry, entry.platform.normalised(), indexes
        elif entry.artifact_type is None:
            manifest = _only_manifest(source.document(entry))
            if manifest.value.config.media_type in kinds.IMAGE_CONFIGS:
                yield entry, source.config(manifest.value.config).value.platform.normalised(), indexes


def _choose(
    source: CachedImage, builds: Sequence[_Build], wanted: Platform, observer: Observer
) -> tuple[Document[Manifest], Platform, _Indexes]:
    platforms = [platform for _, platform, _ in builds]
    place = choose_platform(platforms, wanted)
    if place is None:
        raise NoSuchPlatform(str(source.remote.reference), wanted, platforms)
    entry, platform, indexes = builds[place]
    if platform.architecture != wanted.architecture:
        observer(
            Warned(text=f"no build for {wanted}: taking {platform}, which it can run too (podman would not choose it)")
        )
    return _only_manifest(source.document(entry)), platform, indexes


def _platform_of_single(
    source: CachedImage, manifest: Document[Manifest], wanted: Platform, named: bool, observer: Observer
) -> Platform:
    """The platform that the config tells. Raises NoSuchPlatform where the person named another."""
    platform = source.config(manifest.value.config).value.platform.normalised()
    if not platform.os:
        return wanted
    if choose_platform([platform], wanted) is None:
        if named:
            raise NoSuchPlatform(str(source.remote.reference), wanted, [platform])
        observer(Warned(text=f"this image has one build, for {platform}; this machine is {wanted}"))
    return platform


def _check_kind(reference: Reference, manifest: Manifest) -> None:
    """Raises Unsupported for what is no container image, or holds layers that a registry does not hand out."""
    kind = manifest.config.media_type
    if kind not in kinds.IMAGE_CONFIGS:
        name = (
            "a Docker plugin"
            if kind == kinds.DOCKER_PLUGIN_CONFIG
            else f"an artifact ({manifest.artifact_type or kind})"
        )
        raise Unsupported(f"{reference} is not a container image but {name}", hint="no engine could load it")
    for layer in manifest.layers:
        if kinds.is_foreign_layer(layer.media_type):
            raise Unsupported(f"{reference} has a layer that its registry may not hand out: {layer.digest}")
        if not kinds.is_layer(layer.media_type):
            raise Unsupported(f"{reference} has a layer of an unknown kind: {layer.media_type}")


def _only_manifest(document: Document[Manifest] | Document[Index]) -> Document[Manifest]:
    if isinstance(document.value, Manifest):
        return document
    raise Unsupported("an index stands where an image's manifest belongs")


def _as_index(document: Document[Manifest] | Document[Index]) -> Document[Index]:
    if isinstance(document.value, Index):
        return document
    raise Unsupported("a manifest stands where an index belongs")
