"""``loanbook replay``: the whole book from the chain alone."""

from typing import Annotated

import typer

from ledger.commands.output import console, print_json, progress
from ledger.commands.present import show_findings, show_trial_balance
from ledger.commands.session import Book, ChainId, Json, Rpc, node
from ledger.config import Settings, load_settings
from ledger.core.types import Address
from ledger.errors import ConfigError
from ledger.replay import ReplayResult, replay


def replay_command(
    rpc: Rpc = None,
    book: Book = None,
    at: Annotated[
        int | None, typer.Option(min=0, metavar="BLOCK", help="Up to this block.")
    ] = None,
    chain_id: ChainId = None,
    as_json: Json = False,
) -> None:
    """Rebuild and check the whole book 重放 from a node, trusting no database.

    Exit code 1 says that something does not fit.
    """
    settings = load_settings(rpc_url=rpc, book=book, chain_id=chain_id)
    address = _address(settings)
    client = node(settings)
    with progress("replay") as step:
        result = replay(client, address, at, step)
    if as_json:
        print_json(result.to_json())
    else:
        show_replay(result)
    if not result.ok:
        raise typer.Exit(1)


def _address(settings: Settings) -> Address:
    if settings.book is None:
        # Not from a file: an auditor has to say which book, from a source that they trust.
        raise ConfigError("book", "the book's address is needed: --book ADDRESS or LOANBOOK_BOOK")
    return Address(settings.book)


def show_replay(result: ReplayResult) -> None:
    """Print what was rebuilt and what was found."""
    out = console()
    out.print(f"Chain {result.chain_id}, book {result.book}")
    out.print(f"Block {result.block.number} (0x{result.block.hash.hex()})")
    out.print(f"{result.loans:,} loans, {result.events:,} events, {result.entries:,} entries")
    out.print(f"Book head:    0x{result.book_head.hex()}")
    out.print(f"Journal root: 0x{result.journal_root.hex()}")
    show_trial_balance(result.trial_balance, {})
    show_findings(result.findings)
    out.print("ok" if result.ok else "NOT ok")
