"""Which files of containers' configuration count, and what they say together.

Source: containers-registries.conf(5) and containers-registries.conf.d(5).
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from dget.config.mirrors.config_file import ConfigFile
from dget.config.mirrors.host import EVERYTHING, Capability, Host, api_root
from dget.config.mirrors.registries_conf import Endpoint, RegistriesConf, RegistryRule
from dget.config.tls import HostTls
from dget.errors import UsageError
from dget.model import Reference


class RegistriesFiles(msgspec.Struct, frozen=True):
    """files: of the person and of the system, in this order; the first that is there counts. folders: of drop-ins, the
    system's first.
    """

    files: tuple[Path, ...] = ()
    folders: tuple[Path, ...] = ()

    def read(self) -> RegistriesConf:
        """Raises UsageError."""
        conf = RegistriesConf()
        for path in self.files:
            if file := ConfigFile.read(path):
                conf = RegistriesConf.parse(file)
                break
        for path in _drop_ins(self.folders):
            if file := ConfigFile.read(path):
                conf = conf.updated(RegistriesConf.parse(file))
        return conf


def registries_hosts(conf: RegistriesConf, reference: Reference) -> tuple[list[Host], Host | None]:
    """Mirrors and the primary of a reference; nothing where no prefix takes it. Raises UsageError where it is blocked."""
    rule = conf.rule_for(reference.name)
    if rule is None:
        return [], None
    if rule.blocked:
        raise UsageError(
            f"{rule.source} blocks {rule.prefix}, and with it {reference.familiar_name}",
            hint=f"take `blocked = true` out of {rule.source}",
        )
    mirrors = [
        _host(rule, mirror, reference, origin=False)
        for mirror in rule.mirrors
        if mirror.digests or not reference.digest
    ]
    return mirrors, _host(rule, rule.primary, reference, origin=True)


def _host(rule: RegistryRule, endpoint: Endpoint, reference: Reference, *, origin: bool) -> Host:
    name = reference.name
    if endpoint.location:
        name = endpoint.location + name[rule.matches(name) :]
    try:
        place = Reference.parse(name)
    except UsageError as error:
        raise UsageError(f"{rule.source}: {reference.name} becomes {name}: {error.message}") from error
    if "/" not in name or place.domain != name.partition("/")[0]:
        raise UsageError(f"{rule.source}: {reference.name} becomes {name}, which names no registry")
    return Host(
        url=api_root(place.domain),
        repository=place.repository,
        source=str(rule.source),
        origin=origin,
        capabilities=EVERYTHING if endpoint.tags else Capability.PULL | Capability.PUSH,
        plain_http=endpoint.insecure,
        tls=HostTls(verify=not endpoint.insecure),
    )


def _drop_ins(folders: Sequence[Path]) -> list[Path]:
    """By base name, wherever they are; a later folder's after an earlier one's of the same name."""
    found: list[Path] = []
    for folder in folders:
        try:
            found += [path for path in folder.iterdir() if path.suffix == ".conf" and not path.is_dir()]
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise UsageError(f"cannot read {folder}: {error.strerror}") from error
    return sorted(found, key=lambda path: path.name)
