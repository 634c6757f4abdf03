"""How a registry is asked for what refers to a manifest.

Sources: OCI distribution specification, "Listing Referrers" and "Referrers Tag Schema"; sigstore/cosign, doc "Tag-based
discovery".
"""

from collections.abc import Iterable, Sequence
from urllib.parse import urlencode

from dget.errors import DgetError, NetworkError, NotFound, Unauthorized
from dget.model import Descriptor, Digest
from dget.protocol.http import Headers

_APPLIED = "OCI-Filters-Applied"
_COSIGN_ENDS = (".sig", ".att", ".sbom")


def referrers_place(digest: Digest, types: Sequence[str] = ()) -> str:
    """Below the repository. types: artifact types; the API filters by one alone."""
    query = f"?{urlencode({'artifactType': types[0]})}" if len(types) == 1 else ""
    return f"/referrers/{digest}{query}"


def referrers_tag(digest: Digest) -> str:
    """The tag of the index that stands in for the API at registries without it."""
    return f"{digest.algorithm[:32]}-{digest.hex[:64]}"


def cosign_tags(digest: Digest) -> list[str]:
    """Where cosign keeps signatures, attestations and SBOMs of a manifest."""
    return [f"{digest.algorithm}-{digest.hex}{end}" for end in _COSIGN_ENDS]


def is_filtered(headers: Headers) -> bool:
    """Whether the registry did filter by type: it need not."""
    return any("artifactType" in value.replace(" ", "").split(",") for value in headers.all(_APPLIED))


def of_types(found: Iterable[Descriptor], types: Sequence[str]) -> list[Descriptor]:
    """Those of one of these artifact types; all where none is named."""
    return [one for one in found if not types or one.artifact_type in types]


def has_no_api(error: DgetError) -> bool:
    """Whether an error may mean that the registry does not know the API.

    Not all say 404: some refuse the path, some answer with a web page. Where it means something else, asking for the
    tag that stands in fails the same way.
    """
    return isinstance(error, NotFound | Unauthorized | NetworkError) and not error.temporary
