"""The repayment methods: from terms and exact period rates to principal and interest.

Each method is a function of the checked terms and the rate of every period (annual rate times
its part of a year, an exact rational) to one ``Part`` per row. Interest is rounded once a
period, the level payment or the equal principal part once a loan; the last row takes what is
left of the principal.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from ledger.core.rounding import round_to
from ledger.core.terms import LevelAdjustment, Method, Terms
from ledger.errors import TermsError


class Part(NamedTuple):
    """What one row repays, in minor units."""

    principal: int
    interest: int

    @property
    def total(self) -> int:
        """Principal and interest together."""
        return self.principal + self.interest


Rates = Sequence[Fraction]


def annuity(terms: Terms, rates: Rates) -> list[Part]:
    """等额本息: a level payment whose present value over ``rates`` is the principal."""
    free = terms.principal_free_periods
    level = _level_payment(terms, rates[free:])
    parts = _pay_level(terms, rates, level)
    if terms.level_adjustment is LevelAdjustment.EVEN_LAST:
        level, parts = _even_last(terms, rates, level, parts)
    return _covering_interest(level, parts, free)


def equal_principal(terms: Terms, rates: Rates) -> list[Part]:
    """等额本金: principal / n each, interest on what is outstanding."""
    return _pay_principal(terms, rates, _equal_share(terms, 1))


def interest_only(terms: Terms, rates: Rates) -> list[Part]:
    """先息后本: interest each period, the principal in the last row."""
    return _pay_principal(terms, rates, 0)


def bullet(terms: Terms, rates: Rates) -> list[Part]:
    """一次性还本付息: one row, simple interest."""
    return _pay_principal(terms, rates, 0)


def flat(terms: Terms, rates: Rates) -> list[Part]:
    """等本等息: interest on the original principal, spread evenly over the rows.

    With a multiple the principal part is rounded to it first and then the row's total, whose
    difference falls on the principal.
    """
    count, free, multiple = terms.periods, terms.principal_free_periods, terms.instalment_multiple
    mode = terms.rounding.instalment
    exact = terms.principal * sum(rates, Fraction(0))
    whole = round_to(exact, terms.rounding.interest)
    # Rounded up, the shares of the other rows could exceed the whole before the last one.
    each = min(round_to(exact / count, terms.rounding.interest), whole // max(count - 1, 1))
    interests = [each] * (count - 1) + [whole - each * (count - 1)]
    total = round_to(Fraction(_equal_share(terms, multiple) + each), mode, multiple)
    parts = _repay(terms, count, lambda k, _: interests[k], lambda interest: total - interest)
    return _covering_interest(total, parts, free)


def balloon(terms: Terms, rates: Rates) -> list[Part]:
    """气球贷: the annuity over ``amortisation_periods`` rates, all that is left in the last row."""
    free = terms.principal_free_periods
    level = _level_payment(terms, rates[free:])
    parts = _pay_level(terms, rates[: terms.periods], level)
    return _covering_interest(level, parts, free)


def daily(terms: Terms, rates: Rates) -> list[Part]:
    """随借随还: equal principal parts; interest accrues by the day and is in no row."""
    return _pay_principal(terms, [Fraction(0)] * len(rates), _equal_share(terms, 1))


METHODS: Mapping[Method, Callable[[Terms, Rates], list[Part]]] = {
    Method.ANNUITY: annuity,
    Method.EQUAL_PRINCIPAL: equal_principal,
    Method.INTEREST_ONLY: interest_only,
    Method.BULLET: bullet,
    Method.FLAT: flat,
    Method.BALLOON: balloon,
    Method.DAILY: daily,
}


def defer_interest(parts: list[Part], periods: int) -> list[Part]:
    """Return the rows with the interest of the first ``periods`` due with the next row instead."""
    late = sum(part.interest for part in parts[:periods])
    early = [part._replace(interest=0) for part in parts[:periods]]
    first, *rest = parts[periods:]
    return [*early, first._replace(interest=first.interest + late), *rest]


def _level_payment(terms: Terms, rates: Rates) -> int:
    """Return principal / sum over k of 1 / ((1 + r1) ... (1 + rk)), rounded once.

    The sum is built from its end, and as numerator and denominator that are not reduced on the
    way: reducing at every step would cost far more than the sum.
    """
    numerator, denominator = 0, 1
    for rate in reversed(rates):
        numerator = (numerator + denominator) * rate.denominator
        denominator *= rate.denominator + rate.numerator
    exact = Fraction(terms.principal * denominator, numerator)
    return round_to(exact, terms.rounding.instalment, terms.instalment_multiple)


def _equal_share(terms: Terms, multiple: int) -> int:
    share = Fraction(terms.principal, terms.periods - terms.principal_free_periods)
    return round_to(share, terms.rounding.instalment, multiple)


def _pay_level(terms: Terms, rates: Rates, level: int) -> list[Part]:
    """Return rows of ``level`` each; principal is negative where interest exceeds it."""
    return _repay(terms, len(rates), _declining(terms, rates), lambda interest: level - interest)


def _pay_principal(terms: Terms, rates: Rates, share: int) -> list[Part]:
    """Return rows that repay ``share`` of principal each."""
    return _repay(terms, len(rates), _declining(terms, rates), lambda _: share)


def _declining(terms: Terms, rates: Rates) -> Callable[[int, int], int]:
    return lambda k, balance: round_to(balance * rates[k], terms.rounding.interest)


def _repay(
    terms: Terms,
    count: int,
    interest_of: Callable[[int, int], int],
    principal_of: Callable[[int], int],
) -> list[Part]:
    """Return ``count`` rows: nothing in the free periods, what is left in the last row.

    ``interest_of`` maps row (from 0) and balance to interest, ``principal_of`` interest to the
    principal part, of which no more than the balance is taken.
    """
    parts, balance = [], terms.principal
    for k in range(count):
        interest = interest_of(k, balance)
        if k == count - 1:
            principal = balance
        elif k < terms.principal_free_periods:
            principal = 0
        else:
            principal = min(principal_of(interest), balance)
        parts.append(Part(principal, interest))
        balance -= principal
    return parts


def _even_last(terms: Terms, rates: Rates, level: int, parts: list[Part]) -> tuple[int, list[Part]]:
    """Move the level payment one step towards the last row, if far from it and if that helps."""
    gap = parts[-1].total - level
    if 2 * abs(gap) <= terms.periods - terms.principal_free_periods:
        return level, parts
    moved = level + (terms.instalment_multiple if gap > 0 else -terms.instalment_multiple)
    candidate = _pay_level(terms, rates, moved)
    helps = abs(candidate[-1].total - moved) < abs(gap) and min(p.principal for p in candidate) >= 0
    return (moved, candidate) if helps else (level, parts)


def _covering_interest(level: int, parts: list[Part], free: int) -> list[Part]:
    """Refuse a level payment that some row's interest exceeds: the debt would grow."""
    for index, part in enumerate(parts[free:], start=free + 1):
        if part.principal < 0:
            problem = (
                f"the level payment of {level} minor units is below the interest of row {index},"
                f" {part.interest}; lower the rate or change periods, first_due,"
                " instalment_multiple or rounding"
            )
            raise TermsError("annual_rate", problem)
    return parts
