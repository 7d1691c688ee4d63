"""What commands print: amounts, tables, progress."""

from __future__ import annotations

from random import Random

import pytest

from ledger.commands.output import money, print_table, progress
from ledger.commands.present import short, show_trial_balance
from ledger.demo.portfolio import STORIES, portfolio


@pytest.mark.parametrize(
    ("amount", "decimals", "text"),
    [
        (0, 2, "0.00"),
        (5, 2, "0.05"),
        (-5, 2, "-0.05"),
        (123_456_789, 2, "1,234,567.89"),
        (-123_456, 0, "-123,456"),
        (1_000_001, 6, "1.000001"),
        (2**88, 2, "3,094,850,098,213,450,687,247,810.56"),
    ],
)
def test_money__minor_units__are_written_exactly(amount: int, decimals: int, text: str) -> None:
    assert money(amount, decimals) == text


def test_print_table__brackets_and_numbers__come_out_as_they_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table("Title", ("Name", ">Amount"), [("[bold]x[/bold]", "1,234.50"), ("名称", "0.05")])
    out = capsys.readouterr().out
    assert "[bold]x[/bold]" in out
    assert "1,234.50" in out
    assert "\x1b" not in out


def test_progress__no_terminal__prints_a_plain_line_at_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress("mirror") as step:
        step(1, 3)
        step(3, 3)
        step(3, 3)
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "mirror: 3 of 3\n"


def test_show_trial_balance__two_units__sums_each_by_itself(
    capsys: pytest.CaptureFixture[str],
) -> None:
    balances = {
        "custody:CNY": 300,
        "payable:CNY:0x01": -100,
        "payable:CNY:0x02": -200,
        "receivable:0xT:0x03": 5,
        "claims:0xT:0x03": -5,
    }
    show_trial_balance(balances, {"0xT": "cCNY"}, decimals=2)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["CNY", "payable", "应付出借人", "2", "3.00"] in lines
    assert ["CNY", "Σ", "3.00", "3.00"] in lines
    assert ["cCNY", "Σ", "0.05", "0.05"] in lines


def test_short__hash__tells_its_beginning() -> None:
    assert short(bytes(range(32))) == "0x00010203…"


def test_portfolio__same_seed__is_the_same() -> None:
    assert portfolio(Random(3), 30, []) == portfolio(Random(3), 30, [])
    assert portfolio(Random(3), 30, []) != portfolio(Random(4), 30, [])


@pytest.mark.parametrize("loans", [1, len(STORIES), len(STORIES) + 5])
def test_portfolio__any_number__tells_the_stories_first(loans: int) -> None:
    told = portfolio(Random(1), loans, [])
    assert len(told) == loans
    assert tuple(told[: len(STORIES)]) == tuple(STORIES[:loans])
