"""Strict readers of single values from a JSON document.

Each takes the field's name and the value, and returns the typed value or raises one
``TermsError`` that names the field. Only ASCII digits count as digits; a bool is no integer;
a float is never accepted, because it is not the number that was written.
"""

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

from ledger.errors import TermsError

E = TypeVar("E", bound=StrEnum)

RATE_DECIMALS = 12
_DIGITS = re.compile(r"0|[1-9][0-9]{0,38}")
_DECIMAL = re.compile(rf"(?:0|[1-9][0-9]{{0,8}})(?:\.[0-9]{{1,{RATE_DECIMALS}}})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def shown(value: object) -> str:
    """Return ``value`` as an error message can carry it: short, whatever was given."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no integer of more than 4,300 digits
        return f"a very long {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."


def read_object(field: str, value: object) -> Mapping[str, object]:
    """Return a JSON object; its keys are strings."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise TermsError(field, f"must be a JSON object, got {shown(value)}")
    return value


def refuse_unknown(field: str, document: Mapping[str, object], known: frozenset[str]) -> None:
    """Raise for the first member of ``document`` (inside ``field``) that is not ``known``."""
    for name in document:
        if name not in known:
            place = f"{field}.{name[:60]}" if field else name[:60]
            raise TermsError(place, f"is not a known field; known: {', '.join(sorted(known))}")


def require(field: str, document: Mapping[str, object], names: tuple[str, ...]) -> None:
    """Raise for the first of ``names`` that ``document`` (inside ``field``) lacks."""
    for name in names:
        if name not in document:
            raise TermsError(f"{field}.{name}" if field else name, "is missing")


def read_int(field: str, value: object) -> int:
    """Return a JSON integer."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TermsError(field, f"must be an integer, got {shown(value)}")
    return value


def read_amount(field: str, value: object) -> int:
    """Return an amount in minor units: a JSON integer or a string of decimal digits."""
    if isinstance(value, str):
        if not _DIGITS.fullmatch(value):
            problem = f"must be a whole number of minor units in decimal digits, got {shown(value)}"
            raise TermsError(field, problem)
        return int(value)
    return read_int(field, value)


def read_rate(field: str, value: object) -> Fraction:
    """Return a decimal string such as ``"0.1075"`` as the exact rational that it is."""
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise TermsError(
            field,
            'must be a decimal string such as "0.1075", not negative, with at most'
            f" {RATE_DECIMALS} decimals, got {shown(value)}",
        )
    return Fraction(value)


def write_rate(rate: Fraction) -> str:
    """Return the shortest decimal string of ``rate``: what ``read_rate`` takes back."""
    whole, part = divmod(int(rate * 10**RATE_DECIMALS), 10**RATE_DECIMALS)
    decimals = f"{part:0{RATE_DECIMALS}d}".rstrip("0")
    return f"{whole}.{decimals}" if decimals else str(whole)


def read_date(field: str, value: object) -> date:
    """Return a calendar date written ``YYYY-MM-DD``."""
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise TermsError(field, f"must be a date written YYYY-MM-DD, got {shown(value)}")


def read_text(field: str, value: object) -> str:
    """Return a JSON string."""
    if not isinstance(value, str):
        raise TermsError(field, f"must be a string, got {shown(value)}")
    return value


def read_choice(kind: type[E], field: str, value: object) -> E:
    """Return the member of ``kind`` whose value is ``value``."""
    for member in kind:
        if value == member.value:
            return member
    raise TermsError(field, f"must be one of {', '.join(kind)}, got {shown(value)}")
