"""What is set up, and what a registry allows, as lines for people."""

import json
from typing import Any

from dget.api import ConfigInEffect, ConfigPath, LoginResult, LogoutResult, QuotaReport
from dget.cli.units import left_of


def lines(result: ConfigPath | LoginResult | LogoutResult | QuotaReport) -> list[str]:
    match result:
        case QuotaReport():
            return _quota_lines(result)
        case ConfigInEffect():
            return _config_lines(result)
        case LoginResult():
            return _login_lines(result)
        case LogoutResult():
            return _logout_lines(result)
    return [str(result.path)]


def _config_lines(config: ConfigInEffect) -> list[str]:
    """One setting a line: its name, its value, where it came from."""
    rows = [(one.key, _shown(one.value), one.source) for one in config.settings]
    names = max(len(name) for name, _, _ in rows)
    values = min(max(len(value) for _, value, _ in rows), 40)
    missing = "" if config.exists else "  (there is none; `dget config init` writes one)"
    return [
        f"{'file':{names}}  {config.path}{missing}",
        *(f"{name:{names}}  {value:{values}}  {source}" for name, value, source in rows),
    ]


def _quota_lines(report: QuotaReport) -> list[str]:
    if report.quota is None:
        more = "" if report.image else f"; it may for an image: dget quota {report.host}/NAME:TAG"
        return [f"{report.host} tells no quota{more}"]
    source = f", counted for {report.quota.source}" if report.quota.source else ""
    return [f"{report.host}: {left_of(report.quota)}{source}"]


def _shown(value: Any) -> str:
    """As a person would write it."""
    match value:
        case _ if value in (None, [], {}):
            return "-"
        case bool():
            return str(value).lower()
        case list():
            return " ".join(map(str, value))
        case dict():
            return json.dumps(value, ensure_ascii=False)
        case float():
            return f"{value:.12g}"
    return str(value)


def _login_lines(login: LoginResult) -> list[str]:
    lines = [f"{login.registry}: logged in as {login.username}; kept in {login.kept_in}"]
    if login.in_clear:
        lines.append("who can read that file can read the password; a credential helper or a keyring keeps it safer")
    if not login.checked:
        lines.append(f"{login.registry} lets everybody in, so the password could not be checked")
    return lines


def _logout_lines(logout: LogoutResult) -> list[str]:
    if logout.removed_from:
        lines = [f"{logout.registry}: logged out; removed from {logout.removed_from}"]
    else:
        lines = [f"{logout.registry}: dget was not logged in"]
    if logout.still_in:
        lines.append(f"another tool's credentials are still used: {logout.still_in}")
    return lines
