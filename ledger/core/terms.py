"""The terms of a loan: what a schedule is a function of.

Every ``Terms`` that exists has passed the same checks; ``terms_json`` reads and writes the
document.
"""

from dataclasses import dataclass, fields
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction

from ledger.core.calendar import (
    FIXED_BASIS,
    DayCount,
    Frequency,
    Unit,
    due_dates,
    fixed_start,
)
from ledger.core.packing import FEE_BITS, INTEREST_BITS, PRINCIPAL_BITS
from ledger.core.reading import RATE_DECIMALS, shown
from ledger.core.rounding import RoundingMode
from ledger.core.types import Timestamp
from ledger.errors import TermsError

MAX_PERIODS = 1200
MAX_ANNUAL_RATE = 100
MAX_DAYS = 36_525
FIRST_VALUE_DATE = date(1970, 1, 2)  # its start is not negative in any time zone
LAST_VALUE_DATE = date.max - timedelta(days=MAX_DAYS + 1)
MONTHLY = Frequency(1, Unit.MONTH)


class Method(StrEnum):
    """The repayment methods."""

    ANNUITY = "annuity"  # 等额本息
    EQUAL_PRINCIPAL = "equal_principal"  # 等额本金
    INTEREST_ONLY = "interest_only"  # 先息后本
    BULLET = "bullet"  # 一次性还本付息
    FLAT = "flat"  # 等本等息
    BALLOON = "balloon"  # 气球贷
    DAILY = "daily"  # 随借随还
    CUSTOM = "custom"


class LevelAdjustment(StrEnum):
    """What may be done to a level payment that rounding leaves far from the last row.

    ``even_last``: where the last row differs from the level payment by more than half as many
    minor units as rows share it, the level moves one step if that brings the two nearer.
    """

    NONE = "none"
    EVEN_LAST = "even_last"


@dataclass(frozen=True, slots=True)
class Rounding:
    """How interest of a period and the level payment (or equal principal part) are rounded."""

    interest: RoundingMode = RoundingMode.HALF_UP
    instalment: RoundingMode = RoundingMode.HALF_UP


@dataclass(frozen=True, slots=True)
class CustomRow:
    """One row that the parties wrote themselves; amounts in minor units."""

    due: date
    principal: int
    interest: int
    fee: int = 0


_LEVEL = frozenset({Method.ANNUITY, Method.FLAT, Method.BALLOON})
_REGULAR = frozenset(Method) - {Method.CUSTOM}

