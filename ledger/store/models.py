"""Tables that the mirror fills from the chain: drop them and it fills them again, bit for bit.

State tables keep one row a key and block while the block is provisional, so that a
reorganisation brings the row before back; ``current`` marks the newest.
"""

from sqlalchemy import Index
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

from ledger.store.columns import ADDRESS_LENGTH, NAME_LENGTH, amount, integer, reference, text


class DeploymentRow(SQLModel, table=True):
    """The one book that this database mirrors."""

    __tablename__ = "deployment"
    id: int = Field(primary_key=True)
    chain_id: int = integer()
    book_address: str = text(ADDRESS_LENGTH)
    registry_address: str = text(ADDRESS_LENGTH)
    deployed_block: int = integer()
    genesis: bytes


class CursorRow(SQLModel, table=True):
    """Up to which block the tables stand, and which block counts as final; one row."""

    __tablename__ = "mirror_cursor"
    id: int = Field(primary_key=True)
    block_number: int = integer()
    final_number: int = integer()
    events: int = integer()


class BlockRow(SQLModel, table=True):
    """Blocks that hold our logs, every provisional block, and the cursor's."""

    __tablename__ = "block"
    number: int = integer(primary_key=True)
    hash: bytes
    parent_hash: bytes
    timestamp: int = integer()


class LogRow(SQLModel, table=True):
    """One raw log of the book or the registry; ``head`` is its hash chain after it."""

    __tablename__ = "log"
    __table_args__ = (
        reference("block_number", "block.number"),
        Index("log_loan", "loan_id", "seq", unique=True),
    )
    block_number: int = integer(primary_key=True)
    log_index: int = integer(primary_key=True)
    tx_hash: bytes
    tx_index: int = integer()
    address: str = text(ADDRESS_LENGTH)
    topics: bytes
    data: bytes
    event: str = text(NAME_LENGTH)
    loan_id: bytes | None = None
    seq: int = integer()
    head: bytes


class LoanStateRow(SQLModel, table=True):
    """A loan after a block; ``ordinal`` counts loans from 1 in the order of opening."""

    __tablename__ = "loan_state"
    __table_args__ = (
        Index(
            "loan_state_current",
            "ordinal",
            sqlite_where=sql("current"),
            unique=True,
            postgresql_where=sql("current"),
        ),
        Index(
            "loan_state_status",
            "status",
            "ordinal",
            sqlite_where=sql("current"),
            postgresql_where=sql("current"),
        ),
        Index(
            "loan_state_borrower",
            "borrower",
            "ordinal",
            sqlite_where=sql("current"),
            postgresql_where=sql("current"),
        ),
        Index(
            "loan_state_product",
            "product",
            "ordinal",
            sqlite_where=sql("current"),
            postgresql_where=sql("current"),
        ),
        Index(
            "loan_state_old",
            "loan_id",
            "block_number",
            sqlite_where=sql("NOT current"),
            postgresql_where=sql("NOT current"),
        ),
        Index("loan_state_block", "block_number"),
    )
    loan_id: bytes = Field(primary_key=True)
    block_number: int = integer(primary_key=True)
    current: bool
    ordinal: int = integer()
    status: int = integer()
    borrower: str = text(ADDRESS_LENGTH)
    product: bytes
    state: bytes


class PartyStateRow(SQLModel, table=True):
    """A registered wallet after a block."""

    __tablename__ = "party_state"
    __table_args__ = (Index("party_state_block", "block_number"),)
    wallet: str = text(ADDRESS_LENGTH, primary_key=True)
    block_number: int = integer(primary_key=True)
    current: bool
    state: bytes


class SubjectStateRow(SQLModel, table=True):
    """The hash chain over a subject's loans after a block."""

    __tablename__ = "subject_state"
    __table_args__ = (Index("subject_state_block", "block_number"),)
    subject: bytes = Field(primary_key=True)
    block_number: int = integer(primary_key=True)
    current: bool
    state: bytes


class BookStateRow(SQLModel, table=True):
    """What the book has once, after a block: its ``rules`` and the ``journal``'s tail."""

    __tablename__ = "book_state"
    part: str = text(NAME_LENGTH, primary_key=True)
    block_number: int = integer(primary_key=True)
    current: bool
    state: bytes


class LoanHolderRow(SQLModel, table=True):
    """That a wallet ever held notes of a loan."""

    __tablename__ = "loan_holder"
    __table_args__ = (Index("loan_holder_block", "block_number"),)
    holder: str = text(ADDRESS_LENGTH, primary_key=True)
    ordinal: int = integer(primary_key=True)
    loan_id: bytes
    block_number: int = integer()


class EntryRow(SQLModel, table=True):
    """One balanced journal entry; ``number`` counts from 0."""

    __tablename__ = "journal_entry"
    __table_args__ = (
        reference("block_number", "block.number"),
        Index("journal_entry_log", "block_number", "log_index", unique=True),
        Index("journal_entry_loan", "loan_id", "number"),
    )
    number: int = integer(primary_key=True)
    block_number: int = integer()
    log_index: int = integer()
    loan_id: bytes | None = None
    seq: int = integer()
    event: str = text(NAME_LENGTH)
    effective: int = integer()
    unit: str = text(ADDRESS_LENGTH)
    holder: str | None = text(ADDRESS_LENGTH, nullable=True)
    previous: bytes
    hash: bytes


class LineRow(SQLModel, table=True):
    """One line of an entry: debit above zero, credit below."""

    __tablename__ = "journal_line"
    __table_args__ = (reference("entry", "journal_entry.number"),)
    entry: int = integer(primary_key=True)
    position: int = integer(primary_key=True)
    account: str = text(200)
    amount: int = amount()


class BalanceRow(SQLModel, table=True):
    """Balance of an account; accounts at zero have no row."""

    __tablename__ = "account_balance"
    account: str = text(200, primary_key=True)
    balance: int = amount()


class ReconciliationRow(SQLModel, table=True):
    """The result of one reconciliation, as ``reconcile --json`` prints it.

    ``journal`` is the journal's end that it proved: where the next one goes on.
    """

    __tablename__ = "reconciliation"
    id: int | None = Field(default=None, primary_key=True)
    block_number: int = integer()
    block_hash: bytes
    full: bool
    ok: bool
    journal: bytes
    result: str
