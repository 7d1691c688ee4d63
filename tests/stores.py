"""Databases for tests: filled from a hand-written chain, and compared whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Table, select
from sqlmodel import SQLModel

from ledger.core.packing import Row
from ledger.mirror import Mirror
from ledger.store import Store, open_store
from ledger.store.models import ReconciliationRow
from ledger.store.private_models import (
    AttemptRow,
    IntentRow,
    OutboxSenderRow,
    VaultFactRow,
    VaultSubjectRow,
)
from ledger.store.versions import table_of
from tests.fake_node import FakeNode, deployment_of
from tests.simulated_logs import BANK, DAY, LENDERS, agreement, rows_of
from tests.simulation import SimulatedChain

KEPT = (ReconciliationRow, OutboxSenderRow, IntentRow, AttemptRow, VaultFactRow, VaultSubjectRow)
"""Tables that the mirror does not fill."""

ROWS = rows_of((31, 40_000, 1_200, 10), (59, 40_000, 804, 10), (90, 40_000, 404, 10))


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def new_store(folder: Path, name: str = "book.db") -> Store:
    return open_store(url_of(folder / name))


def mirrored_tables() -> list[Table]:
    kept = {table_of(model).name for model in KEPT}
    return [table for table in SQLModel.metadata.sorted_tables if table.name not in kept]


def dump(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every mirrored table."""
    with store.sessions.read() as session:
        return {
            table.name: [
                tuple(row)
                for row in session.connection().execute(select(table).order_by(*table.primary_key))
            ]
            for table in mirrored_tables()
        }


def mirror_of(node: Any, store: Store, **options: Any) -> Mirror:
    return Mirror(node, store, deployment_of(node), **options)


def fresh_dump(node: FakeNode, folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return what a database holds that mirrors this node from the first block on."""
    with new_store(folder, f"fresh-{len(list(folder.iterdir()))}.db") as store:
        mirror_of(node, store).sync()
        return dump(store)


def small_chain(loans: int = 3) -> SimulatedChain:
    """Return a chain on which loans, one of them at the bank, were funded and partly repaid."""
    chain = SimulatedChain()
    chain.create()
    for salt in range(loans):
        extra = {"settlement": BANK} if salt == 1 else {}
        chain.fund(chain.open(agreement(ROWS, salt=salt, **extra), ROWS), 30_000, 5_000)
    chain.travel(36)
    for loan in chain.loans:
        chain.repay(loan, 20_000)
        chain.pay_out(loan, LENDERS[0])
    chain.transfer(chain.loans[0], LENDERS[0], LENDERS[3], 7)
    return chain


def grow(chain: SimulatedChain, days: int = 60) -> None:
    """Let more happen on a small chain."""
    chain.travel(days)
    for loan in chain.loans:
        chain.repay(loan, None)
        for lender in LENDERS[:2]:
            chain.pay_out(loan, lender)
    chain.withdraw_fees(0, 10)
    open_today(chain)


def open_today(chain: SimulatedChain) -> None:
    """Open one more loan, of one row."""
    chain.advance()
    start = (chain.now // DAY + 1) * DAY
    rows = (Row(start + 30 * DAY, 500, 5),)
    terms = {"value_date": start, "funding_deadline": start + DAY, "salt": len(chain.loans)}
    chain.open(agreement(rows, **terms), rows)
