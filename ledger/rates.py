"""Rates that are disclosed. Floats live here, outside the core; nothing is signed on them."""

from decimal import Decimal
from math import isfinite

from pyxirr import xirr

from ledger.core.schedule import DAILY_RATE_SCALE, Schedule, daily_rate

_PLACES = 6


def irr_annual(schedule: Schedule) -> Decimal | None:
    """Return the annualised cost to the borrower, all fees included, to six decimals.

    It is the effective annual rate r (0.1 is 10%) with
    principal = sum of payment_k / (1 + r)^(days_k / 365), days from the value date to the due
    date: XIRR, which is the APR of Directive 2008/48/EC, Annex I, with days as the measure of
    time. ``None`` if no finite rate satisfies it.
    """
    dates = [schedule.terms.value_date, *(row.due for row in schedule.instalments)]
    flows = [-schedule.terms.principal, *_payments(schedule)]
    rate = xirr(dates, [float(flow) for flow in flows])
    return None if rate is None or not isfinite(rate) else Decimal(f"{rate:.{_PLACES}f}")


def _payments(schedule: Schedule) -> list[int]:
    """Return what is paid on each due date, in minor units; with daily interest, its accrual."""
    rate = daily_rate(schedule.terms)
    payments, balance, since = [], schedule.terms.principal, schedule.terms.value_date
    for row in schedule.instalments:
        accrued = balance * rate * (row.due - since).days // DAILY_RATE_SCALE
        payments.append(row.row.total + accrued)
        balance, since = row.balance, row.due
    return payments
