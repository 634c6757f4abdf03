"""A client: settings and connections for many calls."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from dget.api.archive_writer import Output, written
from dget.api.connections import tls_of, transport_of
from dget.api.image_sources import ImageSources
from dget.api.order import Order, wish_of
from dget.api.puller import Puller
from dget.api.registry_calls import RegistryCalls
from dget.api.results import (
    ImageDetails,
    ImagePlan,
    LoginResult,
    LogoutResult,
    ManyResult,
    PullResult,
    QuotaReport,
    TagList,
)
from dget.api.runs import Runs
from dget.archive import Form, find_namesakes
from dget.config import Settings
from dget.config.lock_file import LockFile
from dget.errors import StorageError, UsageError
from dget.flow import ByteSink, Cancel, Clock, Observer, SystemClock, Warned, silent
from dget.model import Reference, Selection
from dget.store import Uses
from dget.transport import ObservedTransport, Transport

if TYPE_CHECKING:
    # What some calls alone need is imported by them, so that the others begin sooner.
    from dget.api.file_results import CopyResult, FileList, LayerList
    from dget.api.image_files import ImageFiles
    from dget.api.looks import Looks
    from dget.engine.doctor import Diagnosis

T = TypeVar("T")
_USUAL = Selection()


class Client:
    """Pulls and inspects images. Use it as a context manager, or call `close`.

    observer: is told stages, warnings and retries, from several threads. Every call raises DgetError, and stops
    within a second when its caller is interrupted or `cancel` is used.
    """

    def __init__(self, settings: Settings | None = None, *, observer: Observer = silent) -> None:
        self._settings = settings or Settings()
        if self._settings.offline and not self._settings.cache:
            raise UsageError("--offline pulls from the cache, and --no-cache forbids it", hint="leave out one of them")
        self._observer = observer
        self._clock: Clock = SystemClock()
        self._runs = Runs(self._clock, observer, wait=self._settings.wait)
        tls = tls_of(self._settings)
        self._transport: Transport = ObservedTransport(transport_of(self._settings, tls), observer)
        self._uses = Uses()
        self._sources = ImageSources(
            self._settings, self._transport, tls, self._uses, clock=self._clock, observer=observer
        )
        self._puller = Puller(self._settings, self._sources, self._runs, clock=self._clock, observer=observer)
        self._registries = RegistryCalls(
            self._settings, self._transport, tls, self._sources, clock=self._clock, observer=observer
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the connections and files."""
        self._sources.close()
        self._transport.close()

    def pull(  # noqa: PLR0913 - one for each option
        self,
        image: str,
        *,
        platform: str | None = None,
        output: Output = None,
        format: str | None = None,  # noqa: A002 - as the option is called
        compress: str | None = None,
        keep_index: bool = False,
        select: Selection = _USUAL,
        names: Sequence[str] = (),
        lock: str | Path | None = None,
        clobber: bool = True,
        cancel: Cancel | None = None,
    ) -> PullResult:
        """Writes an image's archive.

        platform: `OS/ARCH[/VARIANT]`, by default linux on this machine's architecture; for OCI formats also several with
        commas, a pattern such as `linux/*`, or `all`. output: a file (`.tar` for
        any engine, `.tar.gz` for Docker), a folder or an open binary stream; by default the working folder.
        format: docker-archive, docker-legacy, oci-archive or oci-dir. compress: gzip, zstd or none, with a level as in
        `gzip:9`; by default as the file's name says. keep_index: whether the registry's index stays, with its digest.
        select: what of the image is wanted besides. names: `NAME:TAG` in place of the image's own, in the archive.
        lock: a file of the digests that tags stand for; one that it does not know is added. clobber: whether an existing
        file is replaced.
        """
        _refuse_dash(output)
        order = self._order(platform, output, format, compress, keep_index, select, {image: names}, lock)
        if order.wish.may_be_several and not order.form.is_oci:
            raise UsageError(
                f"a {order.form.format} holds one platform", hint="pull_platforms writes an archive for each"
            )
        return self._pull(image, order, output, clobber=clobber, full_name=False, cancel=cancel)[0]

    def pull_platforms(  # noqa: PLR0913 - one for each option
        self,
        image: str,
        *,
        platform: str | None = None,
        output: Output = None,
        format: str | None = None,  # noqa: A002
        compress: str | None = None,
        keep_index: bool = False,
        select: Selection = _USUAL,
        names: Sequence[str] = (),
        lock: str | Path | None = None,
        clobber: bool = True,
        full_name: bool = False,
        cancel: Cancel | None = None,
    ) -> tuple[PullResult, ...]:
        """As `pull`, of any platforms in any format: one archive, or one a platform where the format holds one.

        full_name: whether a default file name tells registry and repository: see `namesakes`.
        """
        _refuse_dash(output)
        order = self._order(platform, output, format, compress, keep_index, select, {image: names}, lock)
        return self._pull(image, order, output, clobber=clobber, full_name=full_name, cancel=cancel)

    def pull_many(  # noqa: PLR0913
        self,
        images: Sequence[str],
        *,
        output: Output,
        platform: str | None = None,
        format: str | None = None,  # noqa: A002
        compress: str | None = None,
        keep_index: bool = False,
        select: Selection = _USUAL,
        names: Mapping[str, Sequence[str]] | None = None,
        lock: str | Path | None = None,
        clobber: bool = True,
        fail_fast: bool = False,
        cancel: Cancel | None = None,
    ) -> ManyResult:
        """Writes several images into one archive; otherwise as `pull`, of any platforms where the format is OCI's.

        output: a file, an OCI folder, or an open binary stream. names: of each image that gets others. fail_fast: whether an image that cannot be had is the
        error of all; else it is left out, and told in the result. Raises Partial where none can be had.
        """
        _refuse_dash(output)
        order = self._order(platform, output, format, compress, keep_index, select, names or {}, lock)
        result = self._run(
            lambda run: self._puller.pull_many(images, order, output, clobber=clobber, fail_fast=fail_fast, cancel=run),
            cancel,
        )
        self._keep_to_size(cancel)
        return result

    def namesakes(self, images: Sequence[str]) -> frozenset[str]:
        """Those whose archives would have one default file name, as a/app:1 and b/app:1: `full_name` sets them apart.

        A name that makes no sense has none: its own pull says so. Raises UsageError where `full_name` would not.
        """
        references: dict[str, Reference] = {}
        for image in images:
            with suppress(UsageError):
                if isinstance(located := self._sources.locator(image), Reference):
                    references[image] = located
        return find_namesakes(references)

    def plan(  # noqa: PLR0913
        self,
        image: str,
        *,
        platform: str | None = None,
        output: Output = None,
        format: str | None = None,  # noqa: A002 - as the option is called
        compress: str | None = None,
        keep_index: bool = False,
        select: Selection = _USUAL,
        names: Sequence[str] = (),
        lock: str | Path | None = None,
        cancel: Cancel | None = None,
    ) -> ImagePlan:
        """What `pull` would fetch and write for one platform. Writes nothing but documents into the cache."""
        order = self._order(platform, output, format, compress, keep_index, select, {image: names}, lock)
        if order.wish.may_be_several:
            raise UsageError(f"{order.wish} may be several platforms", hint="plan_platforms plans each")
        return self._run(lambda run: self._puller.plan(image, order, output, run)[0], cancel)

    def plan_platforms(  # noqa: PLR0913
        self,
        image: str,
        *,
        platform: str | None = None,
        output: Output = None,
        format: str | None = None,  # noqa: A002
        compress: str | None = None,
        keep_index: bool = False,
        select: Selection = _USUAL,
        names: Sequence[str] = (),
        lock: str | Path | None = None,
        cancel: Cancel | None = None,
    ) -> tuple[ImagePlan, ...]:
        """What `pull_platforms` would fetch and write, a plan for each platform."""
        order = self._order(platform, output, format, compress, keep_index, select, {image: names}, lock)
        return self._run(lambda run: self._puller.plan(image, order, output, run), cancel)

    def inspect(self, image: str, *, platform: str | None = None, cancel: Cancel | None = None) -> ImageDetails:
        """An image's manifest and config."""
        return self._run(lambda run: self._looks().inspect(image, platform, run), cancel)

    def raw(self, image: str, *, cancel: Cancel | None = None) -> bytes:
        """The bytes of the manifest or index that `image` names, untouched."""
        return self._run(lambda run: self._sources.raw(image, run), cancel)

    def tags(self, repository: str, *, cancel: Cancel | None = None) -> TagList:
        """All tags of a repository."""
        return self._run(lambda run: self._looks().tags(repository, run), cancel)

    def quota(self, target: str | None = None, *, cancel: Cancel | None = None) -> QuotaReport:
        """What a registry allows yet, asked without being counted.

        target: its host, or one of its images; by default where images without a host are.
        """
        return self._run(lambda run: self._registries.quota(target, run), cancel)

    def doctor(self, target: str | None = None, *, cancel: Cancel | None = None) -> "Diagnosis":
        """What keeps pulls from a registry from working. target: as for `quota`."""
        return self._run(lambda run: self._registries.doctor(target, run), cancel)

    def login(self, registry: str | None, *, username: str, password: str, cancel: Cancel | None = None) -> LoginResult:
        """Keeps a name and a password for a registry, once the registry has taken them.

        registry: `HOST[:PORT]`; None means the settings' own, Docker Hub by default.
        """
        return self._run(lambda run: self._registries.login(registry, username, password, run), cancel)

    def logout(self, registry: str | None, *, cancel: Cancel | None = None) -> LogoutResult:
        """Forgets what `login` kept for a registry."""
        return self._run(lambda _: self._registries.logout(registry), cancel)

    def files(
        self, image: str, path: str = "/", *, platform: str | None = None, cancel: Cancel | None = None
    ) -> "FileList":
        """The files at and below `path`. Reads all layers. Raises NotFound where there is none."""
        return self._files(image, platform, lambda files: files.list(path), cancel)

    def layer_files(
        self, image: str, path: str = "/", *, platform: str | None = None, cancel: Cancel | None = None
    ) -> "LayerList":
        """What each layer says about `path` and below it, whiteouts too."""
        return self._files(image, platform, lambda files: files.list_layers(path), cancel)

    def read_file(
        self, image: str, path: str, sink: ByteSink, *, platform: str | None = None, cancel: Cancel | None = None
    ) -> int:
        """Sends a file's bytes into `sink`; how many they are. Fetches layers from the top down to where it is found.

        Nothing is sent that did not come from a layer whose digest matched. Raises NotFound, UsageError.
        """
        return self._files(image, platform, lambda files: files.read(path, sink), cancel)

    def copy(
        self,
        image: str,
        path: str,
        target: str | Path,
        *,
        platform: str | None = None,
        cancel: Cancel | None = None,
    ) -> "CopyResult":
        """Copies a file or folder out of an image, with modes and times, as root with owners and devices.

        target: the copy's path, or a folder to put it into: one that is there, or a text that ends in `/`.
        """
        return self._files(image, platform, lambda files: files.copy(path, str(target)), cancel)

    def _pull(
        self, image: str, order: Order, output: Output, *, clobber: bool, full_name: bool, cancel: Cancel | None
    ) -> tuple[PullResult, ...]:
        results = self._run(
            lambda run: self._puller.pull(image, order, output, clobber=clobber, full_name=full_name, cancel=run),
            cancel,
        )
        self._keep_to_size(cancel)
        return results

    def _run(self, call: Callable[[Cancel], T], cancel: Cancel | None) -> T:
        # During a call nobody removes from the cache what it needs.
        with self._uses.run():
            return self._runs.run(call, cancel)

    def _keep_to_size(self, cancel: Cancel | None) -> None:
        """What the person allows the cache; an image that is there is no failure because of an old one that stays."""
        if self._settings.cache_max_size is None or self._sources.store() is None:
            return
        from dget.api.cache import Cache

        try:
            Cache(self._settings, observer=self._observer).prune(max_size=self._settings.cache_max_size, cancel=cancel)
        except StorageError as error:
            self._observer(Warned(text=f"the cache was not kept to its size: {error.message}"))

    def _files(self, image: str, platform: str | None, look: "Callable[[ImageFiles], T]", cancel: Cancel | None) -> T:
        return self._run(lambda run: self._looks().files(image, platform, look, run), cancel)

    def _looks(self) -> "Looks":
        from dget.api.looks import Looks

        return Looks(self._settings, self._sources, self._puller, clock=self._clock, observer=self._observer)

    def _order(
        self,
        platform: str | None,
        output: Output,
        format: str | None,  # noqa: A002
        compress: str | None,
        keep_index: bool,
        select: Selection,
        names: Mapping[str, Sequence[str]],
        lock: str | Path | None,
    ) -> Order:
        lock_file = LockFile(Path(lock)) if lock is not None else None
        if lock_file:
            lock_file.check()
        return Order.of(
            wish_of(platform, self._settings),
            Form.of(format, compress, written(output)),
            keep_index=keep_index,
            select=select,
            names=names,
            lock=lock_file,
        )


def _refuse_dash(output: Output) -> None:
    if output == "-":
        raise UsageError("a file named - is none: a stream goes here open", hint="name a file with -o")
