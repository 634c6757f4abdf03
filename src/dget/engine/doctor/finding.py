"""What one check found."""

from enum import StrEnum
from typing import Self

import msgspec

from dget.errors import DgetError


class Grade(StrEnum):
    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """check: what was looked at; text: what was found; advice: what to do about it.

    code, exit_status: of the error that a pull would end with, for problems.
    """

    check: str
    grade: Grade
    text: str
    advice: str | None = None
    code: str | None = None
    exit_status: int = 0

    @classmethod
    def ok(cls, check: str, text: str) -> Self:
        return cls(check=check, grade=Grade.OK, text=text)

    @classmethod
    def warning(cls, check: str, text: str, advice: str | None = None) -> Self:
        """A pull works, or may."""
        return cls(check=check, grade=Grade.WARNING, text=text, advice=advice)

    @classmethod
    def problem(cls, check: str, error: DgetError, *, text: str | None = None, advice: str | None = None) -> Self:
        """A pull ends with this error. text, advice: where they say more than the error itself."""
        return cls(
            check=check,
            grade=Grade.PROBLEM,
            text=text or error.message,
            advice=advice or error.hint,
            code=error.code,
            exit_status=error.exit_status,
        )


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """target: the registry or image; about: what helps those who help, by name; findings: in the order of the checks."""

    target: str
    about: dict[str, str]
    findings: tuple[Finding, ...]

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The first is the likely cause of the others."""
        return tuple(finding for finding in self.findings if finding.grade is Grade.PROBLEM)

    @property
    def exit_status(self) -> int:
        return self.problems[0].exit_status if self.problems else 0
