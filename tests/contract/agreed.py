"""A loan as agreed, before any chain knows of it."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.core.agreement import Agreement
from ledger.core.packing import Row, pack_rows
from ledger.core.types import ZERO_ADDRESS, LoanId
from tests.contract.chain import Key

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Draft:
    """A loan as agreed: what ``open`` takes."""

    agreement: Agreement
    rows: tuple[Row, ...]
    borrower: Key
    guarantor: Key | None
    loan_id: LoanId

    @property
    def bank(self) -> bool:
        return self.agreement.asset == ZERO_ADDRESS

    @property
    def words(self) -> list[bytes]:
        return pack_rows(self.rows)


def even_rows(
    principal: int, count: int, interest: int, value_date: int, fee: int = 0
) -> tuple[Row, ...]:
    """Return rows of 30 days each with equal principal; the last takes what is left."""
    part = principal // count
    return tuple(
        Row(
            due_at=value_date + 30 * DAY * (index + 1),
            principal=part if index < count - 1 else principal - part * (count - 1),
            interest=interest,
            fee=fee,
        )
        for index in range(count)
    )
