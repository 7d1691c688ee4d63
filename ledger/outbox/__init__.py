"""The way out to the chain: every request has exactly one effect."""

from ledger.outbox.fees import FeePolicy
from ledger.outbox.outbox import Outbox
from ledger.outbox.port import OutboxStore, OutboxTransaction, Request

__all__ = ["FeePolicy", "Outbox", "OutboxStore", "OutboxTransaction", "Request"]
