"""The repayment method that signed rows follow, read from the rows alone.

An agreement signs rows, not a method; readers still want its name.
"""

from collections.abc import Sequence

from ledger.core.packing import Row
from ledger.core.terms import Method


def method_of(rows: Sequence[Row]) -> Method:
    """Return the method whose shape the rows have, ``CUSTOM`` for any other.

    The last row takes what rounding leaves: it may differ by one minor unit a row.
    """
    if len(rows) == 1:
        return Method.BULLET
    principal = [row.principal for row in rows]
    interest = [row.interest for row in rows]
    if not any(principal[:-1]):
        return Method.INTEREST_ONLY
    if _level(principal):
        return Method.FLAT if any(interest) and _level(interest) else Method.EQUAL_PRINCIPAL
    payments = [row.principal + row.interest for row in rows]
    return Method.ANNUITY if _level(payments) else Method.CUSTOM


def _level(amounts: Sequence[int]) -> bool:
    """Whether all are the same but for the last, which may differ by one unit a row."""
    return len(set(amounts[:-1])) == 1 and abs(amounts[-1] - amounts[0]) <= len(amounts)
