"""Figures as the page's tables show them, from the API's models."""

from collections.abc import Iterable
from dataclasses import dataclass

from api import present
from api.schemas.book import KindTotal
from api.schemas.loans import Amounts, HistoryLine, Instalment
from ledger.core.allocation import Split
from ledger.core.rules import Rules
from ledger.core.servicing import ALL_PRINCIPAL
from ledger.core.types import ZERO_ADDRESS
from ledger.core.views import RowStatus

AS_SIGNED = (RowStatus.ACCELERATED, RowStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class Unit:
    """What amounts of an account are counted in."""

    name: str
    currency: str
    bank: bool


def units_of(rules: Rules) -> dict[str, Unit]:
    """Return the units of a book by the name that accounts carry."""
    return {
        option.unit: Unit(
            option.unit, option.currency.decode("latin-1"), option.token == ZERO_ADDRESS
        )
        for option in rules.settlements
    }


@dataclass(frozen=True, slots=True)
class Figure:
    """One amount of a key figure."""

    amount: int
    unit: Unit


def figures(totals: Iterable[KindTotal], kind: str, units: dict[str, Unit]) -> list[Figure]:
    """Return the balance of one kind of account, in each unit."""
    return [
        Figure(abs(total.debit - total.credit), units[total.unit])
        for total in totals
        if total.kind == kind
    ]


def split_of(amounts: Amounts) -> Split:
    """Return money by bucket as the core adds it."""
    return Split(amounts.fee, amounts.penalty, amounts.interest, amounts.principal)


@dataclass(frozen=True, slots=True)
class RowLine:
    """One instalment with what it owes altogether, paid or not."""

    row: Instalment
    owed: Amounts
    changed: bool


def row_lines(rows: Iterable[Instalment]) -> list[RowLine]:
    """Return the lines of the schedule; ``changed`` where an early repayment lowered a row."""
    lines = []
    for row in rows:
        owed = split_of(row.paid) + split_of(row.unpaid)
        if row.status in AS_SIGNED:
            owed = split_of(row.signed)
        changed = owed.total - owed.penalty != row.signed.total
        lines.append(RowLine(row, present.amounts(owed), changed))
    return lines


def total_of(parts: Iterable[Amounts]) -> Amounts:
    """Return the sum of money by bucket."""
    return present.amounts(sum((split_of(part) for part in parts), Split()))


def shown_amounts(line: HistoryLine) -> list[tuple[str, int | None]]:
    """Return the amounts of an event that say something; ``None`` stands for everything."""
    return [
        (name, None if amount == ALL_PRINCIPAL else amount)
        for name, amount in line.amounts.items()
        if amount and (name != "signed_amount" or amount != line.amounts["principal"])
    ]
