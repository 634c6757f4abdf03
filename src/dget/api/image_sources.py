"""From a word to the image that it means, open to be read: at a registry behind the cache, or in a file."""

from contextlib import ExitStack
from pathlib import Path

from dget.api.connections import credentials_of, fetching_of
from dget.api.hosts import Hosts
from dget.archive.readers import holds_image
from dget.config import Settings
from dget.config.lock_file import LockFile
from dget.config.tls import TlsByOrigin
from dget.engine import CachedImage, ConvertedImage, Download, ImageSource, Sources
from dget.flow import Cancel, Clock, Observer
from dget.model import FileLocator, Locator, Reference, parse_locator
from dget.model.document import OldManifest
from dget.model.reference import DOCKER_HUB
from dget.registry import RemoteImage
from dget.store import Store, Uses
from dget.transport import Transport


class ImageSources:
    """hosts: what is known of registries and their mirrors. Files that images are read from stay open until `close`."""

    def __init__(
        self,
        settings: Settings,
        transport: Transport,
        tls: TlsByOrigin,
        uses: Uses,
        *,
        clock: Clock,
        observer: Observer,
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._tls = tls
        self._uses = uses
        self._clock = clock
        self._observer = observer
        self._store: Store | None = None
        self._files = ExitStack()
        self.hosts = self.new_hosts()

    def close(self) -> None:
        self._files.close()

    def open(self, image: str, cancel: Cancel, lock: LockFile | None = None) -> CachedImage:
        """lock: what tags stand for. Raises UsageError, StorageError, and what opening a file raises."""
        locator = self.locator(image)
        if isinstance(locator, FileLocator):
            return self._cached(self._file(locator, cancel), None, cancel)
        remote = self._remote(_locked(locator, lock), locator.archive_names, cancel)
        converted = ConvertedImage(remote, self._download, self._scratch, cancel=cancel, observer=self._observer)
        return self._cached(converted, self.store(), cancel)

    def raw(self, image: str, cancel: Cancel) -> bytes:
        """The manifest or index that the word means, untouched, of Docker's old schema 1 too. Raises DgetError."""
        locator = self.locator(image)
        try:
            if isinstance(locator, FileLocator):
                return self._file(locator, cancel).resolve().raw
            remote = self._remote(locator, locator.archive_names, cancel)
            return self._cached(remote, self.store(), cancel).resolve().raw
        except OldManifest as old:
            return old.raw

    def locator(self, text: str) -> Locator:
        """Raises UsageError."""
        return parse_locator(self._expanded(text), default_domain=self.default_domain, holds_image=holds_image)

    def reference(self, text: str) -> Reference:
        """Raises UsageError."""
        return Reference.parse(self._expanded(text), default_domain=self.default_domain)

    @property
    def default_domain(self) -> str:
        """Where images without a host are."""
        return self._settings.registry.removeprefix("http://").removeprefix("https://").rstrip("/")

    def new_hosts(self) -> Hosts:
        """Of which nothing was learned yet."""
        return Hosts(
            self._settings,
            self._transport,
            self._tls,
            credentials_of(self._settings, self._observer),
            self.store,
            clock=self._clock,
            observer=self._observer,
        )

    def store(self) -> Store | None:
        """The cache, opened when it is first needed; None where there is to be none."""
        if self._settings.cache and self._store is None:
            self._store = Store.open(*self._settings.cache_dirs, uses=self._uses)
        return self._store

    def _cached(self, source: ImageSource, store: Store | None, cancel: Cancel) -> CachedImage:
        offline = self._settings.offline and store is not None
        return CachedImage(
            source,
            store,
            self._clock,
            offline=offline,
            fetching=fetching_of(self._settings, self._clock),
            cancel=cancel,
            observer=self._observer,
        )

    def _file(self, locator: FileLocator, cancel: Cancel) -> ImageSource:
        from dget.archive.readers import open_image

        return self._files.enter_context(open_image(locator, cancel=cancel, observer=self._observer))

    def _remote(self, reference: Reference, names: tuple[str, ...], cancel: Cancel) -> RemoteImage:
        hosts = self.hosts.of(reference, cancel)
        return RemoteImage(hosts, reference, names, cancel=cancel, observer=self._observer)

    def _download(self, source: ImageSource, cancel: Cancel) -> Download:
        """Of blobs that are needed before there is a plan."""
        store, sources = self.store(), Sources(source.hosts)
        return Download(
            lambda _: sources,
            store.blobs if store else None,
            fetching=fetching_of(self._settings, self._clock),
            cancel=cancel,
            observer=self._observer,
            verified=lambda _: None,
        )

    def _scratch(self) -> Path:
        """A folder that lasts until `close`."""
        from dget.codec import ScratchFolder

        scratch = ScratchFolder()
        self._files.callback(scratch.remove)
        return scratch.path

    def _expanded(self, text: str) -> str:
        # Whoever names a registry for short names means that one.
        return self.hosts.expanded(text) if self.default_domain == DOCKER_HUB else text


def _locked(reference: Reference, lock: LockFile | None) -> Reference:
    digest = lock.digest(reference) if lock and reference.digest is None else None
    return reference.with_tag(reference.label).with_digest(digest) if digest else reference
