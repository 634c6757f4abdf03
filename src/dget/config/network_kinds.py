"""The kinds of values that say which hosts are asked, and how: registries, mirrors, proxies, addresses, rates."""

from dget.config.kinds import Kind, Misfit, text, texts
from dget.errors import UsageError

_FACTORS = {"K": 1e3, "M": 1e6, "G": 1e9}
# A slower link would look like a silent one.
_RATE_MIN = 1000


def _read_rate(written: str | int) -> float:
    """Bytes a second, from `5M` or `500k`: decimal units, with or without B."""
    word = str(written).upper().removesuffix("/S").removesuffix("B")
    factor = _FACTORS.get(word[-1:], 1)
    try:
        return float(word[:-1] if factor > 1 else word) * factor
    except ValueError:
        raise Misfit(f"takes a rate such as 500k or 5M, not {written!r}") from None


def _check_rate(rate: float | None) -> None:
    if rate is not None and not rate >= _RATE_MIN:
        raise Misfit(f"takes bytes a second, at least {_RATE_MIN}, not {rate:g}")


def _check_resolve(entry: str) -> None:
    # Imported here, as below: `dget --help` needs none of it.
    from dget.config.resolve import Pin

    try:
        Pin.parse(entry)
    except UsageError as error:
        raise Misfit(f"takes HOST:PORT:ADDR, not {entry!r}", hint=error.hint) from None


def _check_registry(written: str) -> None:
    from dget.model.reference import check_domain

    host = written.removeprefix("http://").removeprefix("https://").rstrip("/")
    try:
        check_domain(host)
    except UsageError as error:
        # It may be a password, and is not shown.
        if "@" in host:
            raise Misfit(
                "takes a registry's host without name and password",
                hint="those go to dget login, or with --username and --password-stdin",
            ) from None
        raise Misfit(f"takes a registry's host, not {host!r}", hint=error.hint) from None


def _check_mirror(word: str) -> None:
    from dget.config.mirrors.named_mirrors import NamedMirrors

    try:
        NamedMirrors.of_words([word])
    except UsageError as error:
        why = error.message.partition(": ")[2]
        raise Misfit(f"takes URL or REGISTRY=URL: {why}", hint=error.hint) from None


def _check_platform(written: str | None) -> None:
    from dget.model import PlatformWish

    if written is None:
        return
    try:
        PlatformWish.parse(written)
    except UsageError as error:
        raise Misfit(f"takes OS/ARCH[/VARIANT], not {written!r}", hint=error.hint) from None


def _check_proxy(url: str | None) -> None:
    from dget.config.proxy import Proxy

    if not url:
        return
    try:
        Proxy.parse(url)
    except UsageError as error:
        # It never shows the address, which may hold a password; after the colon stands why.
        why = error.message.partition(": ")[2]
        raise Misfit(f"is no proxy's address that dget knows{f': {why}' if why else ''}", hint=error.hint) from None


def _show_proxy(url: str) -> str:
    """Without name and password."""
    scheme, mark, rest = url.rpartition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"


RATE = Kind(
    metavar="RATE",
    expects='a rate such as "5M"',
    toml=(str, int),
    parse=_read_rate,
    check=_check_rate,
    example='"5M"',
)
PROXY = Kind(
    metavar="URL",
    expects="a text",
    toml=(str,),
    check=_check_proxy,
    show=_show_proxy,
    secret=True,
    example='"http://proxy.example:3128"',
)
REGISTRY = text("HOST", _check_registry, example="docker.io")
MIRROR = texts("URL", _check_mirror, example="https://mirror.example")
PLATFORM = text("OS/ARCH[/VARIANT]", _check_platform, example="linux/amd64")
RESOLVE = texts("HOST:PORT:ADDR", _check_resolve, example="reg.example:443:192.0.2.1")
