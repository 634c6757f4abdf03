"""An image at a registry, as a source of documents and blobs."""

from dget.errors import IntegrityError, Unsupported
from dget.flow import ByteSink, Cancel, Observer
from dget.model import Descriptor, Digest, Document, Index, Manifest, Reference, read_manifest
from dget.model.media_type import ACCEPT_MANIFESTS
from dget.protocol.http import Response
from dget.protocol.quota import Quota
from dget.registry.persistence import persist
from dget.registry.session import Session

# Common registries take no larger ones (distribution specification, "Pushing Manifests").
MANIFEST_MAX = 4 << 20
_DOCUMENT_MAX = 8 << 20
_DIGEST_HEADER = "Docker-Content-Digest"


class RemoteImage:
    """What a reference names. quota: as the last counted answer told it."""

    def __init__(self, session: Session, reference: Reference, *, cancel: Cancel, observer: Observer) -> None:
        self.reference = reference
        self.quota: Quota | None = None
        self._session = session
        self._cancel = cancel
        self._observer = observer

    def resolve(self) -> Document[Manifest] | Document[Index]:
        """The manifest or index that the tag or digest names. Raises DgetError."""
        return self._fetch(self.reference.selector, str(self.reference), self.reference.digest)

    def digest(self) -> Digest | None:
        """What the tag names now, asked without being counted as a pull; None where the registry does not say."""
        response = self._ask(self.reference.selector, str(self.reference), method="HEAD")
        try:
            return Digest.parse(response.headers.get(_DIGEST_HEADER) or "")
        except ValueError:
            return None

    def document(self, descriptor: Descriptor) -> Document[Manifest] | Document[Index]:
        """A manifest by its digest. Raises IntegrityError where the bytes are not those that it names."""
        return self._fetch(
            str(descriptor.digest), f"{self.reference.familiar_name}@{descriptor.digest}", descriptor.digest
        )

    def read_blob(self, blob: Descriptor, sink: ByteSink, *, start: int = 0, stop: int | None = None) -> None:
        """Bytes start to stop-1 of a blob, or fewer; unverified. Raises DgetError, RangesIgnored."""
        end = blob.size if stop is None else stop
        self._session.get_blob(blob.digest, blob.size, sink, start=start, stop=end, cancel=self._cancel)

    def small_blob(self, blob: Descriptor) -> bytes:
        """A config or the like, verified. Raises IntegrityError; Unsupported where it is too large for one."""
        if blob.size > _DOCUMENT_MAX:
            raise Unsupported(f"{blob.digest} has {blob.size:,} bytes where a short document is expected")

        def fetch() -> bytes:
            data = _Bytes(blob.size)
            self.read_blob(blob, data)
            return data.verified(blob)

        return persist(fetch, what=str(blob.digest), cancel=self._cancel, observer=self._observer)

    def _fetch(self, selector: str, subject: str, digest: Digest | None) -> Document[Manifest] | Document[Index]:
        return persist(
            lambda: self._fetch_once(selector, subject, digest),
            what=subject,
            cancel=self._cancel,
            observer=self._observer,
        )

    def _fetch_once(self, selector: str, subject: str, digest: Digest | None) -> Document[Manifest] | Document[Index]:
        response = self._ask(selector, subject)
        raw = response.body
        if len(raw) > MANIFEST_MAX:
            raise Unsupported(f"the manifest of {subject} is larger than {MANIFEST_MAX >> 20} MB")
        if digest is not None and Digest.of(raw, digest.algorithm) != digest:
            raise IntegrityError(
                f"the registry's manifest for {subject} does not match its digest",
                hint="a proxy or mirror in between may have changed it; try again, or another network",
            )
        return read_manifest(raw, declared=(response.headers.get("Content-Type") or "").partition(";")[0].strip())

    def _ask(self, selector: str, subject: str, method: str = "GET") -> Response:
        response = self._session.get(
            f"/manifests/{selector}", subject=subject, accept=ACCEPT_MANIFESTS, method=method, cancel=self._cancel
        )
        self.quota = Quota.from_headers(response.headers) or self.quota
        return response


class _Bytes:
    """A ByteSink of a short document of so many bytes."""

    def __init__(self, size: int) -> None:
        self._pieces: list[bytes] = []
        self._left = size

    def write(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left < 0:
            raise IntegrityError("a server sends more bytes of a blob than it has")
        self._pieces.append(data)

    def verified(self, blob: Descriptor) -> bytes:
        whole = b"".join(self._pieces)
        if len(whole) != blob.size or Digest.of(whole, blob.digest.algorithm) != blob.digest:
            raise IntegrityError(f"the bytes of {blob.digest} do not match their digest")
        return whole
