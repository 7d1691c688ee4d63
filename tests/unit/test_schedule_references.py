"""Schedules that Apache Fineract's own tests expect, to the cent.

Fineract rounds half to even. Its cumulative engine's "same as repayment period" is day count
``period``; its multiples are units of the currency, 100 minor units each. Its progressive
engine evens out the last row (``even_last``).
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger.core.schedule import schedule
from ledger.core.terms_json import parse_terms

FILE = Path(__file__).resolve().parents[3] / "shared" / "data" / "fineract_schedules.json"
CASES = json.loads(FILE.read_text(encoding="utf-8"))["cases"] if FILE.exists() else []
ABSENT = f"reference data is absent: {FILE.name} is not under ../shared/data"


def minor(amount: str) -> int:
    cents = Decimal(amount) * 100
    assert cents == int(cents)
    return int(cents)


def day_count(inputs: dict[str, Any]) -> str:
    if inputs.get("interest_calc_period") == "SAME_AS_REPAYMENT_PERIOD":
        return "period"
    by_year = {"DAYS_360": "ACT/360", "DAYS_365": "ACT/365", "ACTUAL": "ACT/ACT"}
    thirty = inputs["days_in_month"] == "DAYS_30" and inputs["days_in_year"] == "DAYS_360"
    return "30/360" if thirty else by_year[inputs["days_in_year"]]


def terms_of(case: dict[str, Any]) -> dict[str, Any]:
    inputs = case["inputs"]
    (disbursement,) = inputs["disbursements"]
    multiple = inputs["installment_multiple"]
    document: dict[str, Any] = {
        "principal": minor(disbursement["amount"]),
        "annual_rate": str(Decimal(inputs["annual_rate_pct"]) / 100),
        "periods": inputs["periods"],
        "frequency": f"{inputs['repay_every']}{inputs['frequency'][0]}",
        "value_date": disbursement["date"],
        "method": {"flat": "flat", "annuity_declining": "annuity"}[case["method"]],
        "day_count": day_count(inputs),
        "rounding": {
            "interest": "half_even",
            "instalment": "half_down" if multiple else "half_even",
        },
        "instalment_multiple": 1 if multiple is None else 100 * multiple,
        "principal_free_periods": inputs.get("grace_principal", 0),
        "interest_deferred_periods": inputs.get("grace_interest_deferred", 0),
    }
    if case["engine"] == "progressive":
        document["level_adjustment"] = "even_last"
    return document


def is_plain(case: dict[str, Any]) -> bool:
    """One disbursement, no instalment multiple, no grace."""
    inputs = case["inputs"]
    return len(inputs["disbursements"]) == 1 and not (
        inputs["installment_multiple"]
        or inputs.get("grace_principal")
        or inputs.get("grace_interest_deferred")
    )


@pytest.mark.skipif(not CASES, reason=ABSENT)
def test_cases__in_the_file__include_plain_ones_and_others() -> None:
    assert len(CASES) == 10
    assert sum(map(is_plain, CASES)) == 4


@pytest.mark.skipif(not CASES, reason=ABSENT)
@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_schedule__fineract_case__matches_to_the_cent(case: dict[str, Any]) -> None:
    built = schedule(parse_terms(terms_of(case)))
    rows = [
        (row.due.isoformat(), row.row.principal, row.row.interest, row.row.total, row.balance)
        for row in built.instalments
    ]
    columns = ("principal", "interest", "total", "balance")
    assert rows == [
        (row["due"], *(minor(row[column]) for column in columns)) for row in case["expected"]
    ]
    if totals := case.get("expected_totals"):
        assert built.totals.principal == minor(totals["Principal due"])
        assert built.totals.interest == minor(totals["Interest"])
        assert built.totals.total == minor(totals["Due"])


@pytest.mark.skipif(not CASES, reason=ABSENT)
@pytest.mark.parametrize(
    "case", [case for case in CASES if is_plain(case)], ids=lambda case: case["id"]
)
def test_schedule__plain_fineract_case__needs_no_adjustment(case: dict[str, Any]) -> None:
    document = terms_of(case)
    adjusted = schedule(parse_terms(document))
    plain = schedule(parse_terms({**document, "level_adjustment": "none"}))
    assert plain.schedule_hash == adjusted.schedule_hash
