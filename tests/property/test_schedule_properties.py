"""What must hold for every schedule, whatever the terms."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from ledger.core import packing
from ledger.core.calendar import (
    FIXED_BASIS,
    DayCount,
    Frequency,
    Unit,
    end_of_day,
    shift,
)
from ledger.core.rounding import RoundingMode, round_to
from ledger.core.schedule import Schedule, period_rates, schedule
from ledger.core.terms import CustomRow, LevelAdjustment, Method, Rounding, Terms
from ledger.core.terms_json import parse_terms, write_terms
from ledger.errors import TermsError

DAY_SECONDS = 86_400
LEVEL = {Method.ANNUITY, Method.FLAT, Method.BALLOON}
HALVES = {RoundingMode.HALF_UP, RoundingMode.HALF_EVEN, RoundingMode.HALF_DOWN}

modes = st.sampled_from(RoundingMode)
dates = st.dates(date(1992, 1, 1), date(2200, 12, 31))  # China kept summer time until 1991
frequencies = st.one_of(
    st.builds(Frequency, st.integers(1, 12), st.just(Unit.MONTH)),
    st.builds(Frequency, st.integers(1, 8), st.just(Unit.WEEK)),
    st.builds(Frequency, st.integers(1, 60), st.just(Unit.DAY)),
)
zones = st.sampled_from(["Asia/Shanghai", "UTC", "Etc/GMT+12", "Etc/GMT-14"])
principals = st.one_of(st.integers(1, 1000), st.integers(1, 10**9), st.integers(1, 2**80))
rates = st.integers(0, 6 * 10**5).map(lambda millionths: Fraction(millionths, 10**6))


@st.composite
def custom_terms(draw: st.DrawFn) -> Terms:
    value_date = draw(dates)
    day = value_date
    rows = []
    for _ in range(draw(st.integers(1, 8))):
        day = shift(day, Frequency(draw(st.integers(1, 90)), Unit.DAY), 1)
        amounts = [draw(st.integers(0, 10**9)) for _ in range(3)]
        rows.append(CustomRow(day, *amounts))
    principal = sum(row.principal for row in rows)
    assume(principal > 0)
    return Terms(
        principal=principal,
        annual_rate=draw(rates),
        periods=len(rows),
        value_date=value_date,
        method=Method.CUSTOM,
        timezone="UTC",
        rows=tuple(rows),
    )


@st.composite
def regular_terms(draw: st.DrawFn, methods: frozenset[Method] | None = None) -> Terms:
    method = draw(st.sampled_from(sorted(methods or set(Method) - {Method.CUSTOM})))
    periods = draw(st.integers(1, 48))
    value_date = draw(dates)
    frequency = draw(frequencies)
    per_day = [DayCount.PERIOD, *FIXED_BASIS]
    day_count = draw(st.sampled_from(per_day if method is Method.DAILY else list(DayCount)))
    principal = draw(principals)
    grace = st.integers(0, periods - 1)
    options: dict[str, Any] = {}
    if draw(st.booleans()):
        # A stub: later than the value date, and not longer than three periods.
        last = shift(value_date, frequency, 3)
        options["first_due"] = draw(st.dates(shift(value_date, Frequency(1, Unit.DAY), 1), last))
    if method in LEVEL | {Method.EQUAL_PRINCIPAL}:
        options["principal_free_periods"] = draw(grace)
    if method in LEVEL | {Method.EQUAL_PRINCIPAL, Method.INTEREST_ONLY}:
        options["interest_deferred_periods"] = draw(grace)
    if method in LEVEL:
        options["instalment_multiple"] = draw(
            st.sampled_from([1, 1, 5, 100]).filter(lambda multiple: multiple <= principal)
        )
    if method is Method.ANNUITY:
        options["level_adjustment"] = draw(st.sampled_from(LevelAdjustment))
    if method is Method.BALLOON:
        options["amortisation_periods"] = draw(st.integers(periods + 1, 96))
    return Terms(
        principal=principal,
        annual_rate=draw(rates),
        periods=periods,
        value_date=value_date,
        method=method,
        frequency=frequency,
        day_count=day_count,
        rounding=Rounding(draw(modes), draw(modes)),
        fee_per_period=draw(st.sampled_from([0, 1, 250, (1 << 48) - 1])),
        timezone=draw(zones),
        **options,
    )


any_terms = st.one_of(regular_terms(), custom_terms())


def build(terms: Terms) -> Schedule:
    """Return the schedule; terms whose level payment does not cover interest are no example."""
    try:
        return schedule(terms)
    except TermsError as error:
        assume(error.field != "annual_rate")
        raise


@given(any_terms)
def test_schedule__any_terms__repays_the_principal_exactly(terms: Terms) -> None:
    built = build(terms)
    assert built.totals.principal == terms.principal
    balance = terms.principal
    for instalment in built.instalments:
        balance -= instalment.row.principal
        assert instalment.balance == balance
    assert built.instalments[-1].balance == 0


@given(any_terms)
def test_schedule__any_terms__has_no_negative_amount(terms: Terms) -> None:
    for instalment in build(terms).instalments:
        row = instalment.row
        assert min(row.principal, row.interest, row.fee, instalment.balance) >= 0


@given(any_terms)
def test_schedule__any_terms__counts_days_as_the_contract_does(terms: Terms) -> None:
    def day(instant: int) -> int:
        return max(0, (instant - 1 - terms.value_date_at) // DAY_SECONDS)

    last_due_at = int(terms.value_date_at)
    for instalment in build(terms).instalments:
        due_at = instalment.row.due_at
        assert due_at > last_due_at
        assert due_at == end_of_day(instalment.due, terms.timezone)
        assert day(due_at) == (instalment.due - terms.value_date).days
        assert day(due_at + 1) == day(due_at) + 1
        last_due_at = due_at


@given(any_terms)
def test_schedule__any_terms__has_one_row_a_period_but_for_a_bullet(terms: Terms) -> None:
    rows = build(terms).instalments
    assert len(rows) == (1 if terms.method is Method.BULLET else terms.periods)
    assert [row.index for row in rows] == list(range(1, len(rows) + 1))


@given(any_terms)
def test_schedule__any_terms__packs_and_unpacks(terms: Terms) -> None:
    built = build(terms)
    words = packing.pack_rows(built.rows)
    assert tuple(packing.unpack_row(word) for word in words) == built.rows
    assert packing.schedule_hash(built.rows) == built.schedule_hash


@given(any_terms)
def test_schedule__document_written_and_parsed__is_the_same_schedule(terms: Terms) -> None:
    again = parse_terms(write_terms(terms))
    assert again == terms
    assert build(again) == build(terms)


@given(any_terms)
def test_schedule__json__sums_to_its_totals(terms: Terms) -> None:
    document: Any = build(terms).to_json()
    for name in ("principal", "interest", "fee", "total"):
        assert sum(int(row[name]) for row in document["rows"]) == int(document["totals"][name])


@given(regular_terms(frozenset(set(Method) - {Method.FLAT, Method.DAILY, Method.CUSTOM})))
def test_schedule__declining_balance__rounds_each_periods_interest_once(terms: Terms) -> None:
    built = build(replace(terms, interest_deferred_periods=0))
    balance = terms.principal
    for instalment, rate in zip(built.instalments, period_rates(terms), strict=False):
        exact = balance * rate
        error = instalment.row.interest - exact
        assert abs(error) < 1
        assert terms.rounding.interest not in HALVES or abs(error) <= Fraction(1, 2)
        assert terms.rounding.interest is not RoundingMode.UP or error >= 0
        assert terms.rounding.interest is not RoundingMode.DOWN or error <= 0
        balance = instalment.balance


@given(regular_terms(frozenset(LEVEL)))
def test_schedule__level_methods__pay_the_same_until_the_principal_is_gone(terms: Terms) -> None:
    built = build(replace(terms, interest_deferred_periods=0))
    paying = built.instalments[terms.principal_free_periods : -1]
    level = {item.row.total for item in paying if item.balance > 0}
    assert len(level) <= 1
    if level:
        assert (min(level) - terms.fee_per_period) % terms.instalment_multiple == 0


@given(regular_terms(frozenset({Method.ANNUITY})))
def test_schedule__annuity__level_payment_is_the_nearest_that_repays(terms: Terms) -> None:
    """A step more overpays and a step less underpays, reckoned forwards in exact rationals."""
    plain = replace(
        terms,
        level_adjustment=LevelAdjustment.NONE,
        interest_deferred_periods=0,
        fee_per_period=0,
    )
    free = plain.principal_free_periods
    assume(plain.periods - free >= 2)
    paying = build(plain).instalments[free]
    assume(paying.balance > 0)
    reach = Fraction(plain.instalment_multiple)
    if plain.rounding.instalment in HALVES:
        reach /= 2

    def left_over(level: Fraction) -> Fraction:
        balance = Fraction(plain.principal)
        for rate in period_rates(plain)[free:]:
            balance += balance * rate - level
        return balance

    assert left_over(paying.row.total - reach) >= 0
    assert left_over(paying.row.total + reach) <= 0


@given(regular_terms(frozenset({Method.ANNUITY})))
def test_schedule__even_last__never_widens_the_gap(terms: Terms) -> None:
    settled = replace(terms, interest_deferred_periods=0, principal_free_periods=0)

    def gap(adjustment: LevelAdjustment) -> int:
        rows = build(replace(settled, level_adjustment=adjustment)).rows
        return abs(rows[-1].total - rows[0].total)

    assume(settled.periods >= 2)
    assert gap(LevelAdjustment.EVEN_LAST) <= gap(LevelAdjustment.NONE)


@given(regular_terms(frozenset({Method.FLAT})))
def test_schedule__flat__interest_is_that_of_the_original_principal(terms: Terms) -> None:
    exact = terms.principal * sum(period_rates(terms), Fraction(0))
    assert build(terms).totals.interest == round_to(exact, terms.rounding.interest)


@given(regular_terms(frozenset({Method.DAILY})))
def test_schedule__daily__has_no_interest_in_the_rows(terms: Terms) -> None:
    assert build(terms).totals.interest == 0


@given(any_terms)
def test_schedule__interest_deferred__moves_interest_and_nothing_else(terms: Terms) -> None:
    deferred = build(terms)
    plain = build(replace(terms, interest_deferred_periods=0))
    assert deferred.totals == plain.totals
    assert [row.principal for row in deferred.rows] == [row.principal for row in plain.rows]
