"""What people read: amounts, rates, dates, hashes, and the same strings in both languages."""

import re
import string

import pytest

from api.present import label, loan_date
from api.units import iso
from api.web import formats
from api.web.render import FOLDER, STRINGS, negotiate
from ledger.core import events
from ledger.core.accounts import CHART
from ledger.core.decode import BOOK_EVENTS
from ledger.core.findings import Severity
from ledger.core.terms import Method
from ledger.core.views import BUCKETS, RowStatus

DAY = 86_400


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (0, "CNY", "0.00"),
        (5, "CNY", "0.05"),
        (123_456_789, "CNY", "1,234,567.89"),
        (-100_001, "USD", "\u22121,000.01"),
        (1_234, "JPY", "1,234"),
        (1_234, "KWD", "1.234"),
        (12_345, "CLF", "1.2345"),
        (2**256 - 1, "CNY", f"{(2**256 - 1) // 100:,}.{(2**256 - 1) % 100}"),
    ],
)
def test_money__by_currency__has_its_digits(amount: int, currency: str, text: str) -> None:
    assert formats.money(amount, currency) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(1, 3, "33.33%"), (2, 3, "66.66%"), (5, 5, "100.00%"), (0, 7, "0.00%"), (0, 0, "0.00%")],
)
def test_percent__of_a_whole__rounds_down(part: int, whole: int, text: str) -> None:
    assert formats.percent(part, whole) == text


def test_rate__millionths__is_exact() -> None:
    assert [formats.rate(rate) for rate in (500, 0, 1, 1_000_000)] == [
        "0.05%",
        "0%",
        "0.0001%",
        "100%",
    ]
    assert formats.basis_points(150) == "1.5%"


def test_short__hash_address_and_text__keeps_ends_of_hex_alone() -> None:
    assert formats.short(bytes(range(32))) == "0x0001…1e1f"
    assert formats.short("0x" + "ab" * 20) == "0xabab…abab"
    assert formats.short("marketplace@1") == "marketplace@1"


def test_iso__beyond_the_calendar__is_still_text() -> None:
    assert iso(0) == "1970-01-01T00:00:00Z"
    assert iso(2**40 - 1) == str(2**40 - 1)
    assert formats.minute(2**40 - 1) == str(2**40 - 1)
    assert loan_date(2**40 - 1, 5) == str(2**40 - 1 + 5 * DAY)


@pytest.mark.parametrize("offset", [0, 8, 5, -5, -8, 12, -11])
def test_loan_date__in_any_zone__is_the_date_there(offset: int) -> None:
    midnight = 1_767_225_600 - offset * 3_600  # the start of 2026-01-01 there
    assert loan_date(midnight, 0) == "2026-01-01"
    assert loan_date(midnight, 31) == "2026-02-01"


@pytest.mark.parametrize(
    ("word", "text"),
    [
        (b"cash-loan/1".ljust(32, b"\0"), "cash-loan/1"),
        (bytes(32), ""),
        (b"\xff" * 32, "0x" + "ff" * 32),
        (b"a\nb".ljust(32, b"\0"), "0x610a62" + "00" * 29),
        (b"a\0b".ljust(32, b"\0"), "0x610062" + "00" * 29),
    ],
)
def test_label__text_or_not__can_be_read(word: bytes, text: str) -> None:
    assert label(word) == text


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("de,zh-TW;q=0.5,en;q=0.4", "zh"),
        ("en;q=0.1,zh;q=0.2", "zh"),
        ("de,fr", "en"),
        ("zh;q=nonsense,,;q=", "zh"),
    ],
)
def test_negotiate__accept_language__finds_the_best_of_ours(header: str, language: str) -> None:
    assert negotiate(header) == language


def fields_of(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_strings__both_languages__have_the_same_keys_and_fields() -> None:
    english, chinese = STRINGS["en"], STRINGS["zh"]
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert fields_of(text) == fields_of(chinese[key]), key
        assert chinese[key].strip()


def test_strings__every_value_of_the_core__has_a_name() -> None:
    wanted = {f"method.{method}" for method in Method}
    wanted |= {f"row.{status}" for status in RowStatus}
    wanted |= {f"kind.{kind}" for kind in CHART}
    wanted |= {f"severity.{severity}" for severity in Severity}
    loan_events = {kind for kind in BOOK_EVENTS if "loan_id" in kind.__dataclass_fields__}
    wanted |= {f"event.{kind.__name__}" for kind in loan_events}
    assert events.Opened in loan_events
    assert wanted <= STRINGS["en"].keys()
    assert BUCKETS[0][1] == "current"


def test_strings__every_one__is_used_by_a_template() -> None:
    templates = "".join(path.read_text() for path in (FOLDER / "templates").iterdir())
    built = re.findall(r"'([a-z_]+\.(?:[a-z_]*_)?)' ~", templates)
    built += [f"{group}." for group in ("status", "row", "check")]
    for key in STRINGS["en"]:
        used = f"'{key}'" in templates or any(key.startswith(prefix) for prefix in built)
        assert used, key
