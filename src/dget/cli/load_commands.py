"""How a finished archive gets into engines: what the summary says. Proven by docs/formats.md's table."""

import shlex
from collections.abc import Sequence

from dget.api import PullResult
from dget.archive import STREAM, Format, Method, OuterCompression

_UNPACK = {Method.GZIP: "gunzip -c", Method.ZSTD: "zstd -dc"}


def load_commands(result: PullResult) -> list[tuple[str, str]]:
    """Labels and commands that load this file into an engine."""
    if result.path == STREAM:
        return []
    file = shlex.quote(str(result.path))
    if result.kind != "an image":
        # Only what copies images as they are takes artifacts; in a folder names are full.
        in_folder = result.format == Format.OCI_DIR
        name = result.name if in_folder else result.name.rpartition(":")[2]
        return [("copy", f"skopeo copy {'oci' if in_folder else 'oci-archive'}:{file}:{shlex.quote(name)} …")]
    if result.companions and result.format == Format.OCI_ARCHIVE:
        # podman load wants one entry in index.json; ctr would unpack signatures too.
        return [
            ("load", f"podman pull oci-archive:{file}:{shlex.quote(result.name.rpartition(':')[2])}"),
            ("", f"ctr -n k8s.io images import --no-unpack {file}"),
        ]
    commands = _commands(
        Format(result.format),
        OuterCompression.parse(result.compression).method,
        file,
        result.name,
    )
    return [("" if place else "load", command) for place, command in enumerate(commands)]


def _commands(form: Format, method: Method, file: str, name: str) -> Sequence[str]:
    if form is Format.OCI_DIR:
        return (
            f"skopeo copy oci:{file}:{shlex.quote(name)} …",
            f"tar -C {file} -c . | ctr -n k8s.io images import -",
        )
    by_docker = f"docker load -i {file}"
    if method is Method.NONE:
        others = (f"podman load -i {file}", f"ctr -n k8s.io images import {file}")
        match form:
            case Format.OCI_ARCHIVE:
                return (*others, f"skopeo copy oci-archive:{file} …", f"{by_docker}  # into its containerd store")
            case Format.DOCKER_ARCHIVE:
                return (by_docker, *others, f"skopeo copy oci-archive:{file} …")
            case _:
                return (by_docker, *others, f"skopeo copy docker-archive:{file} …")
    others = (f"{_UNPACK[method]} {file} | podman load", f"{_UNPACK[method]} {file} | ctr -n k8s.io images import -")
    if form is Format.OCI_ARCHIVE:
        return (*others, f"{by_docker}  # into its containerd store")
    return (f"{by_docker}  # Docker 23 or newer" if method is Method.ZSTD else by_docker, *others)
