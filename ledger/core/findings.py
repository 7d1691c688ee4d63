"""Findings: what checks report, in one shape for every command."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ledger.core.types import LoanId


class Severity(StrEnum):
    """How bad a finding is: only an error means that something is wrong."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found: ``where`` names the place, the values are text."""

    code: str
    where: str
    expected: str
    found: str
    loan_id: LoanId | None = None
    severity: Severity = Severity.ERROR

    def to_json(self) -> dict[str, str | None]:
        """Return the finding as every command prints it."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "loan_id": None if self.loan_id is None else "0x" + self.loan_id.hex(),
            "expected": self.expected,
            "found": self.found,
            "where": self.where,
        }


def shown(value: object) -> str:
    """Return a value as findings show it: bytes as hex."""
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


def all_well(findings: Iterable[Finding]) -> bool:
    """Whether no finding is an error."""
    return not any(finding.severity is Severity.ERROR for finding in findings)
