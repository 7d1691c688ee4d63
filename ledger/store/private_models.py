"""Tables that the chain cannot give back: the outbox and the vault. Backup covers them."""

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from ledger.store.columns import ADDRESS_LENGTH, NAME_LENGTH, integer, reference, text

REQUEST_ID_LENGTH = 200
FIELD_LENGTH = 100


class OutboxSenderRow(SQLModel, table=True):
    """The next nonce of a key on a chain."""

    __tablename__ = "outbox_sender"
    chain_id: int = integer(primary_key=True)
    sender: str = text(ADDRESS_LENGTH, primary_key=True)
    next_nonce: int = integer()


class IntentRow(SQLModel, table=True):
    """One request to change the chain: ``ledger.core.intents.Intent``."""

    __tablename__ = "outbox_intent"
    __table_args__ = (
        UniqueConstraint("chain_id", "sender", "nonce"),
        Index("outbox_intent_state", "chain_id", "sender", "state"),
    )
    request_id: str = text(REQUEST_ID_LENGTH, primary_key=True)
    chain_id: int = integer()
    sender: str = text(ADDRESS_LENGTH)
    nonce: int = integer()
    to: str | None = text(ADDRESS_LENGTH, nullable=True)
    data: bytes
    gas: int = integer()
    state: str = text(NAME_LENGTH)
    tx_hash: bytes | None = None
    block_number: int | None = integer(nullable=True)
    block_hash: bytes | None = None
    succeeded: bool | None = None
    reason: str | None = None


class AttemptRow(SQLModel, table=True):
    """Signed bytes of an intent: ``ledger.core.intents.Attempt``."""

    __tablename__ = "outbox_attempt"
    __table_args__ = (
        UniqueConstraint("request_id", "number"),
        reference("request_id", "outbox_intent.request_id"),
    )
    tx_hash: bytes = Field(primary_key=True)
    request_id: str = text(REQUEST_ID_LENGTH)
    number: int = integer()
    raw: bytes
    max_fee_per_gas: int = integer()
    max_priority_fee_per_gas: int = integer()
    signed_at_block: int = integer()


class VaultSubjectRow(SQLModel, table=True):
    """A person or company: random id, keyed index of the identity, wrapped data key.

    ``key_version`` counts the subject's data keys, ``wrapped_by`` is the version of the
    key-encryption key.
    """

    __tablename__ = "vault_subject"
    subject: bytes = Field(primary_key=True)
    identity_index: bytes = Field(unique=True)
    key_version: int = integer()
    wrapped_by: int = integer()
    wrapped_key: bytes


class VaultFactRow(SQLModel, table=True):
    """One encrypted fact with its salt; ``root`` is the set that it was committed in."""

    __tablename__ = "vault_fact"
    __table_args__ = (reference("subject", "vault_subject.subject"),)
    root: bytes = Field(primary_key=True)
    field: str = text(FIELD_LENGTH, primary_key=True)
    subject: bytes
    key_version: int = integer()
    ciphertext: bytes
