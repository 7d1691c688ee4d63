"""The terms document: strict reading from, and canonical writing to, JSON objects."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ledger.core.calendar import DayCount, Frequency, Unit
from ledger.core.reading import (
    read_amount,
    read_choice,
    read_date,
    read_int,
    read_object,
    read_rate,
    read_text,
    refuse_unknown,
    require,
    shown,
    write_rate,
)
from ledger.core.rounding import RoundingMode
from ledger.core.terms import (
    MAX_PERIODS,
    CustomRow,
    LevelAdjustment,
    Method,
    Rounding,
    Terms,
)
from ledger.errors import TermsError

_FREQUENCY = re.compile(r"([1-9][0-9]{0,3})([DWM])")
_REQUIRED = ("principal", "annual_rate", "periods", "value_date", "method")


def parse_terms(document: object) -> Terms:
    """Read a terms document (a decoded JSON object) strictly.

    Amounts may be integers or strings of decimal digits, in minor units; rates are decimal
    strings. Raises ``TermsError``, naming the field, for an unknown or missing field, a wrong
    type, or values that ``Terms`` refuses.
    """
    source = read_object("terms", document)
    refuse_unknown("", source, frozenset(_READERS))
    values: dict[str, Any] = {name: _READERS[name](name, value) for name, value in source.items()}
    if values.get("method") is Method.CUSTOM:
        values.setdefault("periods", len(values.get("rows", ())))
    require("", values, _REQUIRED)
    return Terms(**values)


def write_terms(terms: Terms) -> dict[str, object]:
    """Return the canonical document: defaults filled in, amounts as decimal strings."""
    document: dict[str, object] = {
        "principal": str(terms.principal),
        "annual_rate": write_rate(terms.annual_rate),
        "periods": terms.periods,
        "value_date": terms.value_date.isoformat(),
        "method": terms.method.value,
        "frequency": str(terms.frequency),
        "day_count": terms.day_count.value,
        "rounding": {
            "interest": terms.rounding.interest.value,
            "instalment": terms.rounding.instalment.value,
        },
        "principal_free_periods": terms.principal_free_periods,
        "interest_deferred_periods": terms.interest_deferred_periods,
        "instalment_multiple": str(terms.instalment_multiple),
        "fee_per_period": str(terms.fee_per_period),
        "timezone": terms.timezone,
        "level_adjustment": terms.level_adjustment.value,
    }
    if terms.first_due is not None:
        document["first_due"] = terms.first_due.isoformat()
    if terms.amortisation_periods is not None:
        document["amortisation_periods"] = terms.amortisation_periods
    if terms.rows:
        document["rows"] = [
            {
                "due": row.due.isoformat(),
                "principal": str(row.principal),
                "interest": str(row.interest),
                "fee": str(row.fee),
            }
            for row in terms.rows
        ]
    return document


def _read_frequency(field: str, value: object) -> Frequency:
    match = _FREQUENCY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        problem = f"must be a count and D, W or M, such as 1M or 2W, got {shown(value)}"
        raise TermsError(field, problem)
    return Frequency(int(match[1]), Unit(match[2]))


def _read_rounding(field: str, value: object) -> Rounding:
    source = read_object(field, value)
    refuse_unknown(field, source, frozenset({"interest", "instalment"}))
    return Rounding(
        **{
            name: read_choice(RoundingMode, f"{field}.{name}", mode)
            for name, mode in source.items()
        }
    )


def _read_rows(field: str, value: object) -> tuple[CustomRow, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_PERIODS:
        raise TermsError(field, f"must be a list of 1 to {MAX_PERIODS} rows, got {shown(value)}")
    return tuple(_read_row(f"{field}[{index}]", row) for index, row in enumerate(value))


def _read_row(field: str, value: object) -> CustomRow:
    source = read_object(field, value)
    refuse_unknown(field, source, frozenset({"due", "principal", "interest", "fee"}))
    require(field, source, ("due", "principal", "interest"))
    return CustomRow(
        due=read_date(f"{field}.due", source["due"]),
        principal=read_amount(f"{field}.principal", source["principal"]),
        interest=read_amount(f"{field}.interest", source["interest"]),
        fee=read_amount(f"{field}.fee", source.get("fee", 0)),
    )


_READERS: Mapping[str, Callable[[str, object], object]] = {
    "principal": read_amount,
    "annual_rate": read_rate,
    "periods": read_int,
    "frequency": _read_frequency,
    "value_date": read_date,
    "first_due": read_date,
    "method": partial(read_choice, Method),
    "day_count": partial(read_choice, DayCount),
    "rounding": _read_rounding,
    "principal_free_periods": read_int,
    "interest_deferred_periods": read_int,
    "instalment_multiple": read_amount,
    "fee_per_period": read_amount,
    "timezone": read_text,
    "level_adjustment": partial(read_choice, LevelAdjustment),
    "amortisation_periods": read_int,
    "rows": _read_rows,
}
