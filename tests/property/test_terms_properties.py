"""Readers, dates and rounding under arbitrary input."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.calendar import FIXED_BASIS, DayCount, Frequency, Unit, shift, year_fraction
from ledger.core.rounding import RoundingMode, round_to
from ledger.core.schedule import schedule
from ledger.core.terms_json import parse_terms, write_terms
from ledger.errors import RowError, TapeError, TermsError
from ledger.tape import PROFILES, read_tape

HALVES = {RoundingMode.HALF_UP, RoundingMode.HALF_EVEN, RoundingMode.HALF_DOWN}

modes = st.sampled_from(RoundingMode)
dates = st.dates(date(1970, 1, 2), date(2200, 12, 31))
frequencies = st.builds(Frequency, st.integers(1, 60), st.sampled_from(Unit))


@given(st.fractions(0, 10**12), modes, st.sampled_from([1, 2, 100]))
def test_round_to__any_value__is_a_multiple_within_one_step(
    value: Fraction, mode: RoundingMode, multiple: int
) -> None:
    rounded = round_to(value, mode, multiple)
    assert rounded % multiple == 0
    assert abs(rounded - value) < multiple
    assert mode not in HALVES or 2 * abs(rounded - value) <= multiple
    assert round_to(Fraction(rounded), mode, multiple) == rounded


@given(dates, frequencies, st.integers(1, 40))
def test_shift__more_periods__is_later_and_keeps_month_ends(
    anchor: date, frequency: Frequency, periods: int
) -> None:
    moved = shift(anchor, frequency, periods)
    assert moved > shift(anchor, frequency, periods - 1)
    tomorrow = shift(anchor, Frequency(1, Unit.DAY), 1)
    if frequency.unit is Unit.MONTH and tomorrow.day == 1:
        assert shift(moved, Frequency(1, Unit.DAY), 1).day == 1


@pytest.mark.parametrize("day_count", [*FIXED_BASIS, DayCount.ACT_ACT])
@given(days=st.tuples(dates, dates, dates).map(sorted))
def test_year_fraction__actual_days__adds_up(day_count: DayCount, days: list[date]) -> None:
    first, middle, last = days
    parts = year_fraction(first, middle, day_count) + year_fraction(middle, last, day_count)
    assert parts == year_fraction(first, last, day_count)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
VALID = {
    "principal": 120000,
    "annual_rate": "0.12",
    "periods": 3,
    "value_date": "2026-01-15",
    "method": "annuity",
}
FIELDS = [*sorted(write_terms(parse_terms(VALID))), "first_due", "amortisation_periods", "rows"]


@given(st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=8), json_values, max_size=4))
def test_parse_terms__any_json__is_terms_or_one_error_that_names_a_field(
    changes: dict[str, Any],
) -> None:
    refusal = None
    try:
        schedule(parse_terms({**VALID, **changes}))
    except TermsError as error:
        refusal = error
    assert refusal is None or str(refusal) == f"{refusal.field}: {refusal.problem}"
    assert len(str(refusal)) < 600


@given(
    st.sampled_from(sorted(PROFILES)),
    st.lists(st.text(alphabet=st.characters(codec="utf-8"), max_size=60), max_size=6),
)
def test_read_tape__any_text__raises_nothing_but_tape_errors(
    profile: str, lines: list[str]
) -> None:
    header = ",".join(
        columns[0]
        for name, columns in PROFILES[profile].columns.items()
        if name not in PROFILES[profile].optional
    )
    for item in read_tape([header + "\n", *lines], profile):
        assert isinstance(item, RowError)
    with suppress(TapeError):
        list(read_tape(lines, profile))
