"""Where the database stands, and what earlier reconciliations have proven of it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import type_coerce
from sqlalchemy.types import NullType
from sqlmodel import Session, col, select

from ledger.core.findings import Finding, Severity
from ledger.core.journal import Tail
from ledger.core.types import BlockRef
from ledger.errors import CodecError, StoreError
from ledger.store.models import BlockRow, ReconciliationRow
from ledger.store.stored_book import last_log, read_record
from ledger.store.tables import read_block, read_cursor


def cursor_block(session: Session) -> BlockRef | None:
    """Return the block on which the database stands; ``None`` before the first batch.

    Raises ``StoreError`` for a cursor that the mirror cannot have left.
    """
    cursor = read_cursor(session)
    if cursor is None:
        if last_log(session) is not None:
            raise _altered("there are events, but no cursor says up to which block")
        return None
    number, final = cursor.block_number, cursor.final_number
    block = read_block(session, number) if isinstance(number, int) else None
    if block is None:
        raise _altered(f"the cursor stands on block {number}, which is not stored")
    if not isinstance(final, int) or not 0 <= final <= number:
        raise _altered(f"the cursor on block {number} says that block {final} is final")
    return block


def _altered(problem: str) -> StoreError:
    return StoreError(
        f"{problem}: the database was altered; `loanbook reconcile --full` names the rows, a new "
        "database mirrors them afresh"
    )


def newest_block(session: Session, limit: int) -> BlockRef | None:
    """Return the newest stored block up to ``limit``."""
    number = session.exec(
        select(BlockRow.number)
        .where(BlockRow.number <= limit)
        .order_by(col(BlockRow.number).desc())
        .limit(1)
    ).first()
    return None if number is None else read_block(session, number)


@dataclass(frozen=True, slots=True)
class Baseline:
    """The newest reconciliation without an error: all is proven up to its block."""

    block: int
    block_hash: bytes
    tail: Tail


@dataclass(frozen=True, slots=True)
class Earlier:
    """What earlier runs leave to the next one.

    ``full_failed`` says that the newest full run found an error: only another full run can say
    that it is gone.
    """

    baseline: Baseline | None
    full_failed: bool
    findings: tuple[Finding, ...] = ()


def earlier_runs(session: Session) -> Earlier:
    """Return what earlier runs leave; a row that cannot be read proves nothing and is named."""
    if _newest_full(session) != _newest_full(session, col(ReconciliationRow.ok)):
        return Earlier(None, full_failed=True)
    columns = (ReconciliationRow.id, *map(_raw, ("block_number", "block_hash", "journal")))
    row: Any = session.exec(
        select(*columns)
        .where(ReconciliationRow.ok)
        .order_by(col(ReconciliationRow.id).desc())
        .limit(1)
    ).first()
    if row is None:
        return Earlier(None, full_failed=False)
    try:
        return Earlier(_baseline(row), full_failed=False)
    except CodecError as error:
        where = f"reconciliation ({row.id})"
        wanted = "a run that can be read; all was checked from the beginning"
        # A warning: the run that reports it does not rely on the row, and takes its place.
        finding = Finding("record", where, wanted, str(error), severity=Severity.WARNING)
        return Earlier(None, full_failed=False, findings=(finding,))


def _newest_full(session: Session, *conditions: Any) -> int | None:
    return session.exec(
        select(ReconciliationRow.id)
        .where(ReconciliationRow.full, *conditions)
        .order_by(col(ReconciliationRow.id).desc())
        .limit(1)
    ).first()


def _raw(name: str) -> Any:
    # As the driver gives it: a damaged value must not stop the reading.
    return type_coerce(getattr(ReconciliationRow, name), NullType()).label(name)


def _baseline(row: Any) -> Baseline:
    """Return a row as a baseline. Raises ``CodecError`` for one that no run can have written."""
    if not isinstance(row.block_number, int) or row.block_number < 0:
        raise CodecError("block_number", f"is {row.block_number!r}")
    if not isinstance(row.block_hash, bytes) or len(row.block_hash) != 32:
        raise CodecError("block_hash", f"is {row.block_hash!r}")
    if not isinstance(row.journal, bytes):
        raise CodecError("journal", f"is {row.journal!r}")
    tail = read_record(Tail, row.journal)
    if not 0 <= tail.count < 1 << 63:
        raise CodecError("journal", f"counts {tail.count} entries")
    return Baseline(row.block_number, row.block_hash, tail)
