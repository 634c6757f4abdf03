"""From a plan to its archives: one, or one a platform where the format holds one."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from dget.api.connections import fetching_of
from dget.api.planned import archives_of, kind_of, targets_for
from dget.api.results import PullResult
from dget.archive import (
    Exported,
    Exporter,
    Form,
    Format,
    exporter_into_file,
    exporter_into_stream,
)
from dget.config import Settings
from dget.engine import Assembly, CachedImage, Part, PullPlan, Several
from dget.errors import DgetError, UsageError
from dget.flow import Cancel, Clock, Observer, Warned

if TYPE_CHECKING:
    from dget.archive.layers import LayerReader

Output: TypeAlias = str | Path | BinaryIO | None


def written(output: Output) -> str | None:
    """As a person writes it after `-o`."""
    if output is None:
        return None
    return str(output) if isinstance(output, str | Path) else "-"


def assembly(several: Several, settings: Settings, *, clock: Clock, cancel: Cancel, observer: Observer) -> Assembly:
    """As the settings want it. cancel: of this run alone."""
    return Assembly(
        several=several,
        fetching=fetching_of(settings, clock),
        cancel=cancel,
        observer=observer,
    )


class ArchiveWriter:
    """source: of the plan, open for this call; reopened: the same for a run of its own."""

    def __init__(
        self,
        settings: Settings,
        source: CachedImage,
        reopened: Callable[[Cancel], CachedImage],
        *,
        clock: Clock,
        observer: Observer,
    ) -> None:
        self._settings = settings
        self._source = source
        self._reopened = reopened
        self._clock = clock
        self._observer = observer

    def write(
        self, whole: PullPlan, form: Form, output: Output, *, clobber: bool, full_name: bool, cancel: Cancel
    ) -> tuple[PullResult, ...]:
        """full_name: of files to which the person gives none. Raises UsageError where several archives would go into one file, and what the engine raises."""
        plans = archives_of(whole, form)
        if output is None or isinstance(output, str | Path):
            if form.misnamed(written(output)):
                self._observer(Warned(text=f"{output} is not named like what it holds: {form.compression}"))
            targets = targets_for(plans, form, written(output), full_name=full_name)
            return self._write_files(plans, form, targets, clobber=clobber, cancel=cancel)
        if len(plans) > 1:
            raise UsageError(
                f"a {form.format} holds one platform, and {whole.reference} comes for {len(plans)}",
                hint="take --format oci-archive for a stream of all",
            )
        stream = output
        if form.format is Format.ROOTFS:
            from dget.archive import rootfs_into_stream

            rootfs = partial(rootfs_into_stream, form=form, stream=stream)
            return (self._write_rootfs(self._source, whole, form, rootfs, cancel),)
        return (self._write(self._source, whole, form, exporter_into_stream(form, stream), None, cancel),)

    def _write_files(
        self, plans: Sequence[PullPlan], form: Form, targets: Sequence[Path], *, clobber: bool, cancel: Cancel
    ) -> tuple[PullResult, ...]:
        done: list[PullResult] = []
        *_, last = plans
        for plan, target in zip(plans, targets, strict=True):
            if not clobber and target.exists() and not target.is_dir():
                done.append(_result(plan, form, target, target.stat().st_size, seconds=0.0, kept=True))
                continue
            try:
                if plan is last:
                    done.append(self._write_file(self._source, plan, form, target, cancel))
                else:
                    # The end of an assembly cancels its run, with all that is still asked for: each has one of its own.
                    run = Cancel()
                    with cancel.on_cancel(run.cancel):
                        done.append(self._write_file(self._reopened(run), plan, form, target, run))
            except DgetError:
                if done:
                    whole = ", ".join(str(one.path) for one in done)
                    self._observer(Warned(text=f"of {len(plans)} platforms' files these are done: {whole}"))
                raise
        return tuple(done)

    def _write_file(self, source: CachedImage, plan: PullPlan, form: Form, target: Path, cancel: Cancel) -> PullResult:
        if form.format is Format.ROOTFS:
            from dget.archive import rootfs_into_file

            rootfs = partial(rootfs_into_file, form=form, target=target, observer=self._observer)
            return self._write_rootfs(source, plan, form, rootfs, cancel)
        scratch = target.with_name(f"{target.name}.part.blobs")
        return self._write(source, plan, form, exporter_into_file(form, target, self._observer), scratch, cancel)

    def _write(
        self,
        source: CachedImage,
        plan: PullPlan,
        form: Form,
        exporter: Exporter,
        scratch: Path | None,
        cancel: Cancel,
    ) -> PullResult:
        begun = self._clock.monotonic()
        several = Several([Part(source=source, plan=plan)])
        work = assembly(several, self._settings, clock=self._clock, cancel=cancel, observer=self._observer)
        assembled = work.into(exporter, scratch)
        return _result(
            plan,
            form,
            assembled.exported.path,
            assembled.exported.size,
            seconds=self._clock.monotonic() - begun,
            fetched=assembled.fetched,
            reused=assembled.reused,
        )

    def _write_rootfs(
        self,
        source: CachedImage,
        plan: PullPlan,
        form: Form,
        rootfs: "Callable[[LayerReader], Exported]",
        cancel: Cancel,
    ) -> PullResult:
        from dget.archive.layers import LayerReader
        from dget.engine import FetchedLayers

        begun = self._clock.monotonic()
        layers = {layer.digest: layer for layer in plan.image.manifest.value.layers}.values()
        reused = sum(layer.size for layer in layers if source.has(layer))
        with FetchedLayers(
            source,
            plan.image.manifest,
            fetching=fetching_of(self._settings, self._clock),
            cancel=cancel,
            observer=self._observer,
        ) as fetched:
            exported = rootfs(LayerReader(fetched, cancel))
        return _result(
            plan,
            form,
            exported.path,
            exported.size,
            seconds=self._clock.monotonic() - begun,
            fetched=sum(layer.size for layer in layers) - reused,
            reused=reused,
        )


def _result(
    plan: PullPlan,
    form: Form,
    path: Path,
    size: int,
    *,
    seconds: float,
    fetched: int = 0,
    reused: int = 0,
    kept: bool = False,
) -> PullResult:
    one = plan.image if len(plan.images) == 1 else None
    return PullResult(
        path=path,
        image=str(plan.reference),
        name=plan.names[0],
        names=plan.names,
        platform=", ".join(str(image.platform) for image in plan.images if image.platform),
        digest=str((one.manifest.descriptor if one else plan.root).digest),
        size=size,
        format=str(form.format),
        compression=str(form.compression),
        layers=len({layer.digest for image in plan.images for layer in image.manifest.value.layers}),
        fetched=fetched,
        reused=reused,
        seconds=seconds,
        kind=kind_of(plan.image),
        companions=len(plan.companions),
        kept=kept,
        converted_from=plan.converted_from,
        quota=plan.quota,
    )
