"""Dates of a loan: due dates, day counts and the instants at which days start and end.

A loan counts days of exactly 86,400 seconds from the start of its value date, as the
contract does. That agrees with the civil calendar only while the zone keeps one offset from
UTC, so a zone that changes its offset during a loan's life is refused (``fixed_start``).
"""

from calendar import isleap, monthrange
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from zoneinfo import ZoneInfo

from ledger.core.types import Timestamp
from ledger.errors import TermsError

DAY_SECONDS = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Unit(StrEnum):
    """The unit of a repayment frequency."""

    DAY = "D"
    WEEK = "W"
    MONTH = "M"


@dataclass(frozen=True, slots=True)
class Frequency:
    """One repayment period: ``count`` units, written ``1M``, ``2W``, ``15D``."""

    count: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"

    @property
    def years(self) -> Fraction:
        """One period as part of a year of 12 months, 52 weeks or 360 days."""
        return Fraction(self.count, {Unit.MONTH: 12, Unit.WEEK: 52, Unit.DAY: 360}[self.unit])


class DayCount(StrEnum):
    """How the time between two dates becomes a part of a year.

    ``30/360`` (bond basis), ``30E/360``, ``ACT/365`` (fixed), ``ACT/360`` and ``ACT/ACT`` are
    sections 4.16 (f), (g), (d), (e), (b) of the 2006 ISDA Definitions. ``ACT/364`` is 52 weeks
    of seven days. ``period`` gives every regular period the same part of the year.
    """

    PERIOD = "period"
    THIRTY_360 = "30/360"
    THIRTY_E_360 = "30E/360"
    ACT_365 = "ACT/365"
    ACT_364 = "ACT/364"
    ACT_360 = "ACT/360"
    ACT_ACT = "ACT/ACT"


FIXED_BASIS = {DayCount.ACT_365: 365, DayCount.ACT_364: 364, DayCount.ACT_360: 360}


def shift(anchor: date, frequency: Frequency, periods: int) -> date:
    """Return ``anchor`` moved by ``periods`` periods (negative: back).

    Months keep the anchor's day, or the last of a shorter month; from the last day of a month
    every date is the last of its month. Raises ``OverflowError`` outside the years 1 to 9999.
    """
    count = frequency.count * periods
    if frequency.unit is not Unit.MONTH:
        return anchor + timedelta(days=count * (7 if frequency.unit is Unit.WEEK else 1))
    year, month0 = divmod(anchor.year * 12 + anchor.month - 1 + count, 12)
    if not MINYEAR <= year <= MAXYEAR:
        raise OverflowError(f"year {year} is outside the calendar")
    last = monthrange(year, month0 + 1)[1]
    day = last if _is_month_end(anchor) else min(anchor.day, last)
    return date(year, month0 + 1, day)


@lru_cache(maxsize=1024)
def due_dates(
    value_date: date, first_due: date | None, frequency: Frequency, periods: int
) -> tuple[date, ...]:
    """Return the rising due dates of ``periods`` rows.

    Without ``first_due``, or where it is what the frequency gives anyway, dates are reckoned
    from ``value_date``; otherwise from ``first_due``, and the first period is a stub. Raises
    ``TermsError`` if ``first_due`` is not after ``value_date`` or the years run out.
    """
    try:
        if first_due is None or first_due == shift(value_date, frequency, 1):
            dates = tuple(shift(value_date, frequency, k) for k in range(1, periods + 1))
        else:
            dates = tuple(shift(first_due, frequency, k) for k in range(periods))
        dates[-1] + timedelta(days=1)
    except OverflowError as error:
        problem = f"{periods} of {frequency} from {value_date} run past the year {MAXYEAR}"
        raise TermsError("periods", problem) from error
    if dates[0] <= value_date:
        problem = f"{dates[0]} is not after value_date {value_date}; due dates must rise"
        raise TermsError("first_due", problem)
    return dates


