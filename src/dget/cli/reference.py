"""The command line's reference, from the commands themselves."""

import click

from dget.cli.verbs import VERBS, command_of

_BEFORE = """\
# The command line

<!-- Made by scripts/make-cli-reference. -->

```
dget [pull] IMAGE[:TAG|@DIGEST] ...     download; the path of the finished file is the only line on standard output
dget IMAGE TAG                          the second form: a name and a tag
dget VERB ...
```

* Every long option may have one dash or two, and a value after a space or `=`: `-arch arm64`, `--platform=linux/arm64`.
* Options may stand before the verb. A flag takes `=true` and `=false`.
* A value stands apart from a short option: `-o x.tar`, never `-ox.tar`.
* In `dget A B`, B is a tag if A has neither tag nor digest and B has none of `/ : @`. After `dget pull`, every word is an
  image; so is an image that is called like a verb: `dget pull inspect`.
* Each option may be set in the environment: `--cache-dir` is `DGET_CACHE_DIR`. The command line wins.
* libcurl's variables count too: `HTTPS_PROXY`, `http_proxy`, `ALL_PROXY`, `NO_PROXY`; and `SSL_CERT_FILE`,
  `SSL_CERT_DIR`, `CURL_CA_BUNDLE`.
"""
_AFTER = """\
## Exit statuses

| status | code | meaning |
|---|---|---|
| 0 | | done, or already complete |
| 1 | `internal` | a defect: please report it, with the output of `-debug` |
| 2 | `usage` | the command line is wrong |
| 3 | `not-found` | no such repository, tag or digest |
| 4 | `unauthorized` | credentials are missing or were refused |
| 5 | `network` | unreachable, reset, timed out, not trusted, or no registry |
| 6 | `integrity` | bytes did not match their digest |
| 7 | `rate-limited` | the registry's quota is used up |
| 8 | `storage` | disk full, no permission, or locked by another process |
| 9 | `no-platform` | not built for that platform; those that exist are listed |
| 10 | `unsupported` | a kind of image or artifact that the file cannot hold |
| 11 | `partial` | of several images some failed |
| 129, 130, 143 | | ended by SIGHUP, Ctrl-C, SIGTERM |

An error is two lines on standard error, `error:` and `hint:`. With `--json`, standard output gets one object as well:
`{"schema": 1, "error": {"code": …, "message": …, "exit_status": …, "hint": …}}`.
"""


def reference() -> str:
    """Markdown."""
    sections = [_BEFORE, *(_section(verb, command_of(verb)) for verb in VERBS), _AFTER]
    return "\n".join(sections)


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=f"dget {name}", max_content_width=110, terminal_width=110)
    return f"## dget {name}\n\n```\n{command.get_help(context)}\n```\n"
