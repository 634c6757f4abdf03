"""How a finished archive gets into engines: what the summary says. Proven by docs/formats.md's table."""

import shlex
from collections.abc import Sequence

from dget.api import ManyResult, PullResult
from dget.archive import STREAM, Format, Method, OuterCompression

_UNPACK = {Method.GZIP: "gunzip -c", Method.ZSTD: "zstd -dc"}


def load_commands(result: PullResult | ManyResult) -> list[tuple[str, str]]:
    """Labels and commands that load this file into an engine."""
    if result.path == STREAM:
        return []
    if isinstance(result, ManyResult):
        return _of_several(result)
    file = shlex.quote(str(result.path))
    form, method = Format(result.format), OuterCompression.parse(result.compression).method
    if form is Format.ROOTFS:
        return _rootfs_commands(file, folder=result.path.is_dir())
    tag = shlex.quote(result.name.rpartition(":")[2])
    if result.kind != "an image":
        # Only what copies images as they are takes artifacts; in a folder names are full.
        source = f"oci:{file}:{shlex.quote(result.name)}" if form is Format.OCI_DIR else f"oci-archive:{file}:{tag}"
        return [("copy", f"skopeo copy {source} …")]
    if result.companions and form is Format.OCI_ARCHIVE:
        # `podman load` wants a single entry in index.json; ctr would unpack signatures too.
        unpack = "" if method is Method.NONE else f"{_UNPACK[method]} {file} | "
        return [
            ("load", f"podman pull oci-archive:{file}:{tag}"),
            ("", f"{unpack}ctr -n k8s.io images import --no-unpack {'-' if unpack else file}"),
        ]
    commands = _commands(form, method, file, result.name)
    return [("" if place else "load", command) for place, command in enumerate(commands)]


def _rootfs_commands(file: str, *, folder: bool) -> list[tuple[str, str]]:
    if folder:
        return [("use", f"chroot {file} /bin/sh")]
    return [
        ("use", f"tar --numeric-owner --xattrs -xpf {file} -C FOLDER"),
        ("", f"wsl --import NAME FOLDER {file}"),
    ]


def _of_several(result: ManyResult) -> list[tuple[str, str]]:
    """One image of an OCI layout at a time is what podman and skopeo take, by its full name."""
    file = shlex.quote(str(result.path))
    form, method = Format(result.format), OuterCompression.parse(result.compression).method
    name = result.images[0].name
    commands = list(_commands(form, method, file, name))
    if form is Format.OCI_ARCHIVE:
        loaded = f"podman pull oci-archive:{file}:{shlex.quote(name)}  # and so on"
        commands = [loaded, *(one for one in commands if "podman" not in one and "skopeo" not in one)]
    else:
        commands = [one for one in commands if "skopeo" not in one or form is Format.OCI_DIR]
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
