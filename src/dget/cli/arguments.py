"""What the words of a command line mean, before any option is acted on.

The original tool's way is kept: every long option may have a single dash, Go's `-flag=true|false` works, options may
stand before the verb, and attached short values are refused, so that `-output x` never becomes `-o utput x`.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from dget.errors import UsageError

DEFAULT_VERB = "pull"
GO_TRUE = frozenset(("1", "t", "T", "true", "TRUE", "True"))
_GO_FALSE = frozenset(("0", "f", "F", "false", "FALSE", "False"))


class Grammar(msgspec.Struct, frozen=True):
    """flags take no value, valued do, switches may: they undo what the configuration says.

    aliases (short or other names) lead to one of them. All without dashes.
    """

    verbs: frozenset[str]
    flags: frozenset[str]
    switches: frozenset[str]
    valued: frozenset[str]
    aliases: Mapping[str, str]


class CommandLine(msgspec.Struct, frozen=True):
    """options: in the form `--name` or `--name=value`; explicit: whether the verb was written."""

    verb: str
    options: tuple[str, ...]
    words: tuple[str, ...]
    explicit: bool


def read(arguments: Sequence[str], grammar: Grammar) -> CommandLine:
    """Raises UsageError for an option that is not known, or lacks its value."""
    options: list[str] = []
    words: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            words.extend(rest)
        elif argument == "-" or not argument.startswith("-"):
            words.append(argument)
        else:
            options.extend(_option(argument, rest, grammar))
    if words and words[0] in grammar.verbs:
        return CommandLine(words[0], tuple(options), tuple(words[1:]), explicit=True)
    return CommandLine(DEFAULT_VERB, tuple(options), tuple(words), explicit=False)


def images(words: Sequence[str], *, explicit: bool) -> list[str]:
    """The images that the words of a pull name: in `dget IMAGE TAG`, the original's second form, the second is a tag."""
    if not explicit and len(words) == 2 and _is_name_without_tag(words[0]) and not set("/:@") & set(words[1]):
        return [f"{words[0]}:{words[1]}"]
    return list(words)


def names_of(images: Sequence[str], names: Sequence[str]) -> dict[str, Sequence[str]]:
    """Which image gets which of `--name`'s names: one image all of them, several one each. Raises UsageError."""
    if not names:
        return {}
    if len(images) == 1:
        return {images[0]: names}
    if len(images) != len(names):
        given = "1 name" if len(names) == 1 else f"{len(names)} names"
        raise UsageError(
            f"{len(images)} images, and {given} with --name: which name is whose?",
            hint="give --name once for each image, in their order, or call dget for each",
        )
    return {image: [name] for image, name in zip(images, names, strict=True)}


def _is_name_without_tag(word: str) -> bool:
    from dget.model.locator import looks_like_path

    return not looks_like_path(word) and "@" not in word and ":" not in word.rpartition("/")[2]


def _option(argument: str, rest: Iterator[str], grammar: Grammar) -> list[str]:
    written, equals, value = argument.removeprefix("--").removeprefix("-").partition("=")
    name = grammar.aliases.get(written, written)
    if name in grammar.flags | grammar.switches:
        on = _is_on(argument, value if equals else "true")
        return [f"--{name}"] if on else [f"--{name}=false"] if name in grammar.switches else []
    if name not in grammar.valued:
        raise _unknown(argument, written, grammar)
    if not equals:
        following = next(rest, None)
        if following is None:
            raise UsageError(f"{argument} needs a value")
        value = following
    return [f"--{name}={value}"]


def _is_on(argument: str, value: str) -> bool:
    if value in GO_TRUE or value in _GO_FALSE:
        return value in GO_TRUE
    raise UsageError(f"{argument}: it is either true or false")


def _unknown(argument: str, written: str, grammar: Grammar) -> UsageError:
    import difflib

    known = [
        *grammar.flags,
        *grammar.switches,
        *grammar.valued,
        *(alias for alias in grammar.aliases if len(alias) > 1),
    ]
    close = difflib.get_close_matches(written, known, n=1)
    short = written[:1]
    if close:
        hint = f"did you mean --{close[0]}?"
    elif short in grammar.aliases and not argument.startswith("--"):
        hint = f"a value stands apart: -{short} {written[1:]}"
    else:
        hint = "dget --help lists the options"
    return UsageError(f"there is no option {argument.partition('=')[0]}", hint=hint)
