"""``loanbook tape import``: real loans from a tape onto a development chain."""

from collections import Counter
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from ledger.commands.databases import database
from ledger.commands.flags import ChainId, Db, Json, Rpc
from ledger.commands.node import node
from ledger.commands.output import console, money, print_json, print_table, progress
from ledger.commands.present import show_findings
from ledger.config import load_settings
from ledger.deployments import described
from ledger.errors import InputError, RowError
from ledger.importing import Imported, TapeImport
from ledger.reconcile import Reconciliation, reconcile
from ledger.senders import Senders
from ledger.store import Store
from ledger.tape import TapeLoan, read_tape

MOST_SHOWN = 20
"""Refused rows in the table; ``--json`` has them all."""


app = typer.Typer(
    name="tape", add_completion=False, no_args_is_help=True, rich_markup_mode="markdown"
)


@app.callback()
def options() -> None:
    """Read loan tapes 借款清单."""


class ProfileName(StrEnum):
    """Whose columns the tape has."""

    LENDINGCLUB = "lendingclub"
    PROSPER = "prosper"
    GENERIC = "generic"


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The tape: CSV with a header.")],
    profile: Annotated[ProfileName, typer.Option(help="Whose columns it has.")],
    rpc: Rpc = None,
    db: Db = None,
    chain_id: ChainId = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Read so many rows only.")] = None,
    currency: Annotated[
        str, typer.Option(metavar="CODE", help="Deposit token that the loans are settled in.")
    ] = "USD",
    as_json: Json = False,
) -> None:
    """Open, fund and disburse the loans of a tape 借款清单 on a development chain.

    Loans are dated to the chain's current day and shared by several lenders. Bad rows are named
    and the import goes on; exit code 1 says that some were refused. Run it again after an
    interruption: what is on the chain already is left alone.
    """
    settings = load_settings(rpc_url=rpc, database_url=db, chain_id=chain_id)
    items = read_file(file, profile, limit)
    client = node(settings)
    deployment = described(settings.deployments, client)
    client.require_contract(deployment.book.address, client.head())
    with database(settings) as store, Senders(client, store.outbox) as senders:
        tape = TapeImport(client, store, senders, deployment, profile.value, currency)
        with progress("tape import, rows") as step:
            imported = tape.run(items, step)
        with progress("reconcile") as step:
            reconciled = reconcile(client, store, progress=step)
        if as_json:
            print_json(_to_json(store, imported, reconciled, currency))
        else:
            _show(imported, reconciled, currency)
    if imported.refused or not reconciled.ok:
        raise typer.Exit(1)


def read_file(file: Path, profile: ProfileName, limit: int | None) -> list[TapeLoan | RowError]:
    """Return the rows of the tape, the bad ones as errors."""
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            return list(islice(read_tape(lines, profile.value), limit))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"tape {file} cannot be read as UTF-8 text: {error}") from error


def _to_json(
    store: Store, imported: Imported, reconciled: Reconciliation, currency: str
) -> dict[str, object]:
    with store.read() as view:
        standing = view.standing()
    assert standing is not None
    return {
        "rows": imported.rows,
        "opened": ["0x" + loan_id.hex() for loan_id in imported.opened],
        "already": imported.already,
        "refused": [
            {"row": error.row, "field": error.field, "problem": error.problem}
            for error in imported.refused
        ],
        "instalments": {"as_quoted": imported.agree, "different": imported.differ},
        "currency": currency,
        "principal": str(imported.principal),
        "block": {"number": standing.block.number, "hash": "0x" + standing.block.hash.hex()},
        "journal": {"entries": standing.entries, "root": "0x" + standing.journal_root.hex()},
        "reconcile": reconciled.to_json(),
        "ok": reconciled.ok and not imported.refused,
    }


def _show(imported: Imported, reconciled: Reconciliation, currency: str) -> None:
    out = console()
    total = f"{money(imported.principal)} {currency}"
    out.print(f"Rows: {imported.rows:,}, of which on the chain before: {imported.already:,}")
    out.print(f"Opened, funded, disbursed: {len(imported.opened):,} loans 借款 over {total}")
    out.print("Each is dated to the chain's current day, not to that of the tape.")
    out.print(f"First instalment as quoted: {imported.agree:,}, different: {imported.differ:,}")
    out.print(f"Refused: {len(imported.refused):,}")
    if imported.refused:
        shown = [(item.row, item.field, item.problem) for item in imported.refused[:MOST_SHOWN]]
        print_table("Refused rows", (">Line", "Field", "Why"), shown)
        reasons = Counter(item.field for item in imported.refused)
        out.print("By field: " + ", ".join(f"{name} {n}" for name, n in reasons.most_common()))
    checks = ", ".join(f"{name} {check.checked}" for name, check in reconciled.checks.items())
    out.print(f"Reconciled 对账 at block {reconciled.block.number}: {checks}")
    show_findings(reconciled.findings)
