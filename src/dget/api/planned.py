"""What a plan says to a person: which archives there will be, and what will be in them."""

from collections.abc import Sequence
from pathlib import Path

from dget.api.results import ImagePlan, LayerPlan
from dget.archive import STREAM, Form, size_of, targets_of
from dget.engine import CachedImage, PullPlan
from dget.model import Companion, Descriptor, Digest, Image, Manifest
from dget.model.artifact_kind import artifact_type, describe


def kind_of(image: Image) -> str:
    """`an image`, `a Helm chart`."""
    return "an image" if image.runs else describe(image.manifest.value)


def archives_of(whole: PullPlan, form: Form) -> Sequence[PullPlan]:
    """A plan for each archive."""
    return [whole] if form.is_oci else whole.apart()


def targets_for(
    plans: Sequence[PullPlan], form: Form, output: str | None, *, full_name: bool = False
) -> Sequence[Path]:
    """One for each plan; an archive of several platforms is named after none. Raises UsageError."""
    platforms = [plan.image.platform if len(plan.images) == 1 else None for plan in plans]
    return targets_of(output, form, plans[0].reference, platforms, full_name=full_name)


def image_plans(whole: PullPlan, form: Form, output: str | None, source: CachedImage) -> tuple[ImagePlan, ...]:
    """Of each image. output: as a person writes it after `-o`. Raises UsageError, and Unsupported."""
    plans = archives_of(whole, form)
    targets = [STREAM] * len(plans) if output == "-" else targets_for(plans, form, output)
    sizes = [size_of(plan.contents, form) for plan in plans]
    counted: set[Digest] = set()
    return tuple(
        _image_plan(plan, one, source, archive=target, archive_size=size, counted=counted)
        for plan, target, size in zip(plans, targets, sizes, strict=True)
        for one in plan.images
    )


def _image_plan(
    plan: PullPlan,
    image: Image,
    source: CachedImage,
    *,
    archive: Path,
    archive_size: int | None,
    counted: set[Digest],
) -> ImagePlan:
    """Of one of the plan's images. counted: blobs that another plan's download has, to which this one's are added."""

    def planned(blob: Descriptor) -> LayerPlan:
        return LayerPlan(digest=str(blob.digest), media_type=blob.media_type, size=blob.size, cached=source.has(blob))

    def beside(companion: Companion) -> LayerPlan:
        value = companion.root.value
        return LayerPlan(
            digest=str(companion.root.descriptor.digest),
            media_type=artifact_type(value) if isinstance(value, Manifest) else companion.root.descriptor.media_type,
            size=sum(blob.size for blob in companion.blobs),
            cached=all(map(source.has, companion.blobs)),
        )

    # The first image's plan tells of what is kept beside all.
    companions = plan.companions if image is plan.image else ()
    held = [*image.blobs, *(blob for companion in companions for blob in companion.blobs)]
    blobs = {blob.digest: blob for blob in held if blob.digest not in counted}
    counted |= set(blobs)
    manifest = image.manifest
    return ImagePlan(
        image=str(plan.reference),
        name=plan.names[0],
        names=plan.names,
        platform=str(image.platform or ""),
        platforms=tuple(map(str, plan.available)),
        root_digest=str(plan.root.digest),
        root_media_type=plan.root.media_type,
        digest=str(manifest.descriptor.digest),
        media_type=manifest.descriptor.media_type,
        config=planned(manifest.value.config),
        layers=tuple(map(planned, manifest.value.layers)),
        to_download=sum(blob.size for blob in blobs.values() if not source.has(blob)),
        archive=archive,
        archive_size=archive_size,
        quota=plan.quota,
        kind=kind_of(image),
        companions=tuple(map(beside, companions)),
    )
