"""What is set up, and what a registry allows, as lines for people."""

import json
from typing import Any

from dget.api import ConfigInEffect, ConfigPath, Diagnosis, QuotaReport
from dget.cli.render_doctor import diagnosis_lines
from dget.protocol.quota import Quota


def setup_lines(result: ConfigPath | QuotaReport | Diagnosis) -> list[str]:
    match result:
        case QuotaReport():
            return _quota_lines(result)
        case Diagnosis():
            return diagnosis_lines(result)
        case ConfigInEffect():
            return _config_lines(result)
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


def left_of(quota: Quota) -> str:
    """`87 of 100 pulls left in 6 h`."""
    window = f" in {quota.window / 3600:g} h" if quota.window else ""
    return f"{quota.remaining} of {quota.limit} pulls left{window}"


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
