"""The options that verbs share, and what they set up."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import click

if TYPE_CHECKING:
    from dget.cli.given import Given
    from dget.config import Settings
    from dget.model import Selection

Command: TypeAlias = Callable[..., Any]

_FACTORS = {"K": 1e3, "M": 1e6, "G": 1e9}


def option(name: str, *more: str, **rules: Any) -> Callable[[Command], Command]:
    """A click option that `DGET_<OPTION>` in the environment sets too, by any of its long names."""
    long = [one for one in (name, *more) if one.startswith("--")]
    variables = ["DGET_" + one.removeprefix("--").upper().replace("-", "_") for one in long]
    return click.option(name, *more, envvar=variables, **rules)


def together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """One decorator for several options; help lists them in this order."""

    def decorate(command: Command) -> Command:
        for one in reversed(options):
            command = one(command)
        return command

    return decorate


connection_options = together(
    option("--registry", metavar="HOST", help="Where images without a host are (default docker.io)."),
    option("--username", metavar="NAME", help="Name for the registry."),
    option("--password", metavar="WORD", help="Password or access token; others may see it here."),
    option("--password-stdin", is_flag=True, help="Read the password from standard input."),
    option("--proxy", metavar="URL", help="http, https, socks4, socks5, socks5h (else HTTPS_PROXY counts)."),
    option("--no-proxy", metavar="HOSTS", help="Hosts without a proxy, as in NO_PROXY; * for all."),
    option("--mirror", metavar="URL", multiple=True, help="Fetch from there too; REGISTRY=URL (repeatable)."),
    option(
        "--tag-from",
        type=click.Choice(("origin", "any")),
        default="origin",
        help="Who says what a tag names (default origin).",
    ),
    option("--resolve", metavar="HOST:PORT:ADDR", multiple=True, help="Use this address (repeatable)."),
    option("--ca-file", metavar="PEM", help="Trust these authorities too."),
    option("--cert", metavar="PEM", help="Client certificate."),
    option("--key", metavar="PEM", help="Its key."),
    option("--insecure", is_flag=True, help="Do not check certificates; allow plain HTTP."),
    option("--timeout", metavar="SECONDS", type=float, default=30.0, help="Give up on a silent host (default 30)."),
    option("--connections", metavar="N", type=int, help="At the same time (default: as many as help, up to 16)."),
    option("--limit-rate", metavar="RATE", help="Bytes a second at most, for example 500k or 5M."),
)

cache_options = together(
    option("--cache-dir", metavar="FOLDER", help="Where downloads are kept."),
    option("--no-cache", is_flag=True, help="Keep and use nothing."),
    option(
        "--verify-cache",
        type=click.Choice(("always", "never")),
        default="always",
        help="Check what comes from the cache (default always).",
    ),
)

platform_option = option(
    "--platform",
    "--arch",
    metavar="OS/ARCH[/VARIANT]",
    help="Default: linux on this machine's architecture. -arch arm64 means linux/arm64.",
)

platforms_option = option(
    "--platform",
    "--arch",
    metavar="OS/ARCH[/VARIANT]",
    multiple=True,
    help="Default: linux on this machine's architecture. -arch arm64 means linux/arm64. Repeatable, with commas, "
    "with patterns such as linux/*, or all.",
)

selection_options = together(
    option(
        "--foreign-layers",
        type=click.Choice(("fetch", "skip", "refuse")),
        default="fetch",
        help="Layers that registries may not hand out (Windows bases): fetch them from their publisher (default), "
        "leave them out, or refuse the image.",
    ),
    option("--with-attestations", is_flag=True, help="Keep the builder's attestations (OCI formats)."),
    option("--with-referrers", is_flag=True, help="Keep signatures, SBOMs and the like beside it (OCI formats)."),
    option(
        "--referrer-type", metavar="TYPE", multiple=True, help="Referrers of this artifact type alone (repeatable)."
    ),
)

output_options = together(
    option("--json", "as_json", is_flag=True, help="One JSON object on standard output."),
    option("--quiet", "-q", is_flag=True, help="No progress, no summary."),
    option("--debug", is_flag=True, help="Show requests, answers and tracebacks; secrets are hidden."),
)


def selection_of(options: dict[str, Any]) -> "Selection":
    """What of an image the options select. `--referrer-type` alone asks for referrers too."""
    from dget.model import ForeignLayers, Selection

    return Selection(
        foreign_layers=ForeignLayers.parse(options["foreign_layers"]),
        attestations=options["with_attestations"],
        referrers=options["with_referrers"] or bool(options["referrer_type"]),
        referrer_types=tuple(options["referrer_type"]),
    )


def settings_of(options: dict[str, Any]) -> "Settings":
    """The Settings that a verb's options mean. Raises UsageError."""
    from dget.cli.given import given_credentials

    return settings_with(given_credentials(options, os.environ), options)


def settings_with(given: "Given", options: dict[str, Any]) -> "Settings":
    """The same, with a name and a password that are known already. Raises UsageError."""
    from pathlib import Path

    from dget.config import Settings

    def path(name: str) -> Path | None:
        return Path(options[name]) if options.get(name) else None

    return Settings(
        registry=options.get("registry") or "docker.io",
        username=given.username,
        password=given.password,
        credentials_from=given.source,
        proxy=options.get("proxy"),
        no_proxy=options.get("no_proxy"),
        mirror=tuple(options.get("mirror") or ()),
        tag_from=options.get("tag_from") or "origin",
        resolve=tuple(options.get("resolve") or ()),
        ca_file=path("ca_file"),
        client_certificate=path("cert"),
        client_key=path("key"),
        insecure=bool(options.get("insecure")),
        timeout=options["timeout"],
        connections=options["connections"],
        limit_rate=_rate(options.get("limit_rate")),
        cache=not options.get("no_cache"),
        cache_dir=path("cache_dir"),
        verify_cache=options.get("verify_cache") != "never",
        environment=os.environ,
    )


def _rate(text: str | None) -> float | None:
    """Bytes a second, from `5M` or `500k`: decimal units, with or without B. Raises UsageError."""
    from dget.errors import UsageError

    if not text:
        return None
    number = text.upper().removesuffix("/S").removesuffix("B")
    factor = _FACTORS.get(number[-1:], 1)
    try:
        return float(number[:-1] if factor > 1 else number) * factor
    except ValueError:
        raise UsageError(f"--limit-rate takes a rate such as 500k or 5M, not {text!r}") from None
