"""What commands have in common: their flags, the settings, the node, the book, the database."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from ledger.chain.client import Client, connect
from ledger.chain.signers import DevelopmentSigner, KeystoreSigner, Signer
from ledger.config import Settings
from ledger.core.types import Address, BlockRef
from ledger.deployments import described, mirrored, named
from ledger.errors import ConfigError
from ledger.store import Store, open_store
from ledger.store.engine import read_url
from ledger.store.pages import Deployment

Rpc: TypeAlias = Annotated[
    str | None, typer.Option("--rpc", metavar="URL", help="JSON-RPC of the node.")
]
Db: TypeAlias = Annotated[
    str | None, typer.Option("--db", metavar="URL", help="Database, such as sqlite:///FILE.")
]
Book: TypeAlias = Annotated[
    str | None, typer.Option("--book", metavar="ADDRESS", help="The LoanBook contract.")
]
ChainId: TypeAlias = Annotated[
    int | None, typer.Option("--chain-id", help="Refuse a node that is on another chain.")
]
Json: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON document and nothing else.")
]


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


@contextmanager
def database(settings: Settings) -> Iterator[Store]:
    """Open the database that is set and close it at the end."""
    with open_store(settings.database_url) as store:
        yield store


@contextmanager
def existing_database(settings: Settings) -> Iterator[Store]:
    """Open the database that is set for reading only what is there already.

    Raises ``ConfigError`` where there is none: opening it would make an empty one.
    """
    url = read_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        problem = f"there is no database {url.database}: run `loanbook mirror` first, or use --db"
        raise ConfigError("database_url", problem)
    with open_store(settings.database_url) as store:
        yield store


@contextmanager
def database_or_temporary(settings: Settings) -> Iterator[Store]:
    """Open the database that is set, else one that ends with the command."""
    if "database_url" in settings.model_fields_set:
        with open_store(settings.database_url) as store:
            yield store
        return
    with (
        tempfile.TemporaryDirectory(prefix="loanbook-") as folder,
        open_store(f"sqlite:///{Path(folder) / 'loanbook.db'}") as store,
    ):
        yield store


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
