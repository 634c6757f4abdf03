"""The client's calls for programs that need one alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from dget.api.client import Client
from dget.api.results import ImageDetails, LoginResult, LogoutResult, PullResult, TagList
from dget.config import Settings
from dget.flow import Cancel, Observer, silent
from dget.model import Selection


def pull(  # noqa: PLR0913 - the client's own options, and the client's
    image: str,
    *,
    platform: str | None = None,
    output: str | Path | BinaryIO | None = None,
    format: str | None = None,  # noqa: A002 - as the option is called
    compress: str | None = None,
    keep_index: bool = False,
    select: Selection | None = None,
    names: Sequence[str] = (),
    lock: str | Path | None = None,
    clobber: bool = True,
    settings: Settings | None = None,
    observer: Observer = silent,
    cancel: Cancel | None = None,
) -> PullResult:
    """As `Client.pull`."""
    with Client(settings, observer=observer) as client:
        return client.pull(
            image,
            platform=platform,
            output=output,
            format=format,
            compress=compress,
            keep_index=keep_index,
            select=select or Selection(),
            names=names,
            lock=lock,
            clobber=clobber,
            cancel=cancel,
        )


def inspect(image: str, *, platform: str | None = None, settings: Settings | None = None) -> ImageDetails:
    """As `Client.inspect`."""
    with Client(settings) as client:
        return client.inspect(image, platform=platform)


def tags(repository: str, *, settings: Settings | None = None) -> TagList:
    """As `Client.tags`."""
    with Client(settings) as client:
        return client.tags(repository)


def login(registry: str | None, *, username: str, password: str, settings: Settings | None = None) -> LoginResult:
    """As `Client.login`."""
    with Client(settings) as client:
        return client.login(registry, username=username, password=password)


def logout(registry: str | None, *, settings: Settings | None = None) -> LogoutResult:
    """As `Client.logout`."""
    with Client(settings) as client:
        return client.logout(registry)
