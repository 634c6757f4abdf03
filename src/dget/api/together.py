"""Several images into one archive: what they share is fetched and stored once."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from dget.api.archive_writer import Output, assembly, written
from dget.api.planned import kind_of
from dget.api.results import ManyResult, PulledImage
from dget.archive import Exported, Form, Format, exporter_into_file, exporter_into_stream
from dget.config import Settings
from dget.engine import Part, PullPlan, Several
from dget.errors import DgetError, UsageError
from dget.flow import Cancel, Clock, Observer, Warned


def write_together(  # noqa: PLR0913 - what is to be written, and how
    parts: Sequence[Part],
    failures: Sequence[tuple[str, DgetError]],
    form: Form,
    output: Output,
    settings: Settings,
    *,
    clobber: bool,
    clock: Clock,
    cancel: Cancel,
    observer: Observer,
) -> ManyResult:
    """failures: what is left out, and why. Raises UsageError where the output names no single file, and what the engine raises."""
    if form.format is Format.ROOTFS:
        raise UsageError("a root file system is of one image", hint="name a folder with -o for one each")
    for part in parts:
        _refuse_several_platforms(part.plan, form)
    target = _target(output, form)
    if isinstance(target, Path):
        if form.misnamed(written(output)):
            observer(Warned(text=f"{output} is not named like what it holds: {form.compression}"))
        if not clobber and target.exists() and not target.is_dir():
            there = Exported(path=target, size=target.stat().st_size)
            return _result(parts, failures, form, there, kept=True)
        exporter = exporter_into_file(form, target, observer)
        scratch = target.with_name(f"{target.name}.part.blobs")
    else:
        exporter, scratch = exporter_into_stream(form, target), None
    begun = clock.monotonic()
    work = assembly(Several(parts), settings, clock=clock, cancel=cancel, observer=observer)
    assembled = work.into(exporter, scratch)
    return _result(
        parts,
        failures,
        form,
        assembled.exported,
        fetched=assembled.fetched,
        reused=assembled.reused,
        seconds=clock.monotonic() - begun,
    )


def _refuse_several_platforms(plan: PullPlan, form: Form) -> None:
    if len(plan.images) > 1 and not form.is_oci:
        raise UsageError(
            f"a {form.format} holds one platform of an image, and {plan.reference} comes for {len(plan.images)}",
            hint="take --format oci-archive for one file of all",
        )


def _target(output: Output, form: Form) -> Path | BinaryIO:
    if output is None:
        raise UsageError("one archive of several images has no name of its own", hint="name a file with -o")
    if not isinstance(output, str | Path):
        return output
    if form.suffix and (str(output).endswith(("/", os.sep)) or Path(output).is_dir()):
        raise UsageError(f"{output} is a folder, and one archive is a file", hint="name a file with -o")
    return Path(output)


def _result(
    parts: Sequence[Part],
    failures: Sequence[tuple[str, DgetError]],
    form: Form,
    exported: Exported,
    *,
    fetched: int = 0,
    reused: int = 0,
    seconds: float = 0.0,
    kept: bool = False,
) -> ManyResult:
    plans = [part.plan for part in parts]
    every = [image for plan in plans for image in plan.images]
    return ManyResult(
        path=exported.path,
        images=tuple(map(_pulled, plans)),
        size=exported.size,
        format=str(form.format),
        compression=str(form.compression),
        layers=len({layer.digest for image in every for layer in image.manifest.value.layers}),
        fetched=fetched,
        reused=reused,
        seconds=seconds,
        companions=sum(len(plan.companions) for plan in plans),
        kept=kept,
        failures=tuple(failures),
        quota=next((plan.quota for plan in reversed(plans) if plan.quota), None),
    )


def _pulled(plan: PullPlan) -> PulledImage:
    one = plan.image if len(plan.images) == 1 else None
    return PulledImage(
        image=str(plan.reference),
        name=plan.names[0],
        names=plan.names,
        platform=", ".join(str(image.platform) for image in plan.images if image.platform),
        digest=str((one.manifest.descriptor if one else plan.root).digest),
        kind=kind_of(plan.image),
        converted_from=plan.converted_from,
    )
