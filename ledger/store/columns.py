"""Column types and shapes that SQLite and PostgreSQL hold alike."""

from typing import Any

from sqlalchemy import BigInteger, Dialect, ForeignKeyConstraint, String, TypeDecorator
from sqlmodel import Field

from ledger.errors import StoreError

AMOUNT_DIGITS = 80
ADDRESS_LENGTH = 42
NAME_LENGTH = 32


class Amount(TypeDecorator[int]):
    """An exact signed integer of any width up to 256 bits, as its shortest decimal text.

    Text, because neither database has an integer that wide. Text that is not the shortest form
    of an integer was not written by Loanbook: reading it raises ``StoreError``.
    """

    impl = String(AMOUNT_DIGITS)
    cache_ok = True

    def process_bind_param(self, value: int | None, _dialect: Dialect) -> str | None:
        """Return the text to store."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> int | None:
        """Return the stored integer."""
        if value is None:
            return None
        try:
            amount = int(value)
        except (ValueError, TypeError):
            amount = None
        if amount is None or str(amount) != value:
            raise StoreError(f"stored amount {value!r} is no integer: run reconcile --full")
        return amount


def integer(*, primary_key: bool = False, nullable: bool = False) -> Any:
    """Return a 64-bit integer column."""
    return Field(sa_type=BigInteger, primary_key=primary_key, nullable=nullable)


def amount() -> Any:
    """Return a column for an exact amount."""
    return Field(sa_type=Amount)


def text(length: int, *, primary_key: bool = False, nullable: bool = False) -> Any:
    """Return a column for text of at most ``length`` characters."""
    return Field(max_length=length, primary_key=primary_key, nullable=nullable)


def reference(column: str, target: str) -> ForeignKeyConstraint:
    """Return a foreign key from ``column`` to ``target`` ("table.column")."""
    return ForeignKeyConstraint([column], [target])
