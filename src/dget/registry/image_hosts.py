"""The hosts of one image: which of them is asked for what."""

import contextlib
import threading
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias, TypeVar

from dget.config.mirrors import Capability
from dget.errors import DgetError, NotFound, Unauthorized
from dget.flow import Cancel, Noted, Observer, Warned
from dget.model import Descriptor
from dget.registry.foreign_layers import has_other_places
from dget.registry.race import Contender, Race
from dget.registry.remote_host import RemoteHost

T = TypeVar("T")

# How long the registry itself is waited for before a mirror's word on a tag is taken.
HEAD_START = 1.0

TagFrom: TypeAlias = Literal["origin", "any"]
Ask: TypeAlias = Callable[[RemoteHost, Cancel], T]


class ImageHosts:
    """tag_from: whether a tag is the origin's to resolve, mirrors coming second, or anybody's."""

    def __init__(
        self, hosts: Sequence[RemoteHost], *, tag_from: TagFrom = "origin", cancel: Cancel, observer: Observer
    ) -> None:
        """hosts: in order of preference, the origin last."""
        self._hosts = list(hosts)
        self._tag_from = tag_from
        self._cancel = cancel
        self._observer = observer
        self._named = False

    @property
    def origin(self) -> RemoteHost:
        return self._hosts[-1]

    @property
    def reached(self) -> bool:
        """Whether one of them has answered as it should in this run."""
        return any(host.alive for host in self._hosts)

    @property
    def alive(self) -> list[RemoteHost]:
        """Those that may be asked for blobs: each has given a small answer. The origin where none has, never none."""
        return [host for host in self._able if host.alive] or [self._able[-1]]

    def for_tag(self, ask: "Ask[T]") -> T:
        """An answer to what a tag names. What the origin says of a tag that it lacks or refuses is final."""
        able = [host for host in self._hosts if host.can(Capability.RESOLVE)] or [self.origin]
        winner = self._run([Contender[T](host, self._tag_delay(host)) for host in self._worth_asking(able)], ask)
        if not winner.host.origin and not self._named:
            self._named = True
            self._name(winner.host)
        return winner.given

    def for_content(self, ask: "Ask[T]") -> T:
        """An answer that its digest proves, from anywhere. Mirrors first: the origin may count its answers."""
        worth = self._worth_asking(self._able)
        return self._run([Contender[T](host, HEAD_START if host.origin else 0.0) for host in worth], ask).given

    def expect(self, blobs: Sequence[Descriptor]) -> None:
        """Says which are wanted next, so that those hosts which lead elsewhere for blobs are asked where these are."""
        for host in self._hosts:
            host.session.expect([blob.digest for blob in blobs if not has_other_places(blob)], self._cancel)

    def scout(self, ask: "Ask[T]") -> None:
        """Finds out who may be asked for blobs. Waits for one, and only where none is known to be alive.

        ask: something small that each must be able to answer. Raises DgetError where none does.
        """
        strangers = [host for host in self._worth_asking(self._able) if not host.alive]
        if len(self._able) == 1 or not strangers:
            return
        race = Race([Contender[T](host) for host in strangers], ask, final=_never, cancel=self._cancel)
        if not any(host.alive for host in self._able):
            race.run()
            return

        def in_background() -> None:
            with contextlib.suppress(DgetError):
                race.run()

        threading.Thread(target=in_background, name="dget-scout", daemon=True).start()

    @property
    def _able(self) -> list[RemoteHost]:
        return [host for host in self._hosts if host.can(Capability.PULL)] or [self.origin]

    def _tag_delay(self, host: RemoteHost) -> float:
        if self._tag_from == "any":
            return 0.0 if host.usable else HEAD_START
        # An origin that failed lately comes second.
        return 0.0 if host.origin == self.origin.usable else HEAD_START

    def _is_final(self, host: RemoteHost, error: DgetError) -> bool:
        return host.origin and self._tag_from == "origin" and isinstance(error, NotFound | Unauthorized)

    def _worth_asking(self, able: Sequence[RemoteHost]) -> list[RemoteHost]:
        """Without those that rest; the origin always, as the last resort."""
        return [host for host in able if host.usable or host.origin] or list(able)

    def _run(self, contenders: Sequence[Contender[T]], ask: "Ask[T]") -> Contender[T]:
        if len(contenders) > 1:
            return Race(contenders, ask, final=self._is_final, cancel=self._cancel).run()
        alone = contenders[0]
        alone.answer = ask(alone.host, self._cancel)
        alone.host.well()
        return alone

    def _name(self, host: RemoteHost) -> None:
        if self._tag_from == "any":
            self._observer(Noted(text=f"the tag is as the mirror {host.name} has it"))
            return
        self._observer(Warned(text=f"{self.origin.name} does not answer: the tag is as the mirror {host.name} has it"))


def _never(host: RemoteHost, error: DgetError) -> bool:  # noqa: ARG001 - Race's shape
    return False
