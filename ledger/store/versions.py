"""State tables: one row a key and block while provisional, the newest marked ``current``."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import (
    Select,
    Table,
    bindparam,
    delete,
    insert,
    inspect,
    literal,
    select,
    update,
)
from sqlalchemy.sql.selectable import NamedFromClause
from sqlmodel import Session, SQLModel

from ledger.store.models import BookStateRow, LoanStateRow, PartyStateRow, SubjectStateRow

StateModel: TypeAlias = (
    type[LoanStateRow] | type[PartyStateRow] | type[SubjectStateRow] | type[BookStateRow]
)
STATE_MODELS: tuple[StateModel, ...] = (LoanStateRow, PartyStateRow, SubjectStateRow, BookStateRow)


def table_of(model: type[SQLModel]) -> Table:
    """Return the table behind a model."""
    table = inspect(model).local_table
    assert isinstance(table, Table)
    return table


def key_of(table: Table) -> str:
    """Return the name of a state table's key: its first column."""
    return table.columns.keys()[0]


def supersede(
    session: Session, model: StateModel, versions: Mapping[Any, Sequence[dict[str, Any]]]
) -> None:
    """Store new versions by key, in the order of their blocks; the last becomes the current."""
    if not versions:
        return
    table = table_of(model)
    key = table.columns[key_of(table)]
    connection = session.connection()
    old = update(table).where(key == bindparam("old_key"), table.columns.current)
    connection.execute(old.values(current=False), [{"old_key": value} for value in versions])
    rows = [{**row, "current": row is rows[-1]} for rows in versions.values() for row in rows]
    connection.execute(insert(table), rows)


def forget_superseded(session: Session, final: int) -> None:
    """Delete versions that no reorganisation can bring back: superseded by ``final``."""
    for model in STATE_MODELS:
        table = table_of(model)
        newer = table.alias("newer")
        replaced = _newer(table, newer).where(newer.columns.block_number <= final).exists()
        session.connection().execute(delete(table).where(~table.columns.current, replaced))


def rewind(session: Session, ancestor: int) -> None:
    """Make the versions as of block ``ancestor`` the current ones again."""
    for model in STATE_MODELS:
        table = table_of(model)
        connection = session.connection()
        connection.execute(delete(table).where(table.columns.block_number > ancestor))
        newest = ~_newer(table, table.alias("newer")).exists()
        connection.execute(update(table).where(~table.columns.current, newest).values(current=True))


def _newer(table: Table, newer: NamedFromClause) -> Select[int]:
    """Return the query for later versions of the same key as the row of ``table`` at hand."""
    key = key_of(table)
    return select(literal(1)).where(
        newer.columns[key] == table.columns[key],
        newer.columns.block_number > table.columns.block_number,
    )
