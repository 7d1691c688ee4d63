"""What all answers share."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from api.units import Hash, Time


class Model(BaseModel):
    """Base of all answers: immutable, nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Block(Model):
    """The block that an answer stands on."""

    number: int
    hash: Hash
    time: Time
    final: bool = Field(description="No reorganisation can take this block back.")


class BlockOf(Model):
    """The block in which something happened."""

    number: int
    hash: Hash
    time: Time


class Answer(Model):
    """What every answer carries."""

    block: Block = Field(description="The block that this answer stands on.")


class Settlement(StrEnum):
    """Where money moves: at the custodian bank, or as tokens in the same transaction."""

    BANK = "bank"
    TOKEN = "token"
