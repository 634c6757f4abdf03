"""What an error answer of a registry means, in the tree of dget's errors."""

import re

import msgspec

from dget.errors import DgetError, NetworkError, NotFound, RateLimited, RegistryError, Unauthorized
from dget.protocol.http import Headers, Response
from dget.protocol.quota import Quota

_TEXT_MAX = 200
_NO_TAG = "check the spelling; `dget tags REPOSITORY` lists the tags that exist"
# Registries say so of what they do not show to everybody, too.
_NO_REPOSITORY = "check the spelling; where the repository is private, log in first: dget login HOST"
_TITLE = r"(?i)<title>([^<]+)</title>"
_TITLE_WITHIN = 4096
# Longer waits than a day are a clock that differs or a header that means something else.
_RETRY_AFTER_MAX = 24 * 3600.0
_UNIX_TIME_MIN = 1_000_000_000


class _Error(msgspec.Struct):
    code: str = ""
    message: str | None = None


class _Errors(msgspec.Struct):
    errors: tuple[_Error, ...] = ()


def failure_of(response: Response, host: str, *, now: float, subject: str = "", hint: str | None = None) -> DgetError:
    """The error for a non-2xx answer. host: who answered; now: unix time; subject: what was asked for."""
    error = _error_for(response, host, subject, hint)
    error.retry_after = retry_after(response.headers, now)
    return error


def _error_for(response: Response, host: str, subject: str, hint: str | None) -> DgetError:
    code, text = _registry_words(response)
    said = f": {text}" if text else ""
    about = subject or "the request"
    match response.status:
        case 401 | 403:
            return Unauthorized(
                f"{host} refused access to {about}{said}",
                hint=hint or "a private image needs -username and --password-stdin; check the name's spelling too",
            )
        case 404:
            return NotFound(
                f"{host} has no {subject or 'such thing'}{said}",
                hint=hint or (_NO_REPOSITORY if code == "NAME_UNKNOWN" else _NO_TAG),
            )
        case 429:
            return RateLimited(f"{host} allows no more requests now{said}", hint=hint or _quota_hint(response.headers))
        case 407:
            return NetworkError(
                "the proxy wants a name and a password", hint="write it as -proxy http://NAME:PASSWORD@HOST:PORT"
            )
        case status:
            return RegistryError(
                f"{host} answered {status} to {about}{said}", status=status, error_code=code, hint=hint
            )


def _quota_hint(headers: Headers) -> str | None:
    """What is known where the registry does not say when to come back."""
    quota = Quota.from_headers(headers)
    if quota is None:
        return None
    window = f" in {quota.window / 3600:g} h" if quota.window else ""
    return f"it allows {quota.limit} pulls{window}; with a name and a password it may be more"


def is_web_page(response: Response) -> bool:
    """HTML where a registry would send JSON: a captive portal, a proxy's error, or a host that is no registry."""
    kind = (response.headers.get("Content-Type") or "").lower()
    return "html" in kind or response.body.lstrip()[:15].lower().startswith((b"<!doctype", b"<html"))


def retry_after(headers: Headers, now: float) -> float | None:
    """Seconds to wait, from `Retry-After` as seconds, a date, or (as seen) a unix time. now: unix time."""
    value = (headers.get("Retry-After") or "").strip()
    if re.fullmatch(r"\d{1,12}(\.\d+)?", value):
        seconds = float(value)
        if seconds >= _UNIX_TIME_MIN:
            seconds -= now
    else:
        from email.utils import parsedate_to_datetime

        try:
            seconds = parsedate_to_datetime(value).timestamp() - now
        except (ValueError, OverflowError, TypeError):
            return None
    return min(max(seconds, 0.0), _RETRY_AFTER_MAX)


def _registry_words(response: Response) -> tuple[str, str]:
    """The first error's code and message; a short plain text where the body is no standard JSON."""
    if is_web_page(response):
        title = re.search(_TITLE, response.body[:_TITLE_WITHIN].decode("utf-8", "replace"))
        words = " ".join(title[1].split())[:_TEXT_MAX] if title else ""
        return "", f"(a web page, not a registry's answer{words and f', titled {words!r}'})"
    try:
        errors = msgspec.json.decode(response.body, type=_Errors).errors
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = " ".join(response.body[:_TEXT_MAX].decode("utf-8", "replace").split())
        return "", text
    if not errors:
        return "", ""
    return errors[0].code, (errors[0].message or errors[0].code)[:_TEXT_MAX]
