"""A client: settings and connections for many calls."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from dget import __version__
from dget.api.archive_writer import ArchiveWriter, Output, written
from dget.api.hosts import Hosts
from dget.api.planned import image_plans, kind_of
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
from dget.archive import Form, Format, find_namesakes
from dget.archive.readers import holds_image
from dget.config import Settings, machine_platform
from dget.config.certs_d import certs_folders, read_certs
from dget.config.credentials import CredentialLookup, OwnStore, registry_name
from dget.config.tls import HostTls, TlsByOrigin
from dget.engine import (
    CachedImage,
    ConvertedImage,
    Download,
    ImageSource,
    Part,
    PullPlan,
    Sources,
    make_plan,
)
from dget.errors import Cancelled, DgetError, Partial, StorageError, Unsupported, UsageError
from dget.flow import (
    ByteSink,
    Cancel,
    Clock,
    Observer,
    RateLimit,
    Stage,
    SystemClock,
    Warned,
    silent,
)
from dget.model import (
    FileLocator,
    Locator,
    Platform,
    PlatformWish,
    Reference,
    Selection,
    parse_locator,
    registry_host,
)
from dget.model.document import OldManifest
from dget.model.reference import DOCKER_HUB
from dget.protocol.auth import Credential
from dget.registry import RemoteImage, Session
from dget.store import Store, Uses
from dget.transport import CurlTransport, ObservedTransport, OfflineTransport, Transport, TransportOptions

if TYPE_CHECKING:
    # What some calls alone need is imported by them, so that the others begin sooner.
    from dget.api.file_results import CopyResult, FileList, LayerList
    from dget.api.image_files import ImageFiles
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
        self._tls = _tls(self._settings)
        self._transport: Transport = ObservedTransport(_transport(self._settings, self._tls), observer)
        self._uses = Uses()
        self._store: Store | None = None
        self._hosts = self._new_hosts()
        # Files that images are read from stay open as long as the client.
        self._files = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the connections and files."""
        self._files.close()
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
        _refuse_dash(output)
        wish = self._wish(platform)
        if wish.may_be_several and not form.is_oci:
            raise UsageError(f"a {form.format} holds one platform", hint="pull_platforms writes an archive for each")
        result = self._run(
            lambda run: self._pull(image, wish, output, form, keep_index, select, clobber, run)[0], cancel
        )
        self._keep_to_size(cancel)
        return result

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
        full_name: bool = False,
        cancel: Cancel | None = None,
    ) -> tuple[PullResult, ...]:
        """As `pull`, of any platforms in any format: one archive, or one a platform where the format holds one.

        full_name: whether a default file name tells registry and repository: see `namesakes`.
        """
        form = _form(format, compress, output, select)
        _refuse_dash(output)
        wish = self._wish(platform)
        results = self._run(
            lambda run: self._pull(image, wish, output, form, keep_index, select, clobber, run, full_name=full_name),
            cancel,
        )
        self._keep_to_size(cancel)
        return results

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
        clobber: bool = True,
        fail_fast: bool = False,
        cancel: Cancel | None = None,
    ) -> ManyResult:
        """Writes several images into one archive; otherwise as `pull`, of any platforms where the format is OCI's.

        output: a file, an OCI folder, or an open binary stream. fail_fast: whether an image that cannot be had is the
        error of all; else it is left out, and told in the result. Raises Partial where none can be had.
        """
        form = _form(format, compress, output, select)
        wish = self._wish(platform)
        result = self._run(
            lambda run: self._pull_many(images, wish, output, form, keep_index, select, clobber, fail_fast, run), cancel
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
                if isinstance(located := self._locator(image), Reference):
                    references[image] = located
        return find_namesakes(references)

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
        wish = self._wish(platform)
        if wish.may_be_several:
            raise UsageError(f"{wish} may be several platforms", hint="plan_platforms plans each")
        form = Form.of(format, compress, written(output))
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
        wish = self._wish(platform)
        form = Form.of(format, compress, written(output))
        return self._run(lambda run: self._plan(image, wish, output, form, keep_index, select, run), cancel)

    def inspect(self, image: str, *, platform: str | None = None, cancel: Cancel | None = None) -> ImageDetails:
        """An image's manifest and config."""
        return self._run(lambda run: self._inspect(image, platform, run), cancel)

    def raw(self, image: str, *, cancel: Cancel | None = None) -> bytes:
        """The bytes of the manifest or index that `image` names, untouched."""
        return self._run(lambda run: self._raw(image, run), cancel)

    def tags(self, repository: str, *, cancel: Cancel | None = None) -> TagList:
        """All tags of a repository."""
        return self._run(lambda run: self._tags(repository, run), cancel)

    def quota(self, target: str | None = None, *, cancel: Cancel | None = None) -> QuotaReport:
        """What a registry allows yet, asked without being counted.

        target: its host, or one of its images; by default where images without a host are.
        """
        return self._run(lambda run: self._quota(target or self._own_registry, run), cancel)

    def doctor(self, target: str | None = None, *, cancel: Cancel | None = None) -> "Diagnosis":
        """What keeps pulls from a registry from working. target: as for `quota`."""
        return self._run(lambda run: self._doctor(target or self._own_registry, run), cancel)

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
    ) -> "FileList":
        """The files at and below `path`. Reads all layers. Raises NotFound where there is none."""
        return self._with_layers(image, platform, cancel, lambda files: files.list(path))

    def layer_files(
        self, image: str, path: str = "/", *, platform: str | None = None, cancel: Cancel | None = None
    ) -> "LayerList":
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
    ) -> "CopyResult":
        """Copies a file or folder out of an image, with modes and times, as root with owners and devices.

        target: the copy's path, or a folder to put it into: one that is there, or a text that ends in `/`.
        """
        return self._with_layers(image, platform, cancel, lambda files: files.copy(path, str(target)))

    def _run(self, call: Callable[[Cancel], T], cancel: Cancel | None) -> T:
        # During a call nobody removes from the cache what it needs.
        with self._uses.run():
            return self._runs.run(call, cancel)

    def _keep_to_size(self, cancel: Cancel | None) -> None:
        """What the person allows the cache; an image that is there is no failure because of an old one that stays."""
        if self._settings.cache_max_size is None or self._opened_store() is None:
            return
        from dget.api.cache import Cache

        try:
            Cache(self._settings).prune(max_size=self._settings.cache_max_size, cancel=cancel)
        except StorageError as error:
            self._observer(Warned(text=f"the cache was not kept to its size: {error.message}"))

    def _pull(  # noqa: PLR0913 - one for each option
        self,
        image: str,
        wish: PlatformWish,
        output: Output,
        form: Form,
        keep_index: bool,
        select: Selection,
        clobber: bool,
        cancel: Cancel,
        *,
        full_name: bool = False,
    ) -> tuple[PullResult, ...]:
        source, plan = self._planned(image, wish, form, select, cancel, keep_index=keep_index, ahead=True)
        source.check_here(plan.contents.blobs)
        writer = ArchiveWriter(
            self._settings, source, lambda run: self._source(image, run), clock=self._clock, observer=self._observer
        )
        return writer.write(plan, form, output, clobber=clobber, full_name=full_name, cancel=cancel)

    def _pull_many(  # noqa: PLR0913, PLR0917 - one for each option
        self,
        images: Sequence[str],
        wish: PlatformWish,
        output: Output,
        form: Form,
        keep_index: bool,
        select: Selection,
        clobber: bool,
        fail_fast: bool,
        cancel: Cancel,
    ) -> ManyResult:
        from dget.api.together import write_together

        parts: list[Part] = []
        failures: list[tuple[str, DgetError]] = []
        for image in dict.fromkeys(images):
            try:
                source, plan = self._planned(image, wish, form, select, cancel, keep_index=keep_index, ahead=True)
                source.check_here(plan.contents.blobs)
            except DgetError as error:
                if fail_fast or len(images) == 1 or isinstance(error, Cancelled) or self._runs.would_wait(error):
                    raise
                failures.append((image, error))
            else:
                parts.append(Part(source=source, plan=plan))
        if not parts:
            raise Partial(failures, len(failures))
        return write_together(
            parts,
            failures,
            form,
            output,
            self._settings,
            clobber=clobber,
            clock=self._clock,
            cancel=cancel,
            observer=self._observer,
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
        source, plan = self._planned(image, wish, form, select, cancel, keep_index=keep_index)
        return image_plans(plan, form, written(output), source)

    def _inspect(self, image: str, platform: str | None, cancel: Cancel) -> ImageDetails:
        source, plan = self._planned_one(image, platform, cancel)
        one = plan.image
        config = source.config(one.manifest.value.config) if one.runs else None
        return ImageDetails(reference=plan.reference, platform=one.platform, manifest=one.manifest, config=config)

    def _tags(self, repository: str, cancel: Cancel) -> TagList:
        reference = self._locator(repository)
        if isinstance(reference, FileLocator):
            from dget.archive.readers import image_names

            names = image_names(reference, cancel=cancel, observer=self._observer)
            return TagList(repository=str(reference), tags=tuple(names))
        from dget.registry import list_tags

        found = list_tags(self._hosts.of(reference, cancel), reference, cancel=cancel, observer=self._observer)
        return TagList(repository=reference.familiar_name, tags=tuple(found))

    def _quota(self, target: str, cancel: Cancel) -> QuotaReport:
        from dget.registry import quota_image, quota_told_by_image, quota_told_by_registry

        if host := registry_host(target):
            reference, domain = quota_image(host), host
        else:
            reference = self._reference(target)
            domain = reference.domain
        endpoint = self._hosts.own_endpoint(domain)
        session = Session(self._transport, endpoint, reference.repository if reference else "", self._clock)
        if reference:
            told = quota_told_by_image(session, reference, cancel=cancel, observer=self._observer)
        else:
            told = quota_told_by_registry(session, cancel=cancel)
        return QuotaReport(host=domain, image=str(reference) if reference else None, quota=told)

    def _doctor(self, target: str, cancel: Cancel) -> "Diagnosis":
        from dget.api.patient import patient_of
        from dget.engine.doctor.examine import examine

        patient = patient_of(
            target,
            self._settings,
            reference_of=self._reference,
            hosts=self._new_hosts(),
            options=_transport_options(self._settings, self._tls),
        )
        transport = ObservedTransport(CurlTransport(patient.options), self._observer)
        try:
            return examine(patient, transport, self._clock, cancel=cancel, observer=self._observer)
        finally:
            transport.close()

    def _login(self, registry: str | None, username: str, password: str, cancel: Cancel) -> LoginResult:
        from dget.registry import check_access

        domain = self._registry(registry)
        if not username or not password:
            raise UsageError(f"{domain} wants a name and a password to log in with")
        credential = Credential(username=username, password=password)
        endpoint = self._hosts.own_endpoint(domain, lambda _: credential)
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
        look: "Callable[[ImageFiles], T]",
    ) -> T:
        """What `look` finds in the build that suits; the layers that it needs are fetched when it reads them."""
        from dget.api.image_files import ImageFiles
        from dget.archive.layers import LayerReader
        from dget.engine import FetchedLayers

        def call(run: Cancel) -> T:
            source, plan = self._planned_one(image, platform, run)
            if not plan.image.runs:
                raise Unsupported(
                    f"{plan.reference} is no container image but {kind_of(plan.image)}: it has no file system",
                    hint="dget inspect shows what is in it; --format oci-dir keeps it",
                )
            with FetchedLayers(
                source,
                plan.image.manifest,
                connections=self._settings.connections,
                rate_limit=RateLimit(self._settings.limit_rate, self._clock) if self._settings.limit_rate else None,
                verify_cache=self._settings.verify_cache,
                cancel=run,
                observer=self._observer,
            ) as layers:
                return look(ImageFiles(plan, LayerReader(layers, run), self._observer))

        return self._run(call, cancel)

    def _planned(
        self,
        image: str,
        wish: PlatformWish,
        form: Form,
        select: Selection,
        cancel: Cancel,
        *,
        keep_index: bool,
        ahead: bool = False,
    ) -> tuple[CachedImage, PullPlan]:
        source = self._source(image, cancel)
        plan = self._made(source, wish, select, keep_index=keep_index, ahead=ahead)
        for text in plan.warnings(as_they_are=form.format is Format.DOCKER_ARCHIVE):
            self._observer(Warned(text=text))
        return source, plan

    def _planned_one(self, image: str, platform: str | None, cancel: Cancel) -> tuple[CachedImage, PullPlan]:
        """Of one platform, to look at."""
        source = self._source(image, cancel)
        wish = PlatformWish((Platform.parse(platform),)) if platform else self._wish(None)
        # Several may be set up for pulls.
        one = self._machine if wish.may_be_several else wish
        return source, self._made(source, one, Selection(), keep_index=False)

    def _made(
        self, source: CachedImage, wish: PlatformWish, select: Selection, *, keep_index: bool, ahead: bool = False
    ) -> PullPlan:
        named = "" if wish.named else " (this machine's; choose with -arch)"
        self._observer(Stage(text=f"{source.remote.reference} for {wish}{named}"))
        return make_plan(source, wish, select, observer=self._observer, keep_index=keep_index, ahead=ahead)

    def _wish(self, platform: str | None) -> PlatformWish:
        wanted = platform or self._settings.platform
        return PlatformWish.parse(wanted) if wanted else self._machine

    @property
    def _machine(self) -> PlatformWish:
        return PlatformWish.of_machine(machine_platform())

    def _raw(self, image: str, cancel: Cancel) -> bytes:
        locator = self._locator(image)
        try:
            if isinstance(locator, FileLocator):
                return self._file(locator, cancel).resolve().raw
            return self._cached(self._remote(locator, cancel), self._opened_store(), cancel).resolve().raw
        except OldManifest as old:
            return old.raw

    def _source(self, image: str, cancel: Cancel) -> CachedImage:
        locator = self._locator(image)
        if isinstance(locator, FileLocator):
            return self._cached(self._file(locator, cancel), None, cancel)
        converted = ConvertedImage(
            self._remote(locator, cancel), self._download, self._scratch, cancel=cancel, observer=self._observer
        )
        return self._cached(converted, self._opened_store(), cancel)

    def _cached(self, source: ImageSource, store: Store | None, cancel: Cancel) -> CachedImage:
        offline = self._settings.offline and store is not None
        return CachedImage(
            source,
            store,
            self._clock,
            offline=offline,
            connections=self._settings.connections,
            cancel=cancel,
            observer=self._observer,
        )

    def _file(self, locator: FileLocator, cancel: Cancel) -> ImageSource:
        from dget.archive.readers import open_image

        return self._files.enter_context(open_image(locator, cancel=cancel, observer=self._observer))

    def _remote(self, reference: Reference, cancel: Cancel) -> RemoteImage:
        return RemoteImage(self._hosts.of(reference, cancel), reference, cancel=cancel, observer=self._observer)

    def _download(self, source: ImageSource, cancel: Cancel) -> Download:
        """Of blobs that are needed before there is a plan."""
        store, sources = self._opened_store(), Sources(source.hosts)
        return Download(
            lambda _: sources,
            store.blobs if store else None,
            connections=self._settings.connections,
            rate_limit=RateLimit(self._settings.limit_rate, self._clock) if self._settings.limit_rate else None,
            verify_cache=self._settings.verify_cache,
            cancel=cancel,
            observer=self._observer,
            verified=lambda _: None,
        )

    def _scratch(self) -> Path:
        """A folder that lasts as long as the client."""
        from dget.codec import ScratchFolder

        scratch = ScratchFolder()
        self._files.callback(scratch.remove)
        return scratch.path

    def _locator(self, text: str) -> Locator:
        return parse_locator(self._expanded(text), default_domain=self._default_domain, holds_image=holds_image)

    def _reference(self, text: str) -> Reference:
        return Reference.parse(self._expanded(text), default_domain=self._default_domain)

    def _expanded(self, text: str) -> str:
        # Whoever names a registry for short names means that one.
        return self._hosts.expanded(text) if self._default_domain == DOCKER_HUB else text

    @property
    def _own_registry(self) -> str:
        """Where images without a host are, written so that it cannot be taken for an image."""
        return f"https://{self._default_domain}"

    @property
    def _default_domain(self) -> str:
        return self._settings.registry.removeprefix("http://").removeprefix("https://").rstrip("/")

    def _new_hosts(self) -> Hosts:
        """Of which nothing was learned yet."""
        credentials = _lookup(self._settings, self._observer)
        return Hosts(
            self._settings,
            self._transport,
            self._tls,
            credentials,
            self._opened_store,
            clock=self._clock,
            observer=self._observer,
        )

    def _opened_store(self) -> Store | None:
        if self._settings.cache and self._store is None:
            self._store = Store.open(*self._settings.cache_dirs, uses=self._uses)
        return self._store


