"""``loanbook reconcile``: database against chain."""

from typing import Annotated

import typer

from ledger.commands.output import console, print_json, print_table, progress
from ledger.commands.present import show_findings
from ledger.commands.session import Book, ChainId, Db, Json, Rpc, database, deployed, node
from ledger.config import load_settings
from ledger.mirror import Mirror
from ledger.reconcile import Reconciliation, reconcile


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
        with progress("mirror") as step:
            Mirror(client, store, place).sync(step)
        with progress("reconcile") as step:
            result = reconcile(client, store, full=full, progress=step)
    if as_json:
        print_json(result.to_json())
    else:
        show_reconciliation(result)
    if not result.ok:
        raise typer.Exit(1)


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
