"""How a finished archive gets into engines: what the summary says. Proven by docs/matrix.md."""

import shlex
from collections.abc import Sequence

from dget.api import ManyResult, PullResult
from dget.archive import STREAM, Format, Method, OuterCompression

_UNPACK = {Method.GZIP: "gunzip -c", Method.ZSTD: "zstd -dc"}


def load_commands(result: PullResult | ManyResult) -> list[tuple[str, str]]:
    """Labels and commands that load this file into an engine."""
    if result.path == STREAM:
        return []
    file = shlex.quote(str(result.path))
    form, method = Format(result.format), OuterCompression.parse(result.compression).method
    if isinstance(result, ManyResult):
        name = shlex.quote(result.images[0].name)
        commands = _commands(form, method, file, name, name)
        return _labelled([f"{one}  # and so on" if name in one else one for one in commands])
    if form is Format.ROOTFS:
        return _rootfs_commands(file, folder=result.path.is_dir())
    name, reference = shlex.quote(result.name), shlex.quote(_reference(result))
    if result.kind != "an image":
        # Only what copies images as they are takes artifacts; in a folder names are full.
        source = f"oci:{file}:{name}" if form is Format.OCI_DIR else f"oci-archive:{file}:{reference}"
        return [("copy", f"skopeo copy {source} …")]
    if result.companions and form is Format.OCI_ARCHIVE:
        # `podman load` wants a single entry in index.json; ctr would unpack signatures too.
        unpack = "" if method is Method.NONE else f"{_UNPACK[method]} {file} | "
        return [
            ("load", f"podman pull oci-archive:{file}:{reference}"),
            ("", f"{unpack}ctr -n k8s.io images import --no-unpack {'-' if unpack else file}"),
        ]
    return _labelled(_commands(form, method, file, name, reference if len(result.names) > 1 else None))


def _reference(result: PullResult) -> str:
    """What an archive's index.json calls the image: its tag, or of several names the first in full."""
    tagged = [name for name in result.names if "@" not in name]
    return result.name if len(tagged) > 1 else result.name.rpartition(":")[2]


def _labelled(commands: Sequence[str]) -> list[tuple[str, str]]:
    return [("" if place else "load", command) for place, command in enumerate(commands)]


def _rootfs_commands(file: str, *, folder: bool) -> list[tuple[str, str]]:
    if folder:
        return [("use", f"chroot {file} /bin/sh")]
    return [
        ("use", f"tar --numeric-owner --xattrs -xpf {file} -C FOLDER"),
        ("", f"wsl --import NAME FOLDER {file}"),
    ]


def _commands(form: Format, method: Method, file: str, name: str, reference: str | None) -> Sequence[str]:
    """reference: by which the image is picked among several entries of index.json; None where there is one."""
    if form is Format.OCI_DIR:
        return (
            f"skopeo copy oci:{file}:{name} …",
            f"tar -C {file} -c . | ctr -n k8s.io images import -",
        )
    layout = f"oci-archive:{file}:{reference}" if reference else f"oci-archive:{file}"
    classic = f"docker-archive:{file}:{name}" if reference else f"docker-archive:{file}"
    by_docker = f"docker load -i {file}"
    into_containerd_store = f"{by_docker}  # into its containerd store"
    if method is Method.NONE:
        by_podman, by_ctr = f"podman load -i {file}", f"ctr -n k8s.io images import {file}"
        match form:
            case Format.OCI_ARCHIVE:
                by_podman = f"podman pull {layout}" if reference else by_podman
                return (by_podman, by_ctr, f"skopeo copy {layout} …", into_containerd_store)
            case Format.DOCKER_ARCHIVE:
                # By a reference, old skopeo passes over Docker's media types in an OCI layout.
                return (by_docker, by_podman, by_ctr, f"skopeo copy {classic if reference else layout} …")
            case _:
                return (by_docker, by_podman, by_ctr, f"skopeo copy {classic} …")
    by_podman, by_ctr = (
        f"{_UNPACK[method]} {file} | podman load",
        f"{_UNPACK[method]} {file} | ctr -n k8s.io images import -",
    )
    if form is Format.OCI_ARCHIVE:
        return (f"podman pull {layout}" if reference else by_podman, by_ctr, into_containerd_store)
    return (f"{by_docker}  # Docker 23 or newer" if method is Method.ZSTD else by_docker, by_podman, by_ctr)
