"""From images, as they are asked for, to plans, and from plans to archives."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from dget.api.archive_writer import ArchiveWriter, Output, written
from dget.api.image_sources import ImageSources
from dget.api.order import Order
from dget.api.planned import image_plans
from dget.api.results import ImagePlan, ManyResult, PullResult
from dget.api.runs import Runs
from dget.archive import Format
from dget.config import Settings
from dget.engine import TO_BE_CONTINUED, CachedImage, Part, PullPlan, make_plan
from dget.errors import Cancelled, DgetError, NotFound, Partial, UsageError
from dget.flow import Cancel, Clock, Observer, Stage, Warned
from dget.model import Digest, PlatformWish, Reference, Selection


class Puller:
    """Its methods raise DgetError."""

    def __init__(
        self, settings: Settings, sources: ImageSources, runs: Runs, *, clock: Clock, observer: Observer
    ) -> None:
        self._settings = settings
        self._sources = sources
        self._runs = runs
        self._clock = clock
        self._observer = observer

    def pull(
        self, image: str, order: Order, output: Output, *, clobber: bool, full_name: bool, cancel: Cancel
    ) -> tuple[PullResult, ...]:
        """full_name: of files to which the person gives none."""
        part = self._found(image, order, cancel)
        while not self._locks(image, part.plan, order):
            part = self._found(image, order, cancel)
        writer = ArchiveWriter(
            self._settings,
            part.source,
            lambda run: self._open(image, order, run),
            clock=self._clock,
            observer=self._observer,
        )
        return writer.write(part.plan, order.form, output, clobber=clobber, full_name=full_name, cancel=cancel)

    def pull_many(
        self, images: Sequence[str], order: Order, output: Output, *, clobber: bool, fail_fast: bool, cancel: Cancel
    ) -> ManyResult:
        """An image that cannot be had is left out, and told in the result."""
        if strangers := sorted(order.names.keys() - set(images)):
            raise UsageError(f"names are given for {strangers[0]}, which is none of the images")
        failures: list[tuple[str, DgetError]] = []
        run = Cancel()
        with cancel.on_cancel(run.cancel):
            parts = self._found_of(images, order, failures, fail_fast=fail_fast, cancel=run)
        while parts:
            try:
                with cancel.on_cancel(run.cancel):
                    return self._write_together(parts, failures, order, output, clobber=clobber, cancel=run)
            except DgetError as error:
                lost = [image for image, part in parts.items() if part.needs(error.blob)]
                if (
                    fail_fast
                    or len(images) == 1
                    or not lost
                    or isinstance(error, TO_BE_CONTINUED)
                    or _is_stream(output)
                ):
                    raise
                failures += [(image, error) for image in lost]
            # The end of an assembly cancels its run, with all that is still asked for: each has one of its own.
            run = Cancel()
            with cancel.on_cancel(run.cancel):
                parts = {
                    image: Part(source=self._open(image, order, run), plan=part.plan)
                    for image, part in parts.items()
                    if image not in lost
                }
        raise Partial(failures, len(failures))

    def _found_of(
        self,
        images: Sequence[str],
        order: Order,
        failures: list[tuple[str, DgetError]],
        *,
        fail_fast: bool,
        cancel: Cancel,
    ) -> dict[str, Part]:
        """Those that can be had; failures: gets the others."""
        parts: dict[str, Part] = {}
        for image in dict.fromkeys(images):
            while image not in parts:
                try:
                    part = self._found(image, order, cancel)
                except DgetError as error:
                    if fail_fast or len(images) == 1 or isinstance(error, Cancelled) or self._runs.would_wait(error):
                        raise
                    failures.append((image, error))
                    break
                if self._locks(image, part.plan, order):
                    parts[image] = part
        return parts

    def _write_together(
        self,
        parts: Mapping[str, Part],
        failures: Sequence[tuple[str, DgetError]],
        order: Order,
        output: Output,
        *,
        clobber: bool,
        cancel: Cancel,
    ) -> ManyResult:
        from dget.api.together import write_together

        return write_together(
            list(parts.values()),
            failures,
            order.form,
            output,
            self._settings,
            clobber=clobber,
            clock=self._clock,
            cancel=cancel,
            observer=self._observer,
        )

    def plan(self, image: str, order: Order, output: Output, cancel: Cancel) -> tuple[ImagePlan, ...]:
        part = self._planned(image, order, cancel)
        return image_plans(part.plan, order.form, written(output), part.source)

    def plan_one(self, image: str, wish: PlatformWish, cancel: Cancel) -> tuple[CachedImage, PullPlan]:
        """Of one platform, to look at."""
        source = self._sources.open(image, cancel)
        return source, self._made(source, wish, Selection())

    def _found(self, image: str, order: Order, cancel: Cancel) -> Part:
        """Nothing of it was fetched yet, and all of it can be."""
        part = self._planned(image, order, cancel, ahead=True)
        part.source.check_here(part.plan.contents.blobs)
        return part

    def _planned(self, image: str, order: Order, cancel: Cancel, *, ahead: bool = False) -> Part:
        """ahead: whether its layers are fetched next."""
        source = self._open(image, order, cancel)
        try:
            names = order.names_of(image, source.remote.names)
            plan = self._made(source, order.wish, order.select, keep_index=order.keep_index, names=names, ahead=ahead)
        except NotFound as error:
            if not self._settings.offline and order.locks(source.remote.reference):
                error.hint = (
                    f"{order.lock} says so: to pull what the tag names now, take its line out (if it is the last, with "
                    "the comma before it)"
                )
            raise
        for text in plan.warnings(as_they_are=order.form.format is Format.DOCKER_ARCHIVE):
            self._observer(Warned(text=text))
        return Part(source=source, plan=plan)

    def _made(
        self,
        source: CachedImage,
        wish: PlatformWish,
        select: Selection,
        *,
        keep_index: bool = False,
        names: tuple[str, ...] | None = None,
        ahead: bool = False,
    ) -> PullPlan:
        named = "" if wish.named else " (this machine's; choose with -arch)"
        self._observer(Stage(text=f"{source.remote.reference} for {wish}{named}"))
        return make_plan(source, wish, select, observer=self._observer, keep_index=keep_index, ahead=ahead, names=names)

    def _open(self, image: str, order: Order, cancel: Cancel) -> CachedImage:
        return self._sources.open(image, cancel, order.lock)

    def _locks(self, image: str, plan: PullPlan, order: Order) -> bool:
        """Before the bytes come, so that what goes on after a break is the same. False where another dget wrote down
        something else meanwhile: that is to be planned.
        """
        if not order.lock or plan.reference.digest or not isinstance(self._sources.locator(image), Reference):
            return True
        old = plan.converted_from
        digest = Digest.parse(old) if old else plan.root.digest
        return order.lock.add(plan.reference, digest) == digest


def _is_stream(output: Output) -> bool:
    """Whether what was written of an archive cannot be taken back."""
    return output is not None and not isinstance(output, str | Path)
