"""The node that is set; loads what the chain needs, and nothing of the database."""

from ledger.chain.client import Client, connect
from ledger.config import Settings
from ledger.errors import ConfigError


def node(settings: Settings) -> Client:
    """Return a client of the node that is set. Raises ``ConfigError`` where none is."""
    if settings.rpc_url is None:
        raise ConfigError(
            "rpc_url",
            "no node is given: use --rpc URL or LOANBOOK_RPC_URL; the embedded chain lives only "
            "inside demo and serve",
        )
    return connect(
        settings.rpc_url,
        chain_id=settings.chain_id,
        finality=settings.finality,
        timeout=settings.rpc_timeout,
    )
