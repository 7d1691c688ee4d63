"""The result of a reconciliation, as every command prints it."""

from dataclasses import dataclass
from typing import Any

from ledger.core.findings import Finding, all_well
from ledger.core.types import BlockRef


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check: how much it looked at, and the block up to which all is proven."""

    ok: bool
    checked: int
    through_block: int | None


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What a run found, by check, as of ``block``."""

    block: BlockRef
    full: bool
    checks: dict[str, CheckResult]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether no finding is an error."""
        return all_well(self.findings)

    def to_json(self) -> dict[str, Any]:
        """Return the document that ``reconcile --json`` prints."""
        return {
            "checks": {
                name: {
                    "ok": check.ok,
                    "checked": check.checked,
                    "through_block": check.through_block,
                }
                for name, check in self.checks.items()
            },
            "findings": [finding.to_json() for finding in self.findings],
            "ok": self.ok,
        }
