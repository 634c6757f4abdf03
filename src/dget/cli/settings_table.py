"""The settings as a table for the documentation, made from the settings themselves."""

from collections.abc import Iterator

from dget.config.hosts import HostSettings
from dget.config.setting import Setting, settings_in
from dget.config.settings import Settings

BEGIN = "<!-- Made by scripts/make-cli-reference: settings -->"
END = "<!-- End of what is made -->"


def settings_table() -> str:
    """Markdown, between its marks."""
    return "\n".join([BEGIN, "", *_rows(Settings), "", 'In a section `[hosts."HOST"]`:', "", *_host_rows(), "", END])


def with_table(document: str) -> str:
    """The document with its table made anew."""
    before, _, rest = document.partition(BEGIN)
    return before + settings_table() + rest.partition(END)[2]


def _rows(holder: type) -> Iterator[str]:
    yield "| `config.toml` | environment | command line | meaning |"
    yield "|---|---|---|---|"
    for one in settings_in(holder):
        key = f"`{one.key} = {one.kind.example}`" if one.in_file else "-"
        if one.flag:
            yield _row(key, f"`{one.variable}`", f"`{_option(one)}`", one.help)
        else:
            yield _row(f'`[{one.key}."…"]`', "-", "-", one.help)


def _host_rows() -> Iterator[str]:
    yield "| key | meaning |"
    yield "|---|---|"
    for one in settings_in(HostSettings):
        yield _row(f"`{one.key} = {one.kind.example}`", one.help)


def _option(one: Setting) -> str:
    return f"{one.option} {one.kind.metavar}".strip()


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
