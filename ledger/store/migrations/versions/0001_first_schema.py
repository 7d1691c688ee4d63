"""First schema: mirrored tables, journal, outbox and vault."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
    _create_chain()
    _create_loan_states()
    _create_other_states()
    _create_journal()
    _create_outbox()
    _create_vault()


def _create_chain() -> None:
    op.create_table(
        "deployment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("book_address", sa.String(length=42), nullable=False),
        sa.Column("registry_address", sa.String(length=42), nullable=False),
        sa.Column("deployed_block", sa.BigInteger(), nullable=False),
        sa.Column("genesis", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "mirror_cursor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("final_number", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "block",
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("parent_hash", sa.LargeBinary(), nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "log",
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.Column("tx_hash", sa.LargeBinary(), nullable=False),
        sa.Column("tx_index", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(length=42), nullable=False),
        sa.Column("topics", sa.LargeBinary(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("event", sa.String(length=32), nullable=False),
        sa.Column("loan_id", sa.LargeBinary(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["block_number"],
            ["block.number"],
        ),
        sa.PrimaryKeyConstraint("block_number", "log_index"),
    )
    op.create_index("log_loan", "log", ["loan_id", "seq"], unique=True)


def _create_loan_states() -> None:
    op.create_table(
        "loan_state",
        sa.Column("loan_id", sa.LargeBinary(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=False),
        sa.Column("borrower", sa.String(length=42), nullable=False),
        sa.Column("product", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("loan_id", "block_number"),
    )
    op.create_index("loan_state_block", "loan_state", ["block_number"], unique=False)
    op.create_index(
        "loan_state_borrower",
        "loan_state",
        ["borrower", "ordinal"],
        unique=False,
        sqlite_where=sa.text("current"),
        postgresql_where=sa.text("current"),
    )
    op.create_index(
        "loan_state_current",
        "loan_state",
        ["ordinal"],
        unique=True,
        sqlite_where=sa.text("current"),
        postgresql_where=sa.text("current"),
    )
    op.create_index(
        "loan_state_old",
        "loan_state",
        ["loan_id", "block_number"],
        unique=False,
        sqlite_where=sa.text("NOT current"),
        postgresql_where=sa.text("NOT current"),
    )
    op.create_index(
        "loan_state_product",
        "loan_state",
        ["product", "ordinal"],
        unique=False,
        sqlite_where=sa.text("current"),
        postgresql_where=sa.text("current"),
    )
    op.create_index(
        "loan_state_status",
        "loan_state",
        ["status", "ordinal"],
        unique=False,
        sqlite_where=sa.text("current"),
        postgresql_where=sa.text("current"),
    )


def _create_other_states() -> None:
    op.create_table(
        "party_state",
        sa.Column("wallet", sa.String(length=42), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("wallet", "block_number"),
    )
    op.create_index("party_state_block", "party_state", ["block_number"], unique=False)
    op.create_table(
        "subject_state",
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "block_number"),
    )
    op.create_index("subject_state_block", "subject_state", ["block_number"], unique=False)
    op.create_table(
        "book_state",
        sa.Column("part", sa.String(length=32), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("part", "block_number"),
    )
    op.create_table(
        "loan_holder",
        sa.Column("holder", sa.String(length=42), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("loan_id", sa.LargeBinary(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("holder", "ordinal"),
    )
    op.create_index("loan_holder_block", "loan_holder", ["block_number"], unique=False)


def _create_journal() -> None:
    op.create_table(
        "journal_entry",
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.Column("loan_id", sa.LargeBinary(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.String(length=32), nullable=False),
        sa.Column("effective", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(length=42), nullable=False),
        sa.Column("holder", sa.String(length=42), nullable=True),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["block_number"],
            ["block.number"],
        ),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("journal_entry_loan", "journal_entry", ["loan_id", "number"], unique=False)
    op.create_index(
        "journal_entry_log", "journal_entry", ["block_number", "log_index"], unique=True
    )
    op.create_table(
        "journal_line",
        sa.Column("entry", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.String(length=200), nullable=False),
        sa.Column("amount", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry"],
            ["journal_entry.number"],
        ),
        sa.PrimaryKeyConstraint("entry", "position"),
    )
    op.create_table(
        "account_balance",
        sa.Column("account", sa.String(length=200), nullable=False),
        sa.Column("balance", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "reconciliation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("block_hash", sa.LargeBinary(), nullable=False),
        sa.Column("full", sa.Boolean(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("journal", sa.LargeBinary(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _create_outbox() -> None:
    op.create_table(
        "outbox_sender",
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.String(length=42), nullable=False),
        sa.Column("next_nonce", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "sender"),
    )
    op.create_table(
        "outbox_intent",
        sa.Column("request_id", sa.String(length=200), nullable=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.String(length=42), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("to", sa.String(length=42), nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("gas", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("tx_hash", sa.LargeBinary(), nullable=True),
        sa.Column("block_number", sa.BigInteger(), nullable=True),
        sa.Column("block_hash", sa.LargeBinary(), nullable=True),
        sa.Column("succeeded", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("request_id"),
        sa.UniqueConstraint("chain_id", "sender", "nonce"),
    )
    op.create_index(
        "outbox_intent_state", "outbox_intent", ["chain_id", "sender", "state"], unique=False
    )
    op.create_table(
        "outbox_attempt",
        sa.Column("tx_hash", sa.LargeBinary(), nullable=False),
        sa.Column("request_id", sa.String(length=200), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("max_fee_per_gas", sa.BigInteger(), nullable=False),
        sa.Column("max_priority_fee_per_gas", sa.BigInteger(), nullable=False),
        sa.Column("signed_at_block", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["outbox_intent.request_id"],
        ),
        sa.PrimaryKeyConstraint("tx_hash"),
        sa.UniqueConstraint("request_id", "number"),
    )


def _create_vault() -> None:
    op.create_table(
        "vault_subject",
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("identity_index", sa.LargeBinary(), nullable=False),
        sa.Column("key_version", sa.BigInteger(), nullable=False),
        sa.Column("wrapped_by", sa.BigInteger(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("subject"),
        sa.UniqueConstraint("identity_index"),
    )
    op.create_table(
        "vault_fact",
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("field", sa.String(length=100), nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("key_version", sa.BigInteger(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subject"],
            ["vault_subject.subject"],
        ),
        sa.PrimaryKeyConstraint("root", "field"),
    )
