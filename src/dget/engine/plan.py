"""From a reference to a plan: which images, which blobs, how many bytes."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from dget.engine.builds import Indexes, choose_builds, list_builds, only_index, only_manifest, platform_of_single
from dget.engine.cached_image import CachedImage
from dget.engine.converted_image import CONVERTED_FROM
from dget.engine.layer_kinds import left_out, warnings_of
from dget.errors import Unsupported
from dget.flow import Observer, Warned
from dget.model import (
    Companion,
    Contents,
    Descriptor,
    Digest,
    Document,
    Image,
    ImageConfig,
    Index,
    Manifest,
    Platform,
    PlatformWish,
    Reference,
    Selection,
)
from dget.model.artifact_kind import is_image
from dget.protocol.quota import Quota


class PullPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a pull will fetch.

    root: what the reference names; available: all platforms of its index, empty for a single image; images: one for each
    wanted platform; companions: what is kept beside them; at_hand: the configs that were read for it and that no cache
    holds, verified.
    """

    reference: Reference
    root: Descriptor
    available: tuple[Platform, ...]
    images: tuple[Image, ...]
    companions: tuple[Companion, ...] = ()
    quota: Quota | None
    at_hand: Mapping[Digest, bytes]

    @property
    def image(self) -> Image:
        """The only one, or the first of several platforms'."""
        return self.images[0]

    @property
    def names(self) -> tuple[str, ...]:
        """What engines call it once it is loaded."""
        return self.image.names or (self.reference.archive_name,)

    @property
    def converted_from(self) -> str | None:
        """What the registry calls the manifest of schema 1 that the image was made from."""
        return self.root.annotation(CONVERTED_FROM)

    @property
    def contents(self) -> Contents:
        return Contents(images=self.images, companions=self.companions)

    def warnings(self, *, as_they_are: bool) -> list[str]:
        """What a person should know of the layers. as_they_are: whether Docker will get them packed as they are."""
        said = {
            text: None
            for image in self.images
            for text in warnings_of(image.manifest.value, image.left_out, as_they_are=as_they_are)
        }
        return list(said)

    def apart(self) -> "Sequence[PullPlan]":
        """A plan for each image, for formats that hold one platform."""
        return [replace(self, images=(image,)) for image in self.images]


def make_plan(
    source: CachedImage,
    wish: PlatformWish,
    selection: Selection,
    *,
    observer: Observer,
    keep_index: bool = False,
    ahead: bool = False,
    names: tuple[str, ...] | None = None,
) -> PullPlan:
    """The plan for the builds that suit the wish best.

    keep_index: whether the registry's index goes into the archive, so that its digest survives; ahead: whether its layers
    are fetched next, so that it may be found out already where they are; names: those that it gets in place of its own.
    Raises NoSuchPlatform, Unsupported and what the registry raises.
    """
    root = source.resolve()
    if ahead and isinstance(root.value, Manifest) and is_image(root.value):
        # Its config is read first, for its platform.
        source.expect(root.value.layers)
    names = source.remote.names if names is None else names
    images, available = _choose(source, names, root, wish, selection, observer)
    companions = _companions(source, images, selection, observer)
    referred = {companion.subject for companion in companions}
    # An index of artifacts is kept: all that it lists is here. So is one that is signed, since a signature of what is
    # not here proves nothing.
    keeps = keep_index or not available or any(index.descriptor.digest in referred for index in _indexes_of(images))
    return PullPlan(
        reference=source.remote.reference,
        root=root.descriptor,
        available=available,
        images=tuple(images if keeps else (replace(image, indexes=()) for image in images)),
        companions=tuple(companions),
        quota=source.remote.quota,
        at_hand=source.take_read([image.manifest.value.config for image in images]),
    )


def check_config(plan: PullPlan, config: Document[ImageConfig], observer: Observer) -> None:
    """Whether a config, once it is here, fits the images that it belongs to. Raises Unsupported."""
    for image in plan.images:
        if image.runs and image.manifest.value.config.digest == config.descriptor.digest:
            _check_config(plan, image, config, observer)


def _check_config(plan: PullPlan, image: Image, config: Document[ImageConfig], observer: Observer) -> None:
    layers = len(image.manifest.value.layers)
    diff_ids = len(config.value.diff_ids)
    if layers != diff_ids:
        raise Unsupported(
            f"{plan.reference} is broken at the registry: {layers} layers, but its config names {diff_ids}",
            hint="no engine would load it; tell its publisher",
        )
    said = config.value.platform.normalised()
    if plan.available and image.platform and said.architecture != image.platform.architecture:
        observer(Warned(text=f"the index says {image.platform}, the image's own config says {said}"))


def _choose(
    source: CachedImage,
    names: tuple[str, ...],
    root: Document[Manifest] | Document[Index],
    wish: PlatformWish,
    selection: Selection,
    observer: Observer,
) -> tuple[list[Image], tuple[Platform, ...]]:
    """The wanted images, each with its indexes, and all platforms that there are."""
    reference = source.remote.reference

    def image(document: Document[Manifest], platform: Platform | None, indexes: Indexes) -> Image:
        return Image(
            names=names,
            platform=platform,
            manifest=document,
            indexes=indexes,
            left_out=left_out(document.value, selection.foreign_layers, str(reference)),
        )

    if root.kind is not Index:
        only = only_manifest(root)
        runs = is_image(only.value)
        return [image(only, platform_of_single(source, only, wish, observer) if runs else None, ())], ()
    builds = list_builds(source, only_index(root))
    chosen = choose_builds(source, builds, wish, observer)
    documents = source.documents([build.entry for build in chosen])
    images = [
        image(only_manifest(document), build.platform, build.indexes)
        for build, document in zip(chosen, documents, strict=True)
    ]
    return images, tuple(build.platform for build in builds if build.platform)


def _companions(
    source: CachedImage, images: Sequence[Image], selection: Selection, observer: Observer
) -> list[Companion]:
    """Raises DgetError."""
    found: dict[Digest, Companion] = {}
    if selection.attestations:
        from dget.engine.companions import attestations_of

        for image in images:
            found |= {one.root.descriptor.digest: one for one in attestations_of(source, image)}
        if not found:
            observer(Warned(text=f"{source.remote.reference} has no attestations in its index"))
    if selection.referrers:
        from dget.engine.companions import Referrers

        referrers = Referrers(source, selection, observer)
        subjects = [index.descriptor.digest for index in _indexes_of(images)]
        subjects += [image.manifest.descriptor.digest for image in images]
        refer = {one.root.descriptor.digest: one for subject in subjects for one in referrers.of(subject)}
        if not refer:
            observer(Warned(text=f"nothing refers to {source.remote.reference} at its registry"))
        found = refer | found
    return list(found.values())


def _indexes_of(images: Iterable[Image]) -> list[Document[Index]]:
    """Each once."""
    return list({index.descriptor.digest: index for image in images for index in image.indexes}.values())
