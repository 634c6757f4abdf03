"""What refers to a manifest, as its registry lists it."""

from collections.abc import Sequence

from dget.errors import DgetError, NetworkError, Unsupported
from dget.flow import Cancel
from dget.model import Descriptor, Digest, Index
from dget.model.document import decode
from dget.model.media_type import OCI_INDEX
from dget.protocol.origin import host_of
from dget.protocol.pagination import next_page
from dget.protocol.referrers import has_no_api, is_filtered, of_types, referrers_place
from dget.registry.session import Session

_PAGES_MAX = 1000
_REFERRERS_MAX = 10_000


def list_referrers(
    session: Session, digest: Digest, types: Sequence[str], *, cancel: Cancel
) -> list[Descriptor] | None:
    """Those of these artifact types, or all where none is named; None where the registry does not know the API.

    Raises DgetError.
    """
    place = referrers_place(digest, types)
    found: dict[Digest, Descriptor] = {}
    for _ in range(_PAGES_MAX):
        try:
            response = session.get(place, subject=f"list of referrers of {digest}", accept=OCI_INDEX, cancel=cancel)
            page = decode(response.body, Index).manifests
        except DgetError as error:
            if not found and (has_no_api(error) or isinstance(error, Unsupported)):
                return None
            raise
        found |= {one.digest: one for one in (page if is_filtered(response.headers) else of_types(page, types))}
        following = next_page(f"{session.base}/referrers/{digest}", response.headers)
        if following is None:
            return list(found.values())
        if following == place or len(found) > _REFERRERS_MAX:
            break
        place = following
    raise NetworkError(f"{host_of(session.base)} lists referrers of {digest} without an end: refused")
