"""What the person set up for one registry alone: a section `[hosts."reg.example:5000"]` of `config.toml`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from dget.config.kinds import Kind, Misfit, path, switch, texts
from dget.config.setting import setting, settings_in
from dget.config.table import read_table

# Not loaded for `dget --help`.
if TYPE_CHECKING:
    from pathlib import Path

_HTTPS_PORT = "443"


def _check_address(value: str) -> None:
    from ipaddress import ip_address

    try:
        ip_address(value.strip("[]"))
    except ValueError:
        raise Misfit(f"takes IP addresses, not {value!r}") from None


def _check_mirror(url: str) -> None:
    from dget.config.mirrors.mirror_url import mirror_root

    try:
        mirror_root(url)
    except ValueError as error:
        raise Misfit(f"takes URLs: {error}") from None


class HostSettings(msgspec.Struct, frozen=True, kw_only=True):
    """name: the registry's host, with its port where it is not 443, as images name it.

    mirrors: URLs, asked before the registry itself; resolve: addresses that the host is found at; ca_file: trusted
    besides the system's authorities; insecure: bad certificates and plain HTTP are taken; plain_http: it has no TLS.
    """

    name: str = ""
    mirrors: Annotated[
        tuple[str, ...],
        setting(texts("URL", _check_mirror, example="https://mirror.example"), "Asked before the registry itself."),
    ] = ()
    insecure: Annotated[bool, setting(switch(), "Do not check its certificate; allow plain HTTP.")] = False
    plain_http: Annotated[bool, setting(switch(), "It has no TLS.")] = False
    ca_file: Annotated[
        "Path | None", setting(path("PEM", example="/etc/ssl/reg.pem"), "Trust these authorities too.")
    ] = None
    resolve: Annotated[
        tuple[str, ...],
        setting(texts("ADDR", _check_address, example="192.0.2.1"), "Its addresses, in place of what the DNS says."),
    ] = ()


def host_named(hosts: Sequence[HostSettings], domain: str) -> HostSettings:
    """The section of that registry; one that sets nothing where there is none."""
    return next((host for host in hosts if host.name == domain), HostSettings(name=domain))


def resolutions(hosts: Sequence[HostSettings]) -> tuple[str, ...]:
    """`HOST:PORT:ADDR[,ADDR]` for curl's CURLOPT_RESOLVE."""
    return tuple(f"{_wire_address(host.name)}:{','.join(host.resolve)}" for host in hosts if host.resolve)


def _wire_address(name: str) -> str:
    # Imported here: `dget --help` needs this module, but none of the model.
    from dget.model.reference import wire_host

    host = wire_host(name)
    return host if host.rpartition(":")[2].isdigit() else f"{host}:{_HTTPS_PORT}"


def _read(sections: Mapping[str, Any]) -> tuple[HostSettings, ...]:
    hosts = []
    for name, section in sections.items():
        if not isinstance(section, dict):
            raise Misfit(f'takes sections, [hosts."{name}"], not a value', path=(name,))
        try:
            hosts.append(HostSettings(name=name, **read_table(HostSettings, section)))
        except Misfit as wrong:
            raise Misfit(str(wrong), path=(name, *wrong.path), hint=wrong.hint) from None
    return tuple(hosts)


def _show(hosts: tuple[HostSettings, ...]) -> dict[str, Any]:
    return {
        host.name: {
            one.key: one.kind.show(getattr(host, one.field))
            for one in settings_in(HostSettings)
            if getattr(host, one.field) != one.default
        }
        for host in hosts
    }


HOSTS = Kind(metavar="", expects='sections such as [hosts."reg.example:5000"]', toml=(dict,), parse=_read, show=_show)
