"""A client: settings and connections for many calls."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TypeAlias, TypeVar

from dget import __version__
from dget.api.file_results import CopyResult, FileList, LayerList
from dget.api.hosts import Hosts
from dget.api.image_files import ImageFiles
from dget.api.planned import image_plan, kind_of
from dget.api.results import (
    ImageDetails,
    ImagePlan,
    LoginResult,
    LogoutResult,
    PullResult,
    TagList,
)
from dget.archive import (
    STREAM,
    Exporter,
    Form,
    Format,
    exporter_into_file,
    exporter_into_stream,
    size_of,
    targets_of,
)
from dget.archive.layers import LayerReader
from dget.config import Settings, default_cache_dir, machine_platform
from dget.config.certs_d import certs_folders, read_certs
from dget.config.credentials import CredentialLookup, OwnStore, registry_name
from dget.config.tls import HostTls, TlsByOrigin
from dget.engine import Assembly, CachedImage, FetchedLayers, PullPlan, make_plan
from dget.errors import DgetError, Unsupported, UsageError
from dget.flow import (
    ByteSink,
    Cancel,
    Clock,
    Observer,
    RateLimit,
    Stage,
    SystemClock,
    Warned,
    run_interruptibly,
    silent,
)
from dget.model import Digest, Platform, PlatformWish, Reference, Selection
from dget.model.reference import DOCKER_HUB
from dget.protocol.auth import Credential
from dget.registry import Endpoint, RemoteImage, Session, check_access, list_tags
from dget.store import Store
from dget.transport import CurlTransport, ObservedTransport, Transport, TransportOptions

T = TypeVar("T")
Output: TypeAlias = str | Path | BinaryIO | None
_USUAL = Selection()


class Client:
    """Pulls and inspects images. Use it as a context manager, or call `close`.

    observer: is told stages, warnings and retries, from several threads. Every call raises DgetError, and stops
    within a second when its caller is interrupted or `cancel` is used.
    """

    def __init__(self, settings: Settings | None = None, *, observer: Observer = silent) -> None:
        self._settings = settings or Settings()
        self._observer = observer
        self._clock: Clock = SystemClock()
        self._tls = _tls(self._settings)
        curl = CurlTransport(_transport_options(self._settings, self._tls))
        self._transport: Transport = ObservedTransport(curl, observer)
        self._store: Store | None = None
        self._hosts = self._new_hosts()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the connections."""
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
        clobber: bool = True,
        cancel: Cancel | None = None,
    ) -> PullResult:
        """Writes an image's archive.

        platform: `OS/ARCH[/VARIANT]`, by default linux on this machine's architecture; for OCI formats also several with
        commas, a pattern such as `linux/*`, or `all`. output: a file (`.tar` for
        any engine, `.tar.gz` for Docker), a folder or an open binary stream; by default the working folder.
        format: docker-archive, docker-legacy, oci-archive or oci-dir. compress: gzip, zstd or none, with a level as in
        `gzip:9`; by default as the file's name says. keep_index: whether the registry's index stays, with its digest.
        select: what of the image is wanted besides. clobber: whether an existing file is replaced.
        """
        form = _form(format, compress, output, select)
        wish = _wish(platform)
        if wish.may_be_several and not form.is_oci:
            raise UsageError(f"a {form.format} holds one platform", hint="pull_platforms writes an archive for each")
        return self._run(lambda run: self._pull(image, wish, output, form, keep_index, select, clobber, run)[0], cancel)

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
        clobber: bool = True,
        cancel: Cancel | None = None,
    ) -> tuple[PullResult, ...]:
        """As `pull`, of any platforms in any format: one archive, or one a platform where the format holds one."""
        form = _form(format, compress, output, select)
        wish = _wish(platform)
        return self._run(lambda run: self._pull(image, wish, output, form, keep_index, select, clobber, run), cancel)

    def plan(
        self,
        image: str,
        *,
        platform: str | None = None,
        output: Output = None,
        format: str | None = None,  # noqa: A002 - as the option is called
        compress: str | None = None,
        keep_index: bool = False,
        select: Selection = _USUAL,
        cancel: Cancel | None = None,
    ) -> ImagePlan:
        """What `pull` would fetch and write for one platform. Writes nothing but documents into the cache."""
        wish = _wish(platform)
        if wish.may_be_several:
            raise UsageError(f"{wish} may be several platforms", hint="plan_platforms plans each")
        form = Form.of(format, compress, _written(output))
        return self._run(lambda run: self._plan(image, wish, output, form, keep_index, select, run)[0], cancel)

    def plan_platforms(
        self,
        image: str,
        *,
        platform: str | None = None,
        output: Output = None,
        format: str | None = None,  # noqa: A002
        compress: str | None = None,
        keep_index: bool = False,
        select: Selection = _USUAL,
        cancel: Cancel | None = None,
    ) -> tuple[ImagePlan, ...]:
        """What `pull_platforms` would fetch and write, a plan for each platform."""
        wish = _wish(platform)
        form = Form.of(format, compress, _written(output))
        return self._run(lambda run: self._plan(image, wish, output, form, keep_index, select, run), cancel)

    def inspect(self, image: str, *, platform: str | None = None, cancel: Cancel | None = None) -> ImageDetails:
        """An image's manifest and config."""
        return self._run(lambda run: self._inspect(image, platform, run), cancel)

    def raw(self, image: str, *, cancel: Cancel | None = None) -> bytes:
        """The bytes of the manifest or index that `image` names, untouched."""
        return self._run(lambda run: self._source(image, run).resolve().raw, cancel)

    def tags(self, repository: str, *, cancel: Cancel | None = None) -> TagList:
        """All tags of a repository."""
        return self._run(lambda run: self._tags(repository, run), cancel)

    def login(self, registry: str | None, *, username: str, password: str, cancel: Cancel | None = None) -> LoginResult:
        """Keeps a name and a password for a registry, once the registry has taken them.

        registry: `HOST[:PORT]`; None means the settings' own, Docker Hub by default.
        """
        return self._run(lambda run: self._login(registry, username, password, run), cancel)

    def logout(self, registry: str | None, *, cancel: Cancel | None = None) -> LogoutResult:
        """Forgets what `login` kept for a registry."""
        return self._run(lambda _: self._logout(registry), cancel)

    def files(
        self, image: str, path: str = "/", *, platform: str | None = None, cancel: Cancel | None = None
    ) -> FileList:
        """The files at and below `path`. Reads all layers. Raises NotFound where there is none."""
        return self._with_layers(image, platform, cancel, lambda files: files.list(path))

    def layer_files(
        self, image: str, path: str = "/", *, platform: str | None = None, cancel: Cancel | None = None
    ) -> LayerList:
        """What each layer says about `path` and below it, whiteouts too."""
        return self._with_layers(image, platform, cancel, lambda files: files.list_layers(path))

    def read_file(
        self, image: str, path: str, sink: ByteSink, *, platform: str | None = None, cancel: Cancel | None = None
    ) -> int:
        """Sends a file's bytes into `sink`; how many they are. Fetches layers from the top down to where it is found.

        Nothing is sent that did not come from a layer whose digest matched. Raises NotFound, UsageError.
        """
        return self._with_layers(image, platform, cancel, lambda files: files.read(path, sink))

    def copy(
        self,
        image: str,
        path: str,
        target: str | Path,
        *,
        platform: str | None = None,
        cancel: Cancel | None = None,
    ) -> CopyResult:
        """Copies a file or folder out of an image, with modes and times, as root with owners and devices.

        target: the copy's path, or a folder to put it into: one that is there, or a text that ends in `/`.
        """
        return self._with_layers(image, platform, cancel, lambda files: files.copy(path, str(target)))

    def _run(self, call: Callable[[Cancel], T], cancel: Cancel | None) -> T:
        # A failure cancels its own run alone, not what else the caller's Cancel stands for.
        run = Cancel()
        with (cancel or Cancel()).on_cancel(run.cancel):
            return run_interruptibly(lambda: call(run), run)

    def _pull(
        self,
        image: str,
        wish: PlatformWish,
        output: Output,
        form: Form,
        keep_index: bool,
        select: Selection,
        clobber: bool,
        cancel: Cancel,
    ) -> tuple[PullResult, ...]:
        _, whole = self._planned(image, wish, form, select, cancel, keep_index=keep_index)
        plans = [whole] if form.is_oci else whole.apart()
        if output is None or isinstance(output, str | Path):
            if form.misnamed(_written(output)):
                self._observer(Warned(text=f"{output} is not named like what it holds: {form.compression}"))
            targets = _targets(_written(output), form, plans)
            return self._write_files(image, plans, form, targets, clobber, cancel)
        if len(plans) > 1:
            raise UsageError(
                f"a {form.format} holds one platform, and {whole.reference} comes for {len(plans)}",
                hint="take --format oci-archive for a stream of all",
            )
        return (self._write(image, whole, form, exporter_into_stream(form, output), None, cancel),)

    def _write_files(
        self,
        image: str,
        plans: Sequence[PullPlan],
        form: Form,
        targets: Sequence[Path],
        clobber: bool,
        cancel: Cancel,
    ) -> tuple[PullResult, ...]:
        done: list[PullResult] = []
        for plan, target in zip(plans, targets, strict=True):
            try:
                done.append(self._write_file(image, plan, form, target, clobber, cancel))
            except DgetError:
                if done:
                    whole = ", ".join(str(one.path) for one in done)
                    self._observer(Warned(text=f"of {len(plans)} platforms' files these are done: {whole}"))
                raise
        return tuple(done)

    def _write_file(
        self, image: str, plan: PullPlan, form: Form, target: Path, clobber: bool, cancel: Cancel
    ) -> PullResult:
        if not clobber and target.exists() and not target.is_dir():
            return _result(plan, form, target, target.stat().st_size, seconds=0.0, kept=True)
        scratch = target.with_name(f"{target.name}.part.blobs")
        return self._write(image, plan, form, exporter_into_file(form, target, self._observer), scratch, cancel)

    def _write(
        self,
        image: str,
        plan: PullPlan,
        form: Form,
        exporter: Exporter,
        scratch: Path | None,
        cancel: Cancel,
    ) -> PullResult:
        begun = self._clock.monotonic()
        # The end of an assembly cancels its own run, with all that it asks for; another may follow.
        run = Cancel()
        work = Assembly(
            source=self._source(image, run),
            plan=plan,
            connections=self._settings.connections,
            rate_limit=RateLimit(self._settings.limit_rate, self._clock) if self._settings.limit_rate else None,
            verify_cache=self._settings.verify_cache,
            cancel=run,
            observer=self._observer,
        )
        with cancel.on_cancel(run.cancel):
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

    def _plan(
        self,
        image: str,
        wish: PlatformWish,
        output: Output,
        form: Form,
        keep_index: bool,
        select: Selection,
        cancel: Cancel,
    ) -> tuple[ImagePlan, ...]:
        source, whole = self._planned(image, wish, form, select, cancel, keep_index=keep_index)
        written = _written(output)
        archives = [whole] if form.is_oci else whole.apart()
        targets = [STREAM] * len(archives) if written == "-" else _targets(written, form, archives)
        sizes = [size_of(plan.contents, form) for plan in archives]
        counted: set[Digest] = set()
        return tuple(
            image_plan(plan, one, source, archive=target, archive_size=size, counted=counted)
            for plan, target, size in zip(archives, targets, sizes, strict=True)
            for one in plan.images
        )

    def _inspect(self, image: str, platform: str | None, cancel: Cancel) -> ImageDetails:
        source, plan = self._planned_one(image, platform, cancel)
        one = plan.image
        config = source.config(one.manifest.value.config) if one.runs else None
        return ImageDetails(reference=plan.reference, platform=one.platform, manifest=one.manifest, config=config)

    def _tags(self, repository: str, cancel: Cancel) -> TagList:
        reference = self._reference(repository)
        found = list_tags(self._hosts.of(reference, cancel), reference, cancel=cancel, observer=self._observer)
        return TagList(repository=reference.familiar_name, tags=tuple(found))

    def _login(self, registry: str | None, username: str, password: str, cancel: Cancel) -> LoginResult:
        domain = self._registry(registry)
        if not username or not password:
            raise UsageError(f"{domain} wants a name and a password to log in with")
        credential = Credential(username=username, password=password)
        endpoint = Endpoint.of(domain, lambda _: credential, plain_http=self._plain_http(domain))
        check_access(Session(self._transport, endpoint, "", self._clock), cancel=cancel, observer=self._observer)
        kept = OwnStore(self._settings.environment, self._observer).keep(domain, credential)
        self._hosts = self._new_hosts()
        return LoginResult(
            registry=domain,
            username=username,
            kept_in=kept.place,
            in_clear=kept.in_clear,
            checked=endpoint.asks_who,
        )

    def _logout(self, registry: str | None) -> LogoutResult:
        domain = self._registry(registry)
        place = OwnStore(self._settings.environment, self._observer).forget(domain)
        self._hosts = self._new_hosts()
        try:
            other = CredentialLookup(self._settings.environment, self._observer).find(domain)
        # It is out of dget's own hands; who pulls next will be told.
        except DgetError:
            other = None
        return LogoutResult(registry=domain, removed_from=place, still_in=other.source if other else None)

    def _registry(self, text: str | None) -> str:
        return registry_name(text or self._settings.registry)

    def _with_layers(
        self,
        image: str,
        platform: str | None,
        cancel: Cancel | None,
        look: Callable[[ImageFiles], T],
    ) -> T:
        """What `look` finds in the build that suits; the layers that it needs are fetched when it reads them."""

        def call(run: Cancel) -> T:
            source, plan = self._planned_one(image, platform, run)
            if not plan.image.runs:
                raise Unsupported(
                    f"{plan.reference} is no container image but {kind_of(plan.image)}: it has no file system",
                    hint="dget inspect shows what is in it; --format oci-dir keeps it",
                )
            with FetchedLayers(
                source,
                plan.image.manifest.value.layers,
                connections=self._settings.connections,
                rate_limit=RateLimit(self._settings.limit_rate, self._clock) if self._settings.limit_rate else None,
                verify_cache=self._settings.verify_cache,
                cancel=run,
                observer=self._observer,
            ) as layers:
                return look(ImageFiles(plan, LayerReader(layers, run), self._observer))

        return self._run(call, cancel)

    def _planned(
        self, image: str, wish: PlatformWish, form: Form, select: Selection, cancel: Cancel, *, keep_index: bool
    ) -> tuple[CachedImage, PullPlan]:
        source = self._source(image, cancel)
        plan = self._made(source, wish, select, keep_index=keep_index)
        for text in plan.warnings(as_they_are=form.format is Format.DOCKER_ARCHIVE):
            self._observer(Warned(text=text))
        return source, plan

    def _planned_one(self, image: str, platform: str | None, cancel: Cancel) -> tuple[CachedImage, PullPlan]:
        """Of one platform, to look at."""
        source = self._source(image, cancel)
        wish = PlatformWish((Platform.parse(platform),)) if platform else _wish(None)
        return source, self._made(source, wish, Selection(), keep_index=False)

    def _made(self, source: CachedImage, wish: PlatformWish, select: Selection, *, keep_index: bool) -> PullPlan:
        named = "" if wish.named else " (this machine's; choose with -arch)"
        self._observer(Stage(text=f"{source.remote.reference} for {wish}{named}"))
        return make_plan(source, wish, select, observer=self._observer, keep_index=keep_index)

    def _source(self, image: str, cancel: Cancel) -> CachedImage:
        reference = self._reference(image)
        remote = RemoteImage(self._hosts.of(reference, cancel), reference, cancel=cancel, observer=self._observer)
        return CachedImage(remote, self._opened_store(), self._clock)

    def _reference(self, text: str) -> Reference:
        domain = self._settings.registry.removeprefix("http://").removeprefix("https://").rstrip("/")
        # Whoever names a registry for short names means that one.
        full = self._hosts.expanded(text) if domain == DOCKER_HUB else text
        return Reference.parse(full, default_domain=domain)

    def _new_hosts(self) -> Hosts:
        """Of which nothing was learned yet."""
        credentials = _lookup(self._settings, self._observer)
        return Hosts(
            self._settings,
            self._transport,
            credentials,
            self._tls,
            self._opened_store,
            clock=self._clock,
            observer=self._observer,
        )

    def _plain_http(self, domain: str) -> bool:
        return self._settings.insecure or self._settings.registry == f"http://{domain}"

    def _opened_store(self) -> Store | None:
        if self._settings.cache and self._store is None:
            folder = self._settings.cache_dir or default_cache_dir(self._settings.environment)
            self._store = Store.open(folder)
        return self._store


