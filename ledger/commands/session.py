"""Which book a command means, which key sends, and how a block is printed."""

from ledger.chain.client import Client
from ledger.chain.signers import DevelopmentSigner, KeystoreSigner, Signer
from ledger.config import Settings
from ledger.core.types import Address, BlockRef
from ledger.deployments import described, mirrored, named
from ledger.errors import ConfigError
from ledger.store.pages import Deployment


def deployed(settings: Settings, client: Client) -> Deployment:
    """Return the book that is set: by its address, else by the chain's deployment file.

    Raises ``NoContract`` where there is none.
    """
    if settings.book is not None:
        return named(Address(settings.book), client)
    file = described(settings.deployments, client)
    client.require_contract(file.book.address, client.head())
    return mirrored(file)


def sender(settings: Settings, client: Client) -> Signer:
    """Return the key that sends: the keystore's, or a development chain's first account.

    Raises ``ConfigError`` and ``KeyFileError``.
    """
    if settings.keystore is not None:
        if settings.keystore_password is None:
            problem = "is needed for the keystore: set it, or LOANBOOK_KEYSTORE_PASSWORD_FILE"
            raise ConfigError("keystore_password", problem)
        password = settings.keystore_password.get_secret_value()
        return KeystoreSigner.load(settings.keystore, password)
    if not client.is_development:
        problem = f"chain {client.chain_id} is no development chain: set LOANBOOK_KEYSTORE"
        raise ConfigError("keystore", problem)
    return DevelopmentSigner(0, client.chain_id)


def block_json(block: BlockRef) -> dict[str, object]:
    """Return a block as every command prints it."""
    return {"number": block.number, "hash": "0x" + block.hash.hex()}
