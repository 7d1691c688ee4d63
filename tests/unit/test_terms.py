"""The terms document: what is read, what is refused, and what it says then."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from ledger.core.calendar import DayCount, Frequency, Unit
from ledger.core.rounding import RoundingMode
from ledger.core.terms import CustomRow, Method, Rounding, Terms
from ledger.core.terms_json import parse_terms, write_terms
from ledger.errors import InputError, TermsError

MISSING = object()
DOCUMENT: dict[str, Any] = {
    "principal": 12000000,
    "annual_rate": "0.1075",
    "periods": 12,
    "frequency": "1M",
    "value_date": "2026-01-15",
    "first_due": "2026-02-15",
    "method": "annuity",
    "day_count": "period",
    "rounding": {"interest": "half_up", "instalment": "half_up"},
    "principal_free_periods": 0,
    "interest_deferred_periods": 0,
    "instalment_multiple": 1,
    "fee_per_period": 0,
    "timezone": "Asia/Shanghai",
}
ROWS = [
    {"due": "2026-02-01", "principal": 0, "interest": "700"},
    {"due": "2026-03-01", "principal": "12000000", "interest": 0, "fee": 5},
]


def document(**changes: Any) -> dict[str, Any]:
    merged = {**DOCUMENT, **changes}
    return {name: value for name, value in merged.items() if value is not MISSING}


def custom(**changes: Any) -> dict[str, Any]:
    base = {"principal": 12000000, "annual_rate": "0.08", "value_date": "2026-01-01"}
    return {**base, "method": "custom", "rows": ROWS, **changes}


def test_parse_terms__full_document__is_typed() -> None:
    assert parse_terms(DOCUMENT) == Terms(
        principal=12_000_000,
        annual_rate=Fraction(43, 400),
        periods=12,
        value_date=date(2026, 1, 15),
        first_due=date(2026, 2, 15),
        method=Method.ANNUITY,
        frequency=Frequency(1, Unit.MONTH),
    )


def test_parse_terms__optional_fields_left_out__get_the_defaults() -> None:
    required = ("principal", "annual_rate", "periods", "value_date", "method")
    terms = parse_terms({name: DOCUMENT[name] for name in required})
    assert terms.day_count is DayCount.PERIOD
    assert terms.rounding == Rounding(RoundingMode.HALF_UP, RoundingMode.HALF_UP)
    assert terms.timezone == "Asia/Shanghai"
    assert terms.frequency == Frequency(1, Unit.MONTH)
    assert terms.first_due is None


def test_parse_terms__amounts_as_digits__are_the_same_amounts() -> None:
    text = document(principal="12000000", fee_per_period="0", instalment_multiple="1")
    assert parse_terms(text) == parse_terms(DOCUMENT)


def test_parse_terms__one_rounding_given__leaves_the_other() -> None:
    terms = parse_terms(document(rounding={"instalment": "up"}))
    assert terms.rounding == Rounding(RoundingMode.HALF_UP, RoundingMode.UP)


def test_parse_terms__custom_rows__count_the_periods() -> None:
    terms = parse_terms(custom())
    assert terms.periods == 2
    assert terms.rows[1] == CustomRow(date(2026, 3, 1), 12_000_000, 0, 5)


@pytest.mark.parametrize(
    "source",
    [
        DOCUMENT,
        document(first_due=MISSING, timezone="UTC", frequency="15D", fee_per_period=99),
        document(method="balloon", amortisation_periods=60),
        document(annual_rate="0.000000000001"),
        document(annual_rate="100"),
        custom(),
    ],
)
def test_write_terms__parsed_again__is_the_same(source: dict[str, Any]) -> None:
    terms = parse_terms(source)
    written = write_terms(terms)
    assert parse_terms(json.loads(json.dumps(written))) == terms
    assert write_terms(parse_terms(written)) == written


def test_write_terms__any_spelling__is_canonical() -> None:
    spelled = document(principal="12000000", annual_rate="0.107500")
    assert write_terms(parse_terms(spelled)) == write_terms(parse_terms(DOCUMENT))
    assert write_terms(parse_terms(spelled))["annual_rate"] == "0.1075"
    assert write_terms(parse_terms(spelled))["principal"] == "12000000"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("principal", 0),
        ("principal", -1),
        ("principal", "-1"),
        ("principal", True),
        ("principal", 1.0),
        ("principal", 1e400),
        ("principal", "1e5"),
        ("principal", "0x10"),
        ("principal", " 5"),
        ("principal", "007"),
        ("principal", "١٢٣"),
        ("principal", "１２３"),
        ("principal", "1_000"),
        ("principal", ""),
        ("principal", None),
        ("principal", [1]),
        ("principal", 1 << 88),
        pytest.param("principal", 10**5000, id="principal-huge"),
        pytest.param("principal", [10**5000], id="principal-list-of-huge"),
        pytest.param("principal", "9" * 5000, id="principal-many-digits"),
        ("principal", MISSING),
        ("annual_rate", 0.1075),
        ("annual_rate", 0),
        ("annual_rate", True),
        ("annual_rate", float("nan")),
        ("annual_rate", "NaN"),
        ("annual_rate", "Infinity"),
        ("annual_rate", "1e400"),
        ("annual_rate", "-0.1"),
        ("annual_rate", "+0.1"),
        ("annual_rate", "٠.١"),
        ("annual_rate", "0,1"),
        ("annual_rate", ".1"),
        ("annual_rate", "1/3"),
        ("annual_rate", "0.1\n"),
        ("annual_rate", "0.0000000000001"),
        ("annual_rate", "100.01"),
        ("annual_rate", MISSING),
        ("periods", 0),
        ("periods", -3),
        ("periods", 1201),
        ("periods", "12"),
        ("periods", True),
        ("periods", 12.0),
        ("periods", None),
        ("periods", MISSING),
        ("frequency", "1Y"),
        ("frequency", "0M"),
        ("frequency", "M"),
        ("frequency", "1m"),
        ("frequency", "１M"),
        ("frequency", "99999D"),
        ("frequency", 1),
        ("value_date", "2026-02-30"),
        ("value_date", "20260115"),
        ("value_date", "2026-W03-4"),
        ("value_date", "2026-01-15T00:00:00"),
        ("value_date", "２０２６-01-15"),
        ("value_date", 20260115),
        ("value_date", "1969-12-31"),
        ("value_date", "9999-01-01"),
        ("value_date", MISSING),
        ("first_due", "2026-01-15"),
        ("first_due", "2025-12-31"),
        ("first_due", "soon"),
        ("first_due", None),
        ("method", "anuity"),
        ("method", 1),
        ("method", None),
        ("method", MISSING),
        ("day_count", "ACT/366"),
        ("day_count", []),
        ("rounding", "half_up"),
        ("rounding.interest", {"interest": "ceil"}),
        ("rounding.instalment", {"instalment": None}),
        ("rounding.total", {"total": "up"}),
        ("principal_free_periods", 12),
        ("principal_free_periods", -1),
        ("principal_free_periods", "1"),
        ("interest_deferred_periods", 12),
        ("interest_deferred_periods", False),
        ("instalment_multiple", 0),
        ("instalment_multiple", 12_000_001),
        ("fee_per_period", -1),
        ("fee_per_period", 1 << 48),
        ("timezone", "Mars/Olympus"),
        ("timezone", 8),
        ("timezone", "Europe/Berlin"),
        ("level_adjustment", "some"),
        ("amortisation_periods", 24),
        ("rows", []),
        ("princpal", 1),
        ("", 1),
        ("x" * 1000, 1),
    ],
)
def test_parse_terms__bad_field__is_named(field: str, value: object) -> None:
    member = field.partition(".")[0]
    with pytest.raises(TermsError) as caught:
        parse_terms(document(**{member: value}))
    assert caught.value.field == field[:60]
    assert str(caught.value).startswith(field[:60] + ": ")
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("first_due", {"method": "custom", "rows": ROWS}),
        ("principal_free_periods", {"method": "bullet", "principal_free_periods": 1}),
        ("principal_free_periods", {"method": "interest_only", "principal_free_periods": 1}),
        ("interest_deferred_periods", {"method": "daily", "interest_deferred_periods": 1}),
        ("instalment_multiple", {"method": "equal_principal", "instalment_multiple": 100}),
        ("level_adjustment", {"method": "flat", "level_adjustment": "even_last"}),
        ("amortisation_periods", {"method": "balloon"}),
        ("amortisation_periods", {"method": "balloon", "amortisation_periods": 12}),
        ("amortisation_periods", {"method": "balloon", "amortisation_periods": 1201}),
        ("rows", {"rows": ROWS}),
        ("day_count", {"method": "daily", "day_count": "ACT/ACT"}),
        ("day_count", {"method": "daily", "day_count": "30/360"}),
        ("periods", {"frequency": "999M", "periods": 1200}),
        ("periods", {"frequency": "9999D", "first_due": MISSING}),
    ],
)
def test_parse_terms__field_against_field__is_named(field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(TermsError) as caught:
        parse_terms(document(**changes))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("field", "rows"),
    [
        ("rows", "none"),
        ("rows", []),
        ("rows[0]", [5]),
        ("rows[0].due", [{"principal": 1, "interest": 0}]),
        ("rows[0].late", [{**ROWS[0], "late": 1}]),
        ("rows[1].interest", [ROWS[0], {**ROWS[1], "interest": 1.5}]),
        ("rows[1].due", [ROWS[0], {**ROWS[1], "due": "2026-02-01"}]),
        ("rows[0].due", [{**ROWS[0], "due": "2026-01-01"}, ROWS[1]]),
        ("rows[0].principal", [{**ROWS[0], "principal": -1}, ROWS[1]]),
        ("rows[0].interest", [{**ROWS[0], "interest": 1 << 80}, ROWS[1]]),
        ("rows[1].fee", [ROWS[0], {**ROWS[1], "fee": 1 << 48}]),
        ("rows", ROWS[:1]),
        ("periods", [ROWS[0], {**ROWS[1], "due": "2126-03-01"}]),
    ],
)
def test_parse_terms__bad_custom_row__is_named(field: str, rows: object) -> None:
    with pytest.raises(TermsError) as caught:
        parse_terms(custom(rows=rows))
    assert caught.value.field == field


def test_parse_terms__custom_with_another_number_of_periods__names_rows() -> None:
    with pytest.raises(TermsError, match="2 rows given for 3 periods") as caught:
        parse_terms(custom(periods=3))
    assert caught.value.field == "rows"


@pytest.mark.parametrize("source", [None, [], "terms", 5, {1: 2}])
def test_parse_terms__no_object__is_refused(source: object) -> None:
    with pytest.raises(InputError, match="JSON object"):
        parse_terms(source)


def test_terms__changed_by_replace__is_checked_again() -> None:
    with pytest.raises(TermsError) as caught:
        replace(parse_terms(DOCUMENT), principal=0)
    assert caught.value.field == "principal"
    with pytest.raises(TermsError) as caught:
        replace(parse_terms(DOCUMENT), annual_rate=Fraction(1, 3))
    assert caught.value.field == "annual_rate"
