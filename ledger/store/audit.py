"""Comparing a table, row by row, with the rows that it should hold."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any, TypeAlias

from sqlalchemy import Table, select, type_coerce
from sqlalchemy.types import NullType
from sqlmodel import Session, SQLModel

from ledger.core.findings import Finding, shown
from ledger.core.types import LoanId
from ledger.store.columns import Amount
from ledger.store.rows import Row
from ledger.store.versions import table_of

SHOWN = 90
"""Characters of a value that a finding shows."""

ROWS_AT_ONCE = 1000

_Key: TypeAlias = tuple[tuple[int, Any], ...]


class TableAudit:
    """Compares one table, in the order of its key, with the rows that it should hold."""

    def __init__(
        self, session: Session, model: type[SQLModel], hashed: frozenset[str] = frozenset()
    ) -> None:
        self._table = table_of(model)
        self._keys = [column.name for column in self._table.primary_key]
        self._texts = {
            column.name for column in self._table.columns if isinstance(column.type, Amount)
        }
        self._rows = _raw_rows(session, self._table, self._keys, hashed)
        self._next = next(self._rows, None)
        self.checked = 0
        self.findings: list[Finding] = []

    def expect(self, row: Row) -> None:
        """Compare the next row; rows come in the order of their keys."""
        key = self.key(row)
        while self._next is not None and self.key(self._next) < key:
            self._extra(self._next)
            self._next = next(self._rows, None)
        if self._next is None or self.key(self._next) != key:
            self._find(row, "", "a row", "none")
            return
        self._compare(row, self._next)
        self._next = next(self._rows, None)

    def finish(self) -> None:
        """Report the rows that are left over."""
        while self._next is not None:
            self._extra(self._next)
            self._next = next(self._rows, None)

    def _compare(self, row: Row, found: Row) -> None:
        self.checked += 1
        for name, value in row.items():
            expected = str(value) if name in self._texts else value
            if _ordered(expected) != _ordered(found[name]):
                self._find(row, f" {name}", expected, found[name])

    def _extra(self, row: Row) -> None:
        self._find(row, "", "no such row", "a row")

    def _find(self, row: Row, column: str, expected: object, found: object) -> None:
        key = ", ".join(_short(row[name]) for name in self._keys)
        loan_id: Any = row.get("loan_id")
        named = isinstance(loan_id, bytes) and len(loan_id) == 32
        self.findings.append(
            Finding(
                code="row",
                where=f"{self._table.name} ({key}){column}",
                expected=_short(expected),
                found=_short(found),
                loan_id=LoanId(loan_id) if named else None,
            )
        )

    def key(self, row: Row) -> _Key:
        """Return what rows of this table sort by."""
        return tuple(_ordered(row[name]) for name in self._keys)


def audit_rows(
    session: Session,
    model: type[SQLModel],
    rows: Iterable[Row],
    hashed: frozenset[str] = frozenset(),
) -> TableAudit:
    """Compare a whole table with its rows, which may come in any order."""
    audit = TableAudit(session, model, hashed)
    for row in sorted(rows, key=audit.key):
        audit.expect(row)
    audit.finish()
    return audit


def digest_of(value: object) -> object:
    """Return SHA-256 of bytes, so that large values can be compared by their hash."""
    return sha256(value).digest() if isinstance(value, bytes) else value


def _raw_rows(
    session: Session, table: Table, keys: list[str], hashed: frozenset[str]
) -> Iterator[Row]:
    """Yield rows as the driver gives them: a damaged value must not stop the reading."""
    columns = [type_coerce(column, NullType()).label(column.name) for column in table.columns]
    order = [table.columns[name] for name in keys]
    result = session.connection().execute(
        select(*columns).order_by(*order), execution_options={"yield_per": ROWS_AT_ONCE}
    )
    for row in result.mappings():
        yield {name: digest_of(value) if name in hashed else value for name, value in row.items()}


def _ordered(value: object) -> tuple[int, Any]:
    """Return a key by which values of any type sort as the database sorts them."""
    if value is None:
        return 0, 0
    if isinstance(value, int | float):
        return 1, value
    if isinstance(value, str):
        return 2, value.encode("utf-8", "surrogateescape")
    return 3, value


def _short(value: object) -> str:
    # What is no UTF-8 was read with surrogates, which JSON cannot carry.
    text = shown(value).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)} characters)"
