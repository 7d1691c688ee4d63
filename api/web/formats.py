"""How values look to people: money in major units, dates, percentages, short hashes."""

from datetime import UTC, datetime
from decimal import Decimal

from api.units import iso, to_hex

_EXPONENTS = (
    (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (4, "CLF UYW"),
)
EXPONENTS = {code: digits for digits, codes in _EXPONENTS for code in codes.split()}
"""Currencies of ISO 4217 whose minor unit is not a hundredth."""

MINUS = "\N{MINUS SIGN}"
SHORT = 4


def money(amount: int, currency: str) -> str:
    """Return minor units in major ones, with thousands separated: 1,234.56."""
    digits = EXPONENTS.get(currency, 2)
    major, minor = divmod(abs(amount), 10**digits)
    fraction = f".{minor:0{digits}}" if digits else ""
    return f"{MINUS if amount < 0 else ''}{major:,}{fraction}"


def percent(part: int, whole: int) -> str:
    """Return a share in percent, rounded down to two decimals."""
    hundredths = part * 10_000 // whole if whole else 0
    return f"{hundredths // 100}.{hundredths % 100:02}%"


def rate(millionths: int) -> str:
    """Return a rate of 1e-6 in percent, exact: 500 is 0.05%."""
    return f"{(Decimal(millionths) / 10_000).normalize():f}%"


def basis_points(points: int) -> str:
    """Return basis points in percent, exact: 100 is 1%."""
    return rate(points * 100)


def day(at: int) -> str:
    """Return the date of an instant in UTC."""
    return iso(at)[:10]


def minute(at: int) -> str:
    """Return an instant in UTC to the minute."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, ValueError):
        return iso(at)


def short(value: bytes | str) -> str:
    """Return the first and last digits of a hash or an address; other text as it is."""
    text = to_hex(value) if isinstance(value, bytes) else value
    if not text.startswith("0x") or len(text) <= 2 + 2 * SHORT:
        return text
    return f"{text[: 2 + SHORT]}…{text[-SHORT:]}"


def full(value: bytes | str) -> str:
    """Return a hash or an address in full."""
    return to_hex(value) if isinstance(value, bytes) else value
