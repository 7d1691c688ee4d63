"""``loanbook mirror``: the chain's events into the database."""

import signal
import threading
from typing import Annotated

import typer

from ledger.commands.databases import database
from ledger.commands.flags import Book, ChainId, Db, Json, Rpc
from ledger.commands.node import node
from ledger.commands.output import console, print_json, progress, say
from ledger.commands.session import block_json, deployed
from ledger.config import load_settings
from ledger.errors import ConfigError
from ledger.mirror import Mirror, SyncResult
from ledger.store import Store


def mirror_command(
    rpc: Rpc = None,
    db: Db = None,
    book: Book = None,
    chain_id: ChainId = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until interrupted.")] = False,
    as_json: Json = False,
) -> None:
    """Bring the chain's events into the database 镜像, and keep the journal 日记账 from them."""
    if follow and as_json:
        raise ConfigError("--follow", "prints no end, so it cannot go with --json")
    settings = load_settings(rpc_url=rpc, database_url=db, book=book, chain_id=chain_id)
    client = node(settings)
    place = deployed(settings, client)
    with database(settings) as store:
        mirror = Mirror(client, store, place)
        with progress("mirror") as step:
            result = mirror.sync(step)
        if as_json:
            print_json(_to_json(store, result))
        else:
            _show(store, result)
        if follow:
            _follow(mirror)


def _follow(mirror: Mirror) -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())

    def tell(result: SyncResult) -> None:
        if result.blocks or result.removed:
            say(f"block {result.block.number}: {result.events} events, {result.removed} removed")

    mirror.follow(stop, on_sync=tell, on_retry=lambda error: say(f"{error}; trying again"))


def _to_json(store: Store, result: SyncResult) -> dict[str, object]:
    with store.read() as view:
        standing = view.standing()
    assert standing is not None
    return {
        "block": block_json(result.block),
        "blocks": result.blocks,
        "events": result.events,
        "removed": result.removed,
        "loans": standing.loans,
        "book_head": "0x" + standing.book_head.hex(),
        "journal": {"entries": standing.entries, "root": "0x" + standing.journal_root.hex()},
    }


def _show(store: Store, result: SyncResult) -> None:
    with store.read() as view:
        standing = view.standing()
    assert standing is not None
    out = console()
    out.print(f"Block {result.block.number} (0x{result.block.hash.hex()})")
    out.print(f"New: {result.blocks:,} blocks, {result.events:,} events, {result.removed} removed")
    out.print(f"Book: {standing.loans:,} loans, {standing.entries:,} journal entries 日记账分录")
    out.print(f"Journal root: 0x{standing.journal_root.hex()}")
