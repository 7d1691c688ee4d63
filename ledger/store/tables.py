"""Single steps on the mirrored tables; each runs inside the caller's transaction."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import delete, insert
from sqlmodel import Session, SQLModel, col, func, select

from ledger.core.journal import Entry
from ledger.core.types import Address, BlockRef, Timestamp
from ledger.store.models import (
    BalanceRow,
    BlockRow,
    CursorRow,
    DeploymentRow,
    EntryRow,
    LineRow,
    LoanHolderRow,
    LogRow,
)
from ledger.store.pages import Deployment
from ledger.store.rows import ONLY_ROW, block_row, deployment_row, entry_row, line_rows
from ledger.store.versions import rewind, table_of

T = TypeVar("T")

CHUNK = 500
"""Keys in one IN list: below every database's limit of parameters."""


def chunks(items: Iterable[T]) -> Iterator[Sequence[T]]:
    """Yield the items in lists that fit one query."""
    ordered = list(items)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


def insert_rows(session: Session, model: type[SQLModel], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows by column name, without an object for each."""
    if rows:
        session.connection().execute(insert(table_of(model)), rows)


def read_deployment(session: Session) -> Deployment | None:
    """Return the book that the database mirrors; ``None`` before the first sync."""
    row = session.get(DeploymentRow, ONLY_ROW)
    if row is None:
        return None
    return Deployment(
        chain_id=row.chain_id,
        book=Address(row.book_address),
        registry=Address(row.registry_address),
        block=row.deployed_block,
        genesis=row.genesis,
    )


def write_deployment(session: Session, deployment: Deployment) -> None:
    """Bind the database to one book."""
    insert_rows(session, DeploymentRow, [deployment_row(deployment)])


def read_cursor(session: Session) -> CursorRow | None:
    """Return how far the mirror got; ``None`` before the first batch."""
    return session.get(CursorRow, ONLY_ROW)


def write_cursor(session: Session, number: int, final: int, events: int) -> None:
    """Move the cursor to block ``number``; ``events`` is by how many their count changes."""
    cursor = read_cursor(session) or CursorRow(
        id=ONLY_ROW, block_number=number, final_number=final, events=0
    )
    cursor.block_number = number
    cursor.final_number = final
    cursor.events += events
    session.add(cursor)
    session.flush()


def block_ref(row: BlockRow) -> BlockRef:
    """Return a stored block as the core names it."""
    return BlockRef(row.number, row.hash, row.parent_hash, Timestamp(row.timestamp))


def read_block(session: Session, number: int) -> BlockRef | None:
    """Return the stored block ``number``; ``None`` if it is not kept."""
    row = session.get(BlockRow, number)
    return None if row is None else block_ref(row)


def blocks_down_from(session: Session, number: int, final: int) -> list[BlockRef]:
    """Return the stored blocks from ``number`` down to the newest that is final."""
    newest_final = select(func.max(BlockRow.number)).where(BlockRow.number <= min(number, final))
    floor = session.exec(newest_final).one()
    rows = session.exec(
        select(BlockRow)
        .where(BlockRow.number <= number, BlockRow.number >= (-1 if floor is None else floor))
        .order_by(col(BlockRow.number).desc())
    )
    return [block_ref(row) for row in rows]


def keep_blocks(session: Session, blocks: Iterable[BlockRef]) -> None:
    """Store blocks that are not stored yet."""
    new = {block.number: block for block in blocks}
    for numbers in chunks(list(new)):
        stored = session.exec(select(BlockRow.number).where(col(BlockRow.number).in_(numbers)))
        for number in stored.all():
            del new[number]
    insert_rows(session, BlockRow, [block_row(block) for block in new.values()])


def forget_blocks(session: Session, since: int, until: int) -> None:
    """Delete the blocks from ``since`` to before ``until`` that hold none of our logs."""
    block = table_of(BlockRow)
    log = table_of(LogRow)
    has_logs = select(log.columns.block_number).where(
        log.columns.block_number == block.columns.number
    )
    session.connection().execute(
        delete(block).where(
            block.columns.number >= since,
            block.columns.number < until,
            ~has_logs.exists(),
        )
    )


def post(session: Session, entries: Sequence[Entry]) -> None:
    """Append entries to the journal and move the balances of their accounts."""
    insert_rows(session, EntryRow, [entry_row(entry) for entry in entries])
    insert_rows(session, LineRow, [row for entry in entries for row in line_rows(entry)])
    changes: Counter[str] = Counter()
    for entry in entries:
        for line in entry.lines:
            changes[line.account] += line.amount
    _move_balances(session, changes)


def _move_balances(session: Session, changes: Counter[str]) -> None:
    table = table_of(BalanceRow)
    for accounts in chunks(account for account, change in changes.items() if change):
        held = col(BalanceRow.account).in_(accounts)
        stored = session.exec(select(BalanceRow.account, BalanceRow.balance).where(held)).all()
        balances = dict(stored)
        moved = {account: balances.get(account, 0) + changes[account] for account in accounts}
        session.connection().execute(delete(table).where(table.columns.account.in_(accounts)))
        rows = [{"account": name, "balance": sum_} for name, sum_ in moved.items() if sum_]
        insert_rows(session, BalanceRow, rows)


def remove_above(session: Session, base: BlockRef) -> int:
    """Take back everything above block ``base``; returns how many events that were.

    The cursor stands at ``base`` afterwards.
    """
    ancestor = base.number
    changes: Counter[str] = Counter()
    removed = (
        select(LineRow.account, LineRow.amount)
        .join(EntryRow, col(LineRow.entry) == EntryRow.number)
        .where(EntryRow.block_number > ancestor)
    )
    for account, amount in session.exec(removed):
        changes[account] -= amount
    connection = session.connection()
    entry, line = table_of(EntryRow), table_of(LineRow)
    gone = select(EntryRow.number).where(EntryRow.block_number > ancestor)
    connection.execute(delete(line).where(line.columns.entry.in_(gone)))
    connection.execute(delete(entry).where(entry.columns.block_number > ancestor))
    _move_balances(session, changes)
    log = table_of(LogRow)
    events = connection.execute(delete(log).where(log.columns.block_number > ancestor)).rowcount
    holder, block = table_of(LoanHolderRow), table_of(BlockRow)
    connection.execute(delete(holder).where(holder.columns.block_number > ancestor))
    connection.execute(delete(block).where(block.columns.number > ancestor))
    rewind(session, ancestor)
    keep_blocks(session, [base])
    cursor = read_cursor(session)
    assert cursor is not None
    write_cursor(session, ancestor, cursor.final_number, -events)
    return events
