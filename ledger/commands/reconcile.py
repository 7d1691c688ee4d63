"""``loanbook reconcile``: database against chain."""

from typing import Annotated

import typer

from ledger.chain.client import Client
from ledger.commands.databases import database
from ledger.commands.flags import Book, ChainId, Db, Json, Rpc
from ledger.commands.node import node
from ledger.commands.output import console, print_json, print_table, progress
from ledger.commands.present import show_findings
from ledger.commands.session import deployed
from ledger.config import load_settings
from ledger.errors import BookError, CodecError, LoanbookError, MirrorError, OtherBook, StoreError
from ledger.mirror import Mirror
from ledger.reconcile import Reconciliation, reconcile
from ledger.store import Store
from ledger.store.pages import Deployment


def reconcile_command(
    rpc: Rpc = None,
    db: Db = None,
    book: Book = None,
    chain_id: ChainId = None,
    full: Annotated[bool, typer.Option("--full", help="Check everything again.")] = False,
    as_json: Json = False,
) -> None:
    """Mirror, then compare books and chain 对账.

    Without --full it checks what is new and the loans that it touched. Exit code 1 says that
    something does not fit.
    """
    settings = load_settings(rpc_url=rpc, database_url=db, book=book, chain_id=chain_id)
    client = node(settings)
    place = deployed(settings, client)
    with database(settings) as store:
        stopped = _mirror(client, store, place)
        with progress("reconcile") as step:
            result = reconcile(client, store, full=full, mirror_error=stopped, progress=step)
    if as_json:
        print_json(result.to_json())
    else:
        show_reconciliation(result)
    if not result.ok:
        raise typer.Exit(1)


def _mirror(client: Client, store: Store, place: Deployment) -> LoanbookError | None:
    """Mirror; return the error of a database that no longer fits its own book's chain."""
    try:
        with progress("mirror") as step:
            Mirror(client, store, place).sync(step)
    except (MirrorError, BookError, CodecError, StoreError) as error:
        if error.retry or (isinstance(error, OtherBook) and not _binding_altered(store, place)):
            raise
        return error
    return None


def _binding_altered(store: Store, place: Deployment) -> bool:
    """Whether the database names the book that is asked for, but not as it is."""
    with store.read() as view:
        stored = view.deployment()
    if stored is None or stored == place:
        return False
    return (stored.chain_id, stored.book) == (place.chain_id, place.book)


def show_reconciliation(result: Reconciliation) -> None:
    """Print each check with how much it covered, and what was found."""
    rows = [
        (name, "ok" if check.ok else "NOT ok", check.checked, check.through_block)
        for name, check in result.checks.items()
    ]
    columns = ("Check", "Result", ">Checked", ">Through block")
    print_table(f"Reconciliation 对账 at block {result.block.number}", columns, rows)
    show_findings(result.findings)
    console().print("ok" if result.ok else "NOT ok")
