"""An image at a registry, as a source of documents and blobs."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from dget.errors import IntegrityError, NotFound, Unsupported
from dget.flow import Cancel, Observer
from dget.model import Descriptor, Digest, Document, Index, Manifest, Reference, read_manifest
from dget.model.document import is_schema1
from dget.model.media_type import ACCEPT_MANIFESTS
from dget.protocol.http import Response
from dget.protocol.quota import Quota
from dget.registry.image_hosts import ImageHosts
from dget.registry.persistence import persist
from dget.registry.remote_host import RemoteHost

T = TypeVar("T")

# Common registries take no larger ones (distribution specification, "Pushing Manifests").
MANIFEST_MAX = 4 << 20
DOCUMENT_MAX = 8 << 20
_DIGEST_HEADER = "Docker-Content-Digest"


class RemoteImage:
    """What a reference names. names: in an archive; quota: as the registry's last counted answer told it."""

    def __init__(
        self,
        hosts: ImageHosts,
        reference: Reference,
        names: tuple[str, ...],
        *,
        cancel: Cancel,
        observer: Observer,
    ) -> None:
        self.reference = reference
        self.names = names
        self.hosts = hosts
        self.quota: Quota | None = None
        self._cancel = cancel
        self._observer = observer

    def holds(self, descriptor: Descriptor) -> bool:  # noqa: ARG002 - an ImageSource's shape
        """A registry takes no index without what it lists."""
        return True

    def resolve(self) -> Document[Manifest] | Document[Index]:
        """The manifest or index that the tag or digest names. Raises DgetError."""
        subject, digest = str(self.reference), self.reference.digest
        if digest is not None:
            return self._fetch(digest, subject)
        return self._persist(
            lambda: self.hosts.for_tag(
                lambda host, cancel: self._document(host, self.reference.selector, subject, None, cancel)
            ),
            subject,
        )

    def digest(self) -> Digest | None:
        """What the tag names now, asked without being counted as a pull; None where the registry does not say."""

        def ask(host: RemoteHost, cancel: Cancel) -> Digest | None:
            response = self._ask(host, self.reference.selector, str(self.reference), cancel, method="HEAD")
            try:
                return Digest.parse(response.headers.get(_DIGEST_HEADER) or "")
            except ValueError:
                return None

        return self._persist(lambda: self.hosts.for_tag(ask), str(self.reference))

    def document(self, descriptor: Descriptor) -> Document[Manifest] | Document[Index]:
        """A manifest by its digest. Raises IntegrityError where the bytes are not those that it names."""
        return self._fetch(descriptor.digest, f"{self.reference.familiar_name}@{descriptor.digest}")

    def tagged(self, tag: str) -> Document[Manifest] | Document[Index] | None:
        """What another tag of the repository names; None where there is no such tag. Raises DgetError."""
        subject = f"{self.reference.familiar_name}:{tag}"

        def ask(host: RemoteHost, cancel: Cancel) -> Document[Manifest] | Document[Index] | None:
            # An answer, not a failure: a mirror that lacks it still has the image.
            try:
                return self._document(host, tag, subject, None, cancel)
            except NotFound:
                return None

        return self._persist(lambda: self.hosts.for_tag(ask), subject)

    def referrers(self, digest: Digest, types: Sequence[str]) -> list[Descriptor]:
        """What refers to a manifest: by the registry's API, or by the index that stands in for it. Raises DgetError.

        types: of these artifact types alone, where any is named.
        """
        from dget.protocol.referrers import of_types, referrers_tag
        from dget.registry.referrers import list_referrers

        listed = self._persist(
            lambda: self.hosts.for_tag(lambda host, cancel: list_referrers(host.session, digest, types, cancel=cancel)),
            f"referrers of {digest.short}",
        )
        if listed is not None:
            return listed
        stand_in = self.tagged(referrers_tag(digest))
        return of_types(stand_in.value.manifests, types) if stand_in and isinstance(stand_in.value, Index) else []

    def blob_size(self, digest: Digest) -> int:
        """Of a blob that no descriptor tells of. Raises DgetError."""
        return self._persist(
            lambda: self.hosts.for_content(lambda host, cancel: host.session.blob_size(digest, cancel=cancel)),
            str(digest),
        )

    def small_blob(self, blob: Descriptor) -> bytes:
        """A config or the like, verified. Raises IntegrityError; Unsupported where it is too large for one."""
        if blob.size > DOCUMENT_MAX:
            raise Unsupported(f"{blob.digest} has {blob.size:,} bytes where a short document is expected")

        def ask(host: RemoteHost, cancel: Cancel) -> bytes:
            data = _Bytes(blob.size)
            host.session.get_blob(blob.digest, blob.size, data, start=0, stop=blob.size, cancel=cancel)
            return data.verified(blob, str(self.reference))

        return self._persist(lambda: self.hosts.for_content(ask), str(blob.digest))

    def expect(self, blobs: Sequence[Descriptor]) -> None:
        self.hosts.expect(blobs)

    def scout(self, known: Descriptor) -> None:
        """Finds out which hosts may be asked for blobs, by a manifest of the image. Raises DgetError where none may."""
        subject = f"{self.reference.familiar_name}@{known.digest}"

        def ask(host: RemoteHost, cancel: Cancel) -> None:
            # The origin is trusted, and may count what it gives.
            if host.origin:
                self._ask(host, str(known.digest), subject, cancel, method="HEAD")
            else:
                self._document(host, str(known.digest), subject, known.digest, cancel)

        self._persist(lambda: self.hosts.scout(ask), subject)

    def _fetch(self, digest: Digest, subject: str) -> Document[Manifest] | Document[Index]:
        return self._persist(
            lambda: self.hosts.for_content(
                lambda host, cancel: self._document(host, str(digest), subject, digest, cancel)
            ),
            subject,
        )

    def _persist(self, action: Callable[[], T], what: str) -> T:
        return persist(action, what=what, known=self.hosts.reached, cancel=self._cancel, observer=self._observer)

    def _document(
        self, host: RemoteHost, selector: str, subject: str, digest: Digest | None, cancel: Cancel
    ) -> Document[Manifest] | Document[Index]:
        response = self._ask(host, selector, subject, cancel)
        raw = response.body
        if len(raw) > MANIFEST_MAX:
            raise Unsupported(f"the manifest of {subject} is larger than {MANIFEST_MAX >> 20} MB")
        if digest is not None and Digest.of(_named(raw), digest.algorithm) != digest:
            raise IntegrityError(
                f"the registry's manifest for {subject} does not match its digest",
                hint="a proxy or mirror in between may have changed it; try again, or another network",
            )
        return read_manifest(raw, declared=(response.headers.get("Content-Type") or "").partition(";")[0].strip())

    def _ask(self, host: RemoteHost, selector: str, subject: str, cancel: Cancel, method: str = "GET") -> Response:
        response = host.session.get(
            f"/manifests/{selector}", subject=subject, accept=ACCEPT_MANIFESTS, method=method, cancel=cancel
        )
        if host.origin:
            self.quota = Quota.from_headers(response.headers) or self.quota
        return response


def _named(raw: bytes) -> bytes:
    """What a digest names. Of a signed schema 1 manifest that is what was signed, and nothing else of it is read."""
    if not is_schema1(raw):
        return raw
    from dget.protocol.schema1 import payload_of

    return payload_of(raw)


class _Bytes:
    """A PieceSink of a short document of so many bytes."""

    def __init__(self, size: int) -> None:
        self._pieces: list[bytes] = []
        self._left = size

    def write(self, data: bytes | memoryview) -> None:
        self._left -= len(data)
        if self._left < 0:
            raise IntegrityError("a server sends more bytes of a blob than it has")
        self._pieces.append(bytes(data))

    def verified(self, blob: Descriptor, image: str) -> bytes:
        whole = b"".join(self._pieces)
        if len(whole) != blob.size or Digest.of(whole, blob.digest.algorithm) != blob.digest:
            raise IntegrityError(
                f"the bytes of the config {blob.digest} of {image} do not match their digest",
                hint="the registry, a proxy or a mirror in between serves damaged data; try another network or mirror",
            )
        return whole