def _lookup(settings: Settings, observer: Observer) -> CredentialLookup:
    given = None
    if settings.username is not None and settings.password is not None:
        given = Credential(username=settings.username, password=settings.password, source=settings.credentials_from)
    return CredentialLookup(settings.environment, observer, given)


def _form(format: str | None, compress: str | None, output: Output, select: Selection) -> Form:  # noqa: A002
    """Raises UsageError, and Unsupported where the format cannot hold what is selected."""
    form = Form.of(format, compress, written(output))
    if output == "-":
        raise UsageError("a file named - is none: a stream goes here open", hint="name a file with -o")
    if select.companions and not form.is_oci:
        raise Unsupported(
            f"a {form.format} holds no attestations, signatures and other referrers",
            hint="take --format oci-archive or --format oci-dir",
        )
    return form


def _tls(settings: Settings) -> TlsByOrigin:
    folders = certs_folders(settings.environment)
    ca_files = (settings.ca_file,) if settings.ca_file else ()
    return TlsByOrigin(
        HostTls(ca_files=ca_files, verify=not settings.insecure), lambda asked: read_certs(folders, asked)
    )


def _transport(settings: Settings, tls: TlsByOrigin) -> Transport:
    return OfflineTransport() if settings.offline else CurlTransport(_transport_options(settings, tls))


def _transport_options(settings: Settings, tls: TlsByOrigin) -> TransportOptions:
    return TransportOptions(
        user_agent=f"dget/{__version__}",
        timeout=settings.timeout,
        proxies=settings.proxies,
        pins=settings.pins,
        tls=tls,
        environment=settings.environment,
    )


def _refuse_dash(output: Output) -> None:
    if output == "-":
        raise UsageError("a file named - is none: a stream goes here open", hint="name a file with -o")
