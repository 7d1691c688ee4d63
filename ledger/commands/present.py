"""Tables that several commands show."""

from collections import Counter
from collections.abc import Mapping, Sequence

from ledger.commands.output import console, money, print_table
from ledger.core.accounts import CHART
from ledger.core.findings import Finding

FEWEST_SHOWN = 50
"""Findings in a table; the rest is counted, and ``--json`` has them all."""


def show_findings(findings: Sequence[Finding]) -> None:
    """Print findings as a table, or that there are none."""
    if not findings:
        console().print("Findings: none")
        return
    rows = [
        (
            finding.severity.value,
            finding.code,
            "" if finding.loan_id is None else short(finding.loan_id),
            finding.where,
            finding.expected,
            finding.found,
        )
        for finding in findings[:FEWEST_SHOWN]
    ]
    columns = ("Severity", "Code", "Loan", "Where", "Expected", "Found")
    print_table(f"Findings: {len(findings)}", columns, rows)
    if len(findings) > FEWEST_SHOWN:
        console().print(f"… and {len(findings) - FEWEST_SHOWN} more: see --json")


def show_trial_balance(
    balances: Mapping[str, int], names: Mapping[str, str], decimals: int = 0
) -> None:
    """Print the trial balance 试算平衡表 by kind of account; ``names`` says what units are called.

    Without ``decimals`` amounts are shown in minor units.
    """
    debits, credits_ = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    accounts = Counter[tuple[str, str]]()
    for account, balance in balances.items():
        kind, unit = account.split(":")[:2]
        place = names.get(unit, unit), kind
        accounts[place] += 1
        (debits if balance > 0 else credits_)[place] += abs(balance)
    rows: list[tuple[object, ...]] = []
    for unit in sorted({unit for unit, _ in accounts}):
        for kind, (_, chinese) in CHART.items():
            place = unit, kind
            if accounts[place]:
                sides = (debits[place], credits_[place])
                cells = (money(amount, decimals) if amount else "" for amount in sides)
                rows.append((unit, f"{kind} {chinese}", accounts[place], *cells))
        sums = (money(_total(side, unit), decimals) for side in (debits, credits_))
        rows.append((unit, "Σ", "", *sums))
    columns = ("Unit", "Account 科目", ">Accounts", ">Debit 借", ">Credit 贷")
    title = "Trial balance 试算平衡表" + ("" if decimals else ", minor units 分")
    print_table(title, columns, rows)


def _total(side: Mapping[tuple[str, str], int], unit: str) -> int:
    return sum(amount for place, amount in side.items() if place[0] == unit)


def short(value: bytes) -> str:
    """Return the beginning of a hash, enough to tell it from others on a page."""
    return f"0x{value.hex()[:8]}…"
