"""How TLS is done with each host: whom we trust there, and as whom we come."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import msgspec

# Scheme, host and port, as `protocol.origin.origin` gives them.
Origin: TypeAlias = tuple[str, str, int]


class HostTls(msgspec.Struct, frozen=True, kw_only=True):
    """One host's.

    ca_files: PEM files, trusted besides the system's authorities; client_certificate: PEM; client_key: PEM, None where
    the certificate's file holds it too; verify: False takes any certificate.
    """

    ca_files: tuple[Path, ...] = ()
    client_certificate: Path | None = None
    client_key: Path | None = None
    verify: bool = True


# Asked for each request, from several threads.
TlsOf: TypeAlias = Callable[[Origin], HostTls]


class TlsByOrigin:
    """A TlsOf, of what the person said for all hosts and for one, and of what is found for one.

    A client certificate is shown to the origin that it is for, and to no other: not to those that redirects lead to,
    nor to token services elsewhere. Threads may use it together.
    """

    def __init__(self, common: HostTls, find: Callable[[Origin], HostTls | None]) -> None:
        """common: for all hosts, so without a client certificate; find: what files say of an origin."""
        self._common = common
        self._find = find
        self._said: dict[Origin, HostTls] = {}
        self._known: dict[Origin, HostTls] = {}

    def say(self, origin: Origin, tls: HostTls) -> None:
        """What was said for one origin; what it says comes before what is found."""
        self._said[origin] = tls
        self._known.pop(origin, None)

    def __call__(self, origin: Origin) -> HostTls:
        """Raises what `find` raises."""
        if origin not in self._known:
            self._known[origin] = self._combined(self._said.get(origin, HostTls()), self._find(origin) or HostTls())
        return self._known[origin]

    def _combined(self, said: HostTls, found: HostTls) -> HostTls:
        shown = said if said.client_certificate else found
        return HostTls(
            ca_files=tuple(dict.fromkeys((*self._common.ca_files, *said.ca_files, *found.ca_files))),
            client_certificate=shown.client_certificate,
            client_key=shown.client_key,
            verify=self._common.verify and said.verify and found.verify,
        )