def _lookup(settings: Settings, observer: Observer) -> CredentialLookup:
    given = None
    if settings.username is not None and settings.password is not None:
        given = Credential(username=settings.username, password=settings.password, source=settings.credentials_from)
    return CredentialLookup(settings.environment, observer, given)


def _written(output: Output) -> str | None:
    """As a person writes it after `-o`."""
    if output is None:
        return None
    return str(output) if isinstance(output, str | Path) else "-"


def _form(format: str | None, compress: str | None, output: Output, select: Selection) -> Form:  # noqa: A002
    """Raises UsageError, and Unsupported where the format cannot hold what is selected."""
    form = Form.of(format, compress, _written(output))
    if output == "-":
        raise UsageError("a file named - is none: a stream goes here open", hint="name a file with -o")
    if select.companions and not form.is_oci:
        raise Unsupported(
            f"a {form.format} holds no attestations, signatures and other referrers",
            hint="take --format oci-archive or --format oci-dir",
        )
    return form


def _wish(platform: str | None) -> PlatformWish:
    return PlatformWish.parse(platform) if platform else PlatformWish.of_machine(machine_platform())


def _targets(written: str | None, form: Form, plans: Sequence[PullPlan]) -> Sequence[Path]:
    """One for each plan; an archive of several platforms is named after none."""
    platforms = [plan.image.platform if len(plan.images) == 1 else None for plan in plans]
    return targets_of(written, form, plans[0].reference, platforms)


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
        name=plan.reference.archive_name,
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
    )


def _tls(settings: Settings) -> TlsByOrigin:
    folders = certs_folders(settings.environment)
    ca_files = (settings.ca_file,) if settings.ca_file else ()
    return TlsByOrigin(
        HostTls(ca_files=ca_files, verify=not settings.insecure), lambda asked: read_certs(folders, asked)
    )


def _transport_options(settings: Settings, tls: TlsByOrigin) -> TransportOptions:
    return TransportOptions(
        user_agent=f"dget/{__version__}",
        timeout=settings.timeout,
        proxies=settings.proxies,
        pins=settings.pins,
        tls=tls,
        environment=settings.environment,
    )
