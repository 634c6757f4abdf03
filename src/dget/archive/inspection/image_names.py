"""What each consumer calls an image that it loaded."""

from dget.archive.inspection.views import ImageView, Kind
from dget.archive.readers.listed import full_name


def docker_names(image: ImageView) -> tuple[str, ...]:
    lost = {fault.where for fault in image.faults if fault.kind is Kind.NAME_TAKEN_LATER}
    names = [full_name(name) for name in image.names if name not in lost]
    return tuple(name for name in names if name) or (image.image_id,)


def docker_names_by_containerd(image: ImageView) -> tuple[str, ...]:
    names = image.names if image.containerd_name is None else (image.containerd_name,)
    found = tuple(name for name in map(full_name, names) if name)
    # Of an image without a manifest it makes one, whose digest only it knows.
    return found or (image.root or "sha256:…",)


def containerd_names(image: ImageView) -> tuple[str, ...]:
    if image.containerd_name:
        return (image.containerd_name,)
    return tuple(f"import-DATE:{name}" for name in image.names)


def repo_tags(image: ImageView) -> tuple[str, ...]:
    return tuple(name for name in map(full_name, image.names) if name)


def podman_names(image: ImageView) -> tuple[str, ...]:
    return tuple(map(_with_localhost, image.names)) or (image.image_id,)


def _with_localhost(name: str) -> str:
    """As podman completes a short name."""
    first, slash, _ = name.partition("/")
    has_host = bool(slash) and (bool(set(".:") & set(first)) or first == "localhost")
    tagged = name if ":" in name.rpartition("/")[2] or "@" in name else f"{name}:latest"
    return tagged if has_host else f"localhost/{tagged}"


def as_oci_archive(image: ImageView) -> tuple[str, ...]:
    return (f"oci-archive:FILE:{image.oci_ref}" if image.oci_ref else "oci-archive:FILE",)


def as_docker_archive(image: ImageView) -> tuple[str, ...]:
    return tuple(f"docker-archive:FILE:{name}" for name in repo_tags(image)) or ("docker-archive:FILE",)
