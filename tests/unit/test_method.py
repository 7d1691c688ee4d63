"""The method that rows follow is read back from the schedules that the engine writes."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from ledger.core.method import method_of
from ledger.core.packing import Row
from ledger.core.schedule import schedule
from ledger.core.terms import Method, Terms

TERMS = Terms(
    principal=1_200_000,
    annual_rate=Fraction("0.1075"),
    periods=12,
    value_date=date(2026, 1, 15),
    method=Method.ANNUITY,
)
METHODS = [
    Method.ANNUITY,
    Method.EQUAL_PRINCIPAL,
    Method.INTEREST_ONLY,
    Method.BULLET,
    Method.FLAT,
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("periods", [3, 12, 36])
def test_method_of__rows_of_the_engine__names_their_method(method: Method, periods: int) -> None:
    terms = replace(TERMS, method=method, periods=periods)
    rows = [instalment.row for instalment in schedule(terms).instalments]
    assert method_of(rows) is method


def test_method_of__no_interest__is_equal_principal() -> None:
    assert method_of([Row(1, 10, 0), Row(2, 10, 0), Row(3, 10, 0)]) is Method.EQUAL_PRINCIPAL


def test_method_of__any_other_rows__is_custom() -> None:
    assert method_of([Row(1, 10, 1), Row(2, 50, 7), Row(3, 10, 3)]) is Method.CUSTOM