# Which methods a field means anything to; any other method must leave it out.
_USED_BY: dict[str, frozenset[Method]] = {
    "frequency": _REGULAR,
    "first_due": _REGULAR,
    "fee_per_period": _REGULAR,
    "principal_free_periods": _LEVEL | {Method.EQUAL_PRINCIPAL},
    "interest_deferred_periods": _LEVEL | {Method.EQUAL_PRINCIPAL, Method.INTEREST_ONLY},
    "instalment_multiple": _LEVEL,
    "level_adjustment": frozenset({Method.ANNUITY}),
    "amortisation_periods": frozenset({Method.BALLOON}),
    "rows": frozenset({Method.CUSTOM}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Checked terms of one loan. Amounts are minor units, ``annual_rate`` an exact rational.

    Raises ``TermsError``, naming the field, if the values are out of range or contradict each
    other.
    """

    principal: int
    annual_rate: Fraction
    periods: int
    value_date: date
    method: Method
    frequency: Frequency = MONTHLY
    first_due: date | None = None
    day_count: DayCount = DayCount.PERIOD
    rounding: Rounding = Rounding()
    principal_free_periods: int = 0
    interest_deferred_periods: int = 0
    instalment_multiple: int = 1
    fee_per_period: int = 0
    timezone: str = "Asia/Shanghai"
    level_adjustment: LevelAdjustment = LevelAdjustment.NONE
    amortisation_periods: int | None = None
    rows: tuple[CustomRow, ...] = ()

    def __post_init__(self) -> None:
        _check_ranges(self)
        _check_use(self)
        if self.method is Method.CUSTOM:
            _check_custom(self)
        _check_dates(self)

    @property
    def due_dates(self) -> tuple[date, ...]:
        """Due date of every row, rising."""
        match self.method:
            case Method.CUSTOM:
                return tuple(row.due for row in self.rows)
            case Method.BULLET:
                return self.regular_due_dates(self.periods)[-1:]
            case _:
                return self.regular_due_dates(self.periods)

    def regular_due_dates(self, periods: int) -> tuple[date, ...]:
        """Return the first ``periods`` due dates that value date, first due and frequency give."""
        return due_dates(self.value_date, self.first_due, self.frequency, periods)

    @property
    def value_date_at(self) -> Timestamp:
        """Start of the value date in Unix seconds: the agreement's ``valueDate``."""
        return fixed_start(self.value_date, self.due_dates[-1], self.timezone)


def _check_range(field: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise TermsError(field, f"must be between {low} and {high}, got {shown(value)}")


def _check_ranges(terms: Terms) -> None:
    _check_range("principal", terms.principal, 1, (1 << PRINCIPAL_BITS) - 1)
    _check_range("periods", terms.periods, 1, MAX_PERIODS)
    _check_range("principal_free_periods", terms.principal_free_periods, 0, terms.periods - 1)
    deferred = terms.interest_deferred_periods
    _check_range("interest_deferred_periods", deferred, 0, terms.periods - 1)
    _check_range("instalment_multiple", terms.instalment_multiple, 1, terms.principal)
    _check_range("fee_per_period", terms.fee_per_period, 0, (1 << FEE_BITS) - 1)
    rate = terms.annual_rate
    if not 0 <= rate <= MAX_ANNUAL_RATE or (rate * 10**RATE_DECIMALS).denominator != 1:
        problem = (
            f"must be between 0 and {MAX_ANNUAL_RATE} (1 is 100% a year) with at most"
            f" {RATE_DECIMALS} decimals, got {rate}"
        )
        raise TermsError("annual_rate", problem)
    if terms.amortisation_periods is not None:
        low = terms.periods + 1
        _check_range("amortisation_periods", terms.amortisation_periods, low, MAX_PERIODS)


def _check_use(terms: Terms) -> None:
    """Refuse a field that the method would ignore: somebody expects it to do something."""
    defaults = {field.name: field.default for field in fields(terms)}
    for name, methods in _USED_BY.items():
        if terms.method not in methods and getattr(terms, name) != defaults[name]:
            raise TermsError(name, f"means nothing to method {terms.method}; leave it out")
    if terms.method is Method.BALLOON and terms.amortisation_periods is None:
        raise TermsError("amortisation_periods", "is missing; method balloon needs it")
    per_day = terms.day_count in (DayCount.PERIOD, *FIXED_BASIS)
    if terms.method is Method.DAILY and not per_day:
        problem = f"{terms.day_count} gives no constant rate a day; use ACT/365, ACT/364 or ACT/360"
        raise TermsError("day_count", problem)


def _check_dates(terms: Terms) -> None:
    if not FIRST_VALUE_DATE <= terms.value_date <= LAST_VALUE_DATE:
        problem = f"must be from {FIRST_VALUE_DATE} to {LAST_VALUE_DATE}, got {terms.value_date}"
        raise TermsError("value_date", problem)
    last = terms.due_dates[-1]
    if (last - terms.value_date).days > MAX_DAYS:
        problem = f"the last row is due on {last}, more than {MAX_DAYS} days after value_date"
        raise TermsError("periods", problem)
    fixed_start(terms.value_date, last, terms.timezone)


def _check_custom(terms: Terms) -> None:
    if len(terms.rows) != terms.periods:
        raise TermsError("rows", f"{len(terms.rows)} rows given for {terms.periods} periods")
    before = terms.value_date
    for index, row in enumerate(terms.rows):
        field = f"rows[{index}]"
        if row.due <= before:
            raise TermsError(f"{field}.due", f"{row.due} is not after {before}; dates must rise")
        before = row.due
        _check_range(f"{field}.principal", row.principal, 0, (1 << PRINCIPAL_BITS) - 1)
        _check_range(f"{field}.interest", row.interest, 0, (1 << INTEREST_BITS) - 1)
        _check_range(f"{field}.fee", row.fee, 0, (1 << FEE_BITS) - 1)
    total = sum(row.principal for row in terms.rows)
    if total != terms.principal:
        problem = f"principal of the rows sums to {total}, not to the loan's {terms.principal}"
        raise TermsError("rows", problem)
