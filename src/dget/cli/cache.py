"""`dget cache [ls|prune|rm|verify|path]`: what is kept, and what may go."""

import re
from typing import TYPE_CHECKING, Any

import click

from dget.cli.options import option, output_options, setting_option, settings_of, together

if TYPE_CHECKING:
    from dget.api.cache import Cache

_PARTS = ("ls", "prune", "rm", "verify", "path")
# Which options each part has a use for.
_OPTIONS = {"older_than": ("prune",), "max_size": ("prune",), "dry_run": ("prune", "rm")}
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}
_AGE = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")

cache_verb_options = together(
    option("--older-than", metavar="AGE", help="prune: images not used for so long go, for example 30d or 12h."),
    option(
        "--max-size", metavar="SIZE", help="prune: so much may stay, for example 20G; the longest unused goes first."
    ),
    option("--dry-run", is_flag=True, help="prune, rm: say what would go; remove nothing."),
)


@click.command("cache")
@click.argument("words", nargs=-1, metavar="[ls|prune|rm|verify|path] [IMAGE]...")
@cache_verb_options
@setting_option("cache_dir")
@output_options
def cache(words: tuple[str, ...], **options: Any) -> int:
    """Show what the cache has, or do one of these things.

    \b
    ls              the images: size, what of it others share, age, last use
    prune           remove what no image needs, and images by age and size
    prune IMAGE...  the same for these alone; * stands for any characters
    rm IMAGE...     remove these images, and what no other needs
    verify          read all of it again; damaged blobs are set aside
    path            where it is

    What a running pull needs is never removed.
    """  # noqa: D301 - click wants the backspace character itself before a list
    from dget.api.cache import Cache, VerifyResult
    from dget.cli.report import report
    from dget.errors import IntegrityError

    part, images = _read(words, options)
    with report(**options) as reporter:
        result = _call(part, images, Cache(settings_of(options), observer=reporter.observe), options)
        reporter.show(result)
    # Scripts ask the exit status whether all is well.
    return IntegrityError.exit_status if isinstance(result, VerifyResult) and result.damaged else 0


def _read(words: tuple[str, ...], options: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """The part that is meant, empty for the overview, and the images. Raises UsageError."""
    part, images = (words[0], words[1:]) if words else ("", ())
    if part and part not in _PARTS:
        raise click.UsageError(f"there is no dget cache {part}: choose one of {', '.join(_PARTS)}")
    if images and part not in ("prune", "rm"):
        raise click.UsageError(f"dget cache {part} takes no image")
    if part == "rm" and not images:
        raise click.UsageError("dget cache rm needs the name of an image")
    for name, parts in _OPTIONS.items():
        if options[name] and part not in parts:
            raise click.UsageError(f"--{name.replace('_', '-')} belongs to dget cache {' and '.join(parts)}")
    return part, images


def _call(part: str, images: tuple[str, ...], store: "Cache", options: dict[str, Any]) -> Any:
    from dget.cli.render_cache import ImageTable

    match part:
        case "ls":
            return ImageTable(store.usage())
        case "prune" | "rm":
            return store.prune(
                images,
                older_than=_seconds(options["older_than"]),
                max_size=_bytes(options["max_size"]),
                dry_run=options["dry_run"],
            )
        case "verify":
            return store.verify()
        case "path":
            return store.paths()
    return store.usage()


def _bytes(text: str | None) -> int | None:
    """Raises UsageError."""
    from dget.config.kinds import Misfit, read_size

    try:
        return read_size(text) if text else None
    except Misfit as wrong:
        raise click.UsageError(f"--max-size {wrong}") from None


def _seconds(text: str | None) -> float | None:
    """`30d`, `12h`. Raises UsageError."""
    if not text:
        return None
    found = _AGE.fullmatch(text.strip().lower())
    if found is None:
        raise click.UsageError(f"--older-than takes an age such as 12h or 30d, not {text!r}")
    return float(found[1]) * _SECONDS[found[2]]