def first_period_length(value_date: date, first_due: date, frequency: Frequency) -> Fraction:
    """Return the length of the first period in regular periods: 1, or a stub's share.

    A stub is reckoned back from ``first_due`` in regular periods: whole ones count one each, the
    rest by its days over those of the period it falls in (ICMA Rule 251, as for ACT/ACT ICMA).
    """
    if first_due == shift(value_date, frequency, 1):
        return Fraction(1)
    if frequency.unit is not Unit.MONTH:
        one = first_due - shift(first_due, frequency, -1)
        return Fraction((first_due - value_date).days, one.days)
    whole = 0
    while (before := shift(first_due, frequency, -whole - 1)) >= value_date:
        whole += 1
    start = shift(first_due, frequency, -whole)
    return whole + Fraction((start - value_date).days, (start - before).days)


def year_fraction(start: date, end: date, day_count: DayCount) -> Fraction:
    """Return the part of a year from ``start`` to ``end`` (``start`` <= ``end``), exactly.

    ``period`` depends on the frequency and has no answer here: ``ValueError``.
    """
    if day_count in FIXED_BASIS:
        return Fraction((end - start).days, FIXED_BASIS[day_count])
    if day_count is DayCount.ACT_ACT:
        return _act_act(start, end)
    if day_count is DayCount.PERIOD:
        raise ValueError("day count `period` is a property of the frequency, not of two dates")
    first = min(start.day, 30)
    last = end.day
    if day_count is DayCount.THIRTY_E_360 or first == 30:
        last = min(last, 30)
    months = (end.year - start.year) * 12 + end.month - start.month
    return Fraction(months * 30 + last - first, 360)


def start_of_day(day: date, timezone: str) -> Timestamp:
    """Return 00:00 of ``day`` in ``timezone`` as Unix seconds.

    Raises ``TermsError`` for an unknown time zone.
    """
    instant = datetime(day.year, day.month, day.day, tzinfo=_zone(timezone))
    return Timestamp((instant - _EPOCH) // timedelta(seconds=1))


def end_of_day(day: date, timezone: str) -> Timestamp:
    """Return 24:00 of ``day`` in ``timezone``, which is 00:00 of the next, as Unix seconds."""
    return start_of_day(day + timedelta(days=1), timezone)


@lru_cache(maxsize=1024)
def fixed_start(first: date, last: date, timezone: str) -> Timestamp:
    """Return the start of ``first``, having checked that every day to ``last`` has 86,400 s.

    So 24:00 of any day d up to ``last`` is this + 86,400 * (d - first + 1). Raises ``TermsError``
    for an unknown zone and for one whose offset from UTC changes in between. Offsets are
    compared weekly: no zone keeps daylight saving time for less than a week.
    """
    start = start_of_day(first, timezone)
    end = last + timedelta(days=1)
    days = (end - first).days
    for day in (*range(7, days, 7), days):
        if start_of_day(first + timedelta(days=day), timezone) != start + day * DAY_SECONDS:
            raise TermsError(
                "timezone",
                f"{timezone} changes its offset from UTC between {first} and {end}, and a loan"
                " counts days of 86400 s; use a zone without daylight saving time, such as"
                " Asia/Shanghai, UTC or Etc/GMT+5",
            )
    return start


def _is_month_end(day: date) -> bool:
    return day.day == monthrange(day.year, day.month)[1]


def _act_act(start: date, end: date) -> Fraction:
    total = Fraction(0)
    for year in range(start.year, end.year + 1):
        first = max(start, date(year, 1, 1))
        days = (end - first).days if year == end.year else _days_left(first)
        total += Fraction(days, 366 if isleap(year) else 365)
    return total


def _days_left(day: date) -> int:
    """Days from ``day`` to the next 1 January."""
    return (date(day.year, 12, 31) - day).days + 1


def _zone(timezone: str) -> ZoneInfo:
    try:
        return ZoneInfo(timezone)
    except (LookupError, ValueError, OSError) as error:
        problem = f"{timezone[:60]!r} is no IANA time zone; use a name such as Asia/Shanghai"
        raise TermsError("timezone", problem) from error
