"""Which book is meant: by its address on the chain, or by the chain's deployment file."""

from pathlib import Path

from ledger.chain.client import Client
from ledger.chain.deploy import Deployment as DeploymentFile
from ledger.chain.deploy import read_deployment
from ledger.chain.discovery import find_book
from ledger.core.types import Address
from ledger.store.pages import Deployment


def described(folder: Path, client: Client) -> DeploymentFile:
    """Return what the chain's file says. Raises ``InputError`` where there is none."""
    return read_deployment(folder / f"{client.chain_id}.json")


def named(book: Address, client: Client) -> Deployment:
    """Return the book at an address, as the mirror names it.

    Raises ``NoContract`` and ``NotABook``.
    """
    found = find_book(client, book, client.head())
    genesis = client.block(0).hash
    return Deployment(client.chain_id, found.book, found.registry, found.first_block, genesis)


def mirrored(file: DeploymentFile) -> Deployment:
    """Return the book of a deployment file, as the mirror names it."""
    return Deployment(
        file.chain_id,
        file.book.address,
        file.registry.address,
        file.first_block,
        bytes.fromhex(file.genesis.removeprefix("0x")),
    )
