"""Dates, day counts and instants."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from ledger.core.calendar import (
    DayCount,
    Frequency,
    Unit,
    due_dates,
    end_of_day,
    first_period_length,
    fixed_start,
    shift,
    start_of_day,
    year_fraction,
)
from ledger.errors import TermsError

MONTHLY = Frequency(1, Unit.MONTH)


def months(count: int) -> Frequency:
    return Frequency(count, Unit.MONTH)


@pytest.mark.parametrize(
    ("anchor", "frequency", "periods", "expected"),
    [
        ("2026-01-15", MONTHLY, 1, "2026-02-15"),
        ("2026-01-31", MONTHLY, 1, "2026-02-28"),
        ("2026-01-31", MONTHLY, 2, "2026-03-31"),
        ("2026-02-28", MONTHLY, 1, "2026-03-31"),
        ("2024-02-28", MONTHLY, 1, "2024-03-28"),
        ("2024-02-29", MONTHLY, 12, "2025-02-28"),
        ("2026-04-30", MONTHLY, 1, "2026-05-31"),
        ("2026-01-30", MONTHLY, 1, "2026-02-28"),
        ("2026-01-30", MONTHLY, 2, "2026-03-30"),
        ("2026-11-30", months(3), 1, "2027-02-28"),
        ("2026-03-31", MONTHLY, -1, "2026-02-28"),
        ("2026-01-15", MONTHLY, -1, "2025-12-15"),
        ("2026-02-20", Frequency(2, Unit.WEEK), 1, "2026-03-06"),
        ("2026-02-28", Frequency(15, Unit.DAY), 1, "2026-03-15"),
        ("2026-02-28", Frequency(1, Unit.WEEK), -1, "2026-02-21"),
    ],
)
def test_shift__by_frequency__keeps_day_or_month_end(
    anchor: str, frequency: Frequency, periods: int, expected: str
) -> None:
    assert shift(date.fromisoformat(anchor), frequency, periods).isoformat() == expected


def test_shift__past_the_calendar__overflows() -> None:
    with pytest.raises(OverflowError):
        shift(date(9999, 12, 1), MONTHLY, 1)
    with pytest.raises(OverflowError):
        shift(date(9999, 12, 31), Frequency(1, Unit.DAY), 1)


def test_due_dates__no_first_due__reckons_from_value_date() -> None:
    assert due_dates(date(2026, 1, 30), None, MONTHLY, 3) == (
        date(2026, 2, 28),
        date(2026, 3, 30),
        date(2026, 4, 30),
    )


def test_due_dates__first_due_is_the_regular_one__changes_nothing() -> None:
    value_date = date(2026, 1, 30)
    regular = due_dates(value_date, None, MONTHLY, 12)
    assert due_dates(value_date, regular[0], MONTHLY, 12) == regular


def test_due_dates__stub__reckons_from_first_due() -> None:
    assert due_dates(date(2026, 1, 10), date(2026, 2, 28), MONTHLY, 3) == (
        date(2026, 2, 28),
        date(2026, 3, 31),
        date(2026, 4, 30),
    )


@pytest.mark.parametrize("first_due", [date(2026, 1, 10), date(2026, 1, 9)])
def test_due_dates__first_due_not_after_value_date__names_it(first_due: date) -> None:
    with pytest.raises(TermsError, match="must rise") as caught:
        due_dates(date(2026, 1, 10), first_due, MONTHLY, 3)
    assert caught.value.field == "first_due"


def test_due_dates__years_run_out__names_periods() -> None:
    with pytest.raises(TermsError) as caught:
        due_dates(date(9000, 1, 1), None, months(9999), 12)
    assert caught.value.field == "periods"


def test_due_dates__last_day_of_the_calendar__names_periods() -> None:
    with pytest.raises(TermsError) as caught:
        due_dates(date(9999, 11, 30), None, MONTHLY, 1)
    assert caught.value.field == "periods"


@pytest.mark.parametrize(
    ("value_date", "first_due", "frequency", "expected"),
    [
        ("2026-01-15", "2026-02-15", MONTHLY, Fraction(1)),
        ("2026-01-30", "2026-02-28", MONTHLY, Fraction(1)),
        ("2026-01-15", "2026-03-15", MONTHLY, Fraction(2)),
        ("2026-01-20", "2026-02-15", MONTHLY, Fraction(26, 31)),
        ("2026-01-10", "2026-03-01", MONTHLY, 1 + Fraction(22, 31)),
        ("2026-01-31", "2026-03-31", MONTHLY, Fraction(2)),
        ("2026-01-01", "2026-01-11", Frequency(1, Unit.WEEK), Fraction(10, 7)),
        ("2026-01-01", "2026-01-11", Frequency(30, Unit.DAY), Fraction(1, 3)),
    ],
)
def test_first_period_length__stub__is_whole_periods_and_a_share(
    value_date: str, first_due: str, frequency: Frequency, expected: Fraction
) -> None:
    length = first_period_length(
        date.fromisoformat(value_date), date.fromisoformat(first_due), frequency
    )
    assert length == expected


# Days of the 30/360 family as worked out in the examples to ISDA 2006, section 4.16.
@pytest.mark.parametrize(
    ("start", "end", "bond", "euro"),
    [
        ("2007-01-15", "2007-01-30", 15, 15),
        ("2007-01-15", "2007-02-15", 30, 30),
        ("2007-09-30", "2008-03-31", 180, 180),
        ("2007-09-30", "2007-10-31", 30, 30),
        ("2007-01-15", "2007-01-31", 16, 15),
        ("2007-01-31", "2007-02-28", 28, 28),
        ("2007-02-28", "2007-03-31", 33, 32),
        ("2006-08-31", "2007-02-28", 178, 178),
        ("2007-02-28", "2007-08-31", 183, 182),
        ("2007-02-14", "2007-02-28", 14, 14),
        ("2008-02-29", "2009-02-28", 359, 359),
        ("2008-01-31", "2008-01-31", 0, 0),
    ],
)
def test_year_fraction__thirty_day_months__follows_isda(
    start: str, end: str, bond: int, euro: int
) -> None:
    dates = date.fromisoformat(start), date.fromisoformat(end)
    assert year_fraction(*dates, DayCount.THIRTY_360) == Fraction(bond, 360)
    assert year_fraction(*dates, DayCount.THIRTY_E_360) == Fraction(euro, 360)


@pytest.mark.parametrize(
    ("day_count", "basis"),
    [(DayCount.ACT_365, 365), (DayCount.ACT_364, 364), (DayCount.ACT_360, 360)],
)
def test_year_fraction__fixed_basis__counts_actual_days(day_count: DayCount, basis: int) -> None:
    assert year_fraction(date(2024, 1, 1), date(2024, 3, 1), day_count) == Fraction(60, basis)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2003-11-01", "2004-05-01", Fraction(61, 365) + Fraction(121, 366)),
        ("1999-02-01", "1999-07-01", Fraction(150, 365)),
        ("2002-08-15", "2003-07-15", Fraction(334, 365)),
        ("2003-12-31", "2004-01-01", Fraction(1, 365)),
        ("2004-01-01", "2005-01-01", Fraction(1)),
        ("2003-07-01", "2006-07-01", Fraction(184, 365) + 2 + Fraction(181, 365)),
        ("2004-02-29", "2004-02-29", Fraction(0)),
    ],
)
def test_year_fraction__act_act__splits_at_the_turn_of_the_year(
    start: str, end: str, expected: Fraction
) -> None:
    dates = date.fromisoformat(start), date.fromisoformat(end)
    assert year_fraction(*dates, DayCount.ACT_ACT) == expected


def test_year_fraction__period__has_no_answer() -> None:
    with pytest.raises(ValueError, match="frequency"):
        year_fraction(date(2026, 1, 1), date(2026, 2, 1), DayCount.PERIOD)


@pytest.mark.parametrize(
    ("frequency", "years"),
    [
        (MONTHLY, Fraction(1, 12)),
        (months(3), Fraction(1, 4)),
        (Frequency(2, Unit.WEEK), Fraction(2, 52)),
        (Frequency(15, Unit.DAY), Fraction(15, 360)),
    ],
)
def test_frequency__years__has_twelve_months_fifty_two_weeks_or_360_days(
    frequency: Frequency, years: Fraction
) -> None:
    assert frequency.years == years


def test_end_of_day__shanghai__is_sixteen_hours_utc() -> None:
    expected = datetime(2026, 2, 15, 16, tzinfo=UTC)
    assert end_of_day(date(2026, 2, 15), "Asia/Shanghai") == expected.timestamp()


def test_start_of_day__zone_behind_utc__is_later() -> None:
    expected = datetime(2026, 2, 15, 5, tzinfo=UTC)
    assert start_of_day(date(2026, 2, 15), "Etc/GMT+5") == expected.timestamp()


@pytest.mark.parametrize(
    "name", ["Nowhere/Atlantis", "", "../../etc/passwd", "Asia", "\0", "\ud800", "UTC\n", "/UTC"]
)
def test_start_of_day__no_such_zone__names_timezone(name: str) -> None:
    with pytest.raises(TermsError, match="IANA") as caught:
        start_of_day(date(2026, 1, 1), name)
    assert caught.value.field == "timezone"


def test_fixed_start__fixed_zone__every_day_has_86400_seconds() -> None:
    first, last = date(2026, 1, 15), date(2029, 1, 15)
    start = fixed_start(first, last, "Asia/Shanghai")
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        assert end_of_day(day, "Asia/Shanghai") == start + 86_400 * (number + 1)


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [
        ("Europe/Berlin", date(2026, 1, 15), date(2026, 4, 15)),
        # Winter at both ends, summer between: days in between would end an hour off.
        ("Europe/Berlin", date(2026, 1, 15), date(2027, 1, 15)),
        ("America/New_York", date(2026, 3, 7), date(2026, 3, 8)),
        ("Asia/Shanghai", date(1990, 1, 1), date(1990, 12, 31)),
        # The offset returns within weeks: Morocco leaves summer time for Ramadan.
        ("Africa/Casablanca", date(2026, 1, 15), date(2026, 4, 15)),
    ],
)
def test_fixed_start__offset_changes_in_between__names_timezone(
    zone: str, first: date, last: date
) -> None:
    with pytest.raises(TermsError, match="changes its offset") as caught:
        fixed_start(first, last, zone)
    assert caught.value.field == "timezone"


def test_fixed_start__loan_within_one_season__is_accepted() -> None:
    start = fixed_start(date(2026, 1, 15), date(2026, 3, 15), "Europe/Berlin")
    assert start == datetime(2026, 1, 15, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
