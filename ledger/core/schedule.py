"""The instalment schedule (还款计划) of a loan: a pure function of its terms.

``schedule(terms)`` gives the rows that the parties sign. A row is due at 24:00 of its due date
in the terms' time zone, which is the start of the value date plus 86,400 s for every day up to
and including the due date: the contract counts days in the same way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from itertools import pairwise

from ledger.core import packing
from ledger.core.amortisation import METHODS, Part, defer_interest
from ledger.core.calendar import (
    DAY_SECONDS,
    FIXED_BASIS,
    DayCount,
    first_period_length,
    year_fraction,
)
from ledger.core.packing import Row
from ledger.core.terms import Method, Terms
from ledger.core.terms_json import write_terms

DAILY_RATE_SCALE = 10**12
_PERIOD_DAYS_A_YEAR = 360


@dataclass(frozen=True, slots=True)
class Instalment:
    """One row with what the packed word leaves out.

    ``index`` counts from 1, ``due`` is the due date, ``balance`` the principal that is
    outstanding once the row is paid, in minor units.
    """

    index: int
    due: date
    row: Row
    balance: int

    def to_json(self) -> dict[str, object]:
        """Return the row as the interface shows it; ``due_at`` is ISO 8601 in UTC."""
        due_at = datetime.fromtimestamp(self.row.due_at, UTC)
        return {
            "index": self.index,
            "due": self.due.isoformat(),
            "due_at": due_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "principal": str(self.row.principal),
            "interest": str(self.row.interest),
            "fee": str(self.row.fee),
            "total": str(self.row.total),
            "balance": str(self.balance),
        }


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the rows, in minor units."""

    principal: int
    interest: int
    fee: int

    @property
    def total(self) -> int:
        """Everything that the borrower pays when nothing is early or late."""
        return self.principal + self.interest + self.fee

    def to_json(self) -> dict[str, str]:
        """Return the sums as decimal strings."""
        return {
            "principal": str(self.principal),
            "interest": str(self.interest),
            "fee": str(self.fee),
            "total": str(self.total),
        }


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rows of a loan; ``schedule_hash`` is the 32 bytes that the agreement commits to."""

    terms: Terms
    instalments: tuple[Instalment, ...]
    schedule_hash: bytes

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows as they are packed, signed and passed to the contract."""
        return tuple(instalment.row for instalment in self.instalments)

    @property
    def totals(self) -> Totals:
        """Sums over the rows."""
        return Totals(
            principal=sum(row.principal for row in self.rows),
            interest=sum(row.interest for row in self.rows),
            fee=sum(row.fee for row in self.rows),
        )

    def to_json(self) -> dict[str, object]:
        """Return ``{"loan", "rows", "totals", "schedule_hash"}``, amounts as decimal strings."""
        return {
            "loan": write_terms(self.terms),
            "rows": [instalment.to_json() for instalment in self.instalments],
            "totals": self.totals.to_json(),
            "schedule_hash": "0x" + self.schedule_hash.hex(),
        }


def schedule(terms: Terms) -> Schedule:
    """Return the schedule of ``terms``.

    Raises ``TermsError`` if the level payment does not cover the interest of a row, or an
    amount does not fit its place in the packed row.
    """
    dues = terms.due_dates
    fees = [terms.fee_per_period] * len(dues)
    if terms.method is Method.CUSTOM:
        parts = [Part(row.principal, row.interest) for row in terms.rows]
        fees = [row.fee for row in terms.rows]
    else:
        parts = METHODS[terms.method](terms, period_rates(terms))
        parts = defer_interest(parts, terms.interest_deferred_periods)
    instalments, balance, start = [], terms.principal, terms.value_date_at
    for index, (due, part, fee) in enumerate(zip(dues, parts, fees, strict=True), start=1):
        due_at = start + ((due - terms.value_date).days + 1) * DAY_SECONDS
        balance -= part.principal
        row = Row(due_at, part.principal, part.interest, fee)
        instalments.append(Instalment(index, due, row, balance))
    signed = packing.schedule_hash([instalment.row for instalment in instalments])
    return Schedule(terms, tuple(instalments), signed)


def period_rates(terms: Terms) -> list[Fraction]:
    """Return the exact interest rate of every period that the method reckons with.

    One for a bullet (its only period runs from the value date), ``amortisation_periods`` for a
    balloon, else one a row. Simple interest: annual rate times the period's part of a year.
    """
    dues = terms.regular_due_dates(terms.amortisation_periods or terms.periods)
    one_row = terms.method is Method.BULLET
    if terms.day_count is DayCount.PERIOD:
        first = first_period_length(terms.value_date, dues[0], terms.frequency)
        lengths = [first] + [Fraction(1)] * (len(dues) - 1)
        years = [length * terms.frequency.years for length in lengths]
        years = [sum(years, Fraction(0))] if one_row else years
    else:
        ends = dues[-1:] if one_row else dues
        years = _year_fractions([terms.value_date, *ends], terms.day_count)
    return [terms.annual_rate * part for part in years]


def daily_rate(terms: Terms) -> int:
    """Return the agreement's ``dailyRate`` in 1e-12 a day, rounded down; 0 but for ``daily``."""
    if terms.method is not Method.DAILY:
        return 0
    days = FIXED_BASIS.get(terms.day_count, _PERIOD_DAYS_A_YEAR)
    return int(terms.annual_rate * DAILY_RATE_SCALE / days)


def _year_fractions(dates: Sequence[date], day_count: DayCount) -> list[Fraction]:
    return [year_fraction(start, end, day_count) for start, end in pairwise(dates)]
