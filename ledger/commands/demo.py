"""``loanbook demo``: the main job, on the embedded chain or on a development node."""

import secrets
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Annotated

import typer

from ledger.chain.deploy import write_deployment
from ledger.chain.embedded import embedded_client
from ledger.commands.databases import database_or_temporary
from ledger.commands.flags import ChainId, Db, Json, Rpc
from ledger.commands.node import node
from ledger.commands.output import console, money, print_json, print_table, progress, say
from ledger.commands.present import short, show_findings, show_trial_balance
from ledger.commands.serve import LOCAL, USUAL_PORT, Host, Port, listening, serve
from ledger.commands.tape import ProfileName, read_file
from ledger.config import load_settings
from ledger.demo.portfolio import STORIES, Role, portfolio
from ledger.demo.result import Conclusion, LoanOutcome, examine
from ledger.demo.scenario import MOST_LOANS, play
from ledger.demo.stage import CURRENCY
from ledger.deployments import mirrored
from ledger.errors import RowError
from ledger.staff import DECIMALS, LEGAL_ANNUAL_RATE, RATE_SCALE
from ledger.store import Store
from ledger.store.vault import KEY_BYTES, Vault, VaultKeys

GENESIS = 1_767_571_200
"""2026-01-05 00:00 UTC: with a time of its own the embedded chain is the same in every run."""

TAPE_LOANS = 6
"""Loans that are taken from a tape when nobody says how many."""

_COLUMNS = (
    "Loan\n借款",
    "What happened\n经过",
    "Mode\n结算",
    ">Principal\n本金",
    ">Outstanding\n借贷余额",
    ">Paid\n已还",
    ">Penalty\n罚息",
    ">DPD\n逾期天数",
    "Status\n状态",
    ">Holders\n持有人",
)


def demo_command(
    rpc: Rpc = None,
    db: Db = None,
    chain_id: ChainId = None,
    loans: Annotated[
        int | None,
        typer.Option(
            min=1, max=MOST_LOANS, help="How many; without it each story once, six of a tape."
        ),
    ] = None,
    tape: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Take loans beyond the stories from it.")
    ] = None,
    profile: Annotated[ProfileName, typer.Option(help="Whose columns the tape has.")] = (
        ProfileName.LENDINGCLUB
    ),
    seed: Annotated[int, typer.Option(help="Decides what the stories leave open.")] = 1,
    serve_after: Annotated[
        bool, typer.Option("--serve", help="Then serve the API and the page.")
    ] = False,
    host: Host = LOCAL,
    port: Port = USUAL_PORT,
    as_json: Json = False,
) -> None:
    """Live through a portfolio of loans, then mirror, reconcile and replay it.

    First each story once, then loans of a tape, then usual ones by chance. Without --rpc it runs
    on a chain inside this process, without a database setting in one that is removed at the
    end. Exit code 1 says that chain, books and replay disagree.
    """
    settings = load_settings(rpc_url=rpc, database_url=db, chain_id=chain_id)
    random = Random(seed)
    roles = _roles(random, loans, tape, profile)
    with ExitStack() as held:
        listener = held.enter_context(listening(host, port)) if serve_after else None
        client = node(settings) if settings.rpc_url else embedded_client(genesis_time=GENESIS)
        store = held.enter_context(database_or_temporary(settings))
        with progress("demo, days") as step:
            played = play(client, store, _vault(store, random), random, roles, step)
        if settings.rpc_url:
            say(f"Written: {write_deployment(played.deployment, settings.deployments)}")
        conclusion = examine(client, store, played, progress)
        if as_json:
            print_json({"seed": seed, **conclusion.to_json()})
        else:
            show(conclusion)
        if listener:
            serve(client, store, mirrored(played.deployment), listener)
    if not conclusion.ok:
        raise typer.Exit(1)


def _roles(
    random: Random, loans: int | None, tape: Path | None, profile: ProfileName
) -> list[Role]:
    """Return what is played; a row of the tape that cannot be is named and left out."""
    wanted = (len(STORIES) + (TAPE_LOANS if tape else 0)) if loans is None else loans
    good = []
    for item in read_file(tape, profile, wanted) if tape else []:
        if isinstance(item, RowError):
            say(f"left out: {item}")
        elif item.schedule.terms.annual_rate * RATE_SCALE > LEGAL_ANNUAL_RATE:
            say(f"left out: row {item.row}: its rate is over the book's legal cap")
        else:
            good.append(item)
    return portfolio(random, wanted, good)


def _vault(store: Store, random: Random) -> Vault:
    """Return a vault under keys that end with the demo: its people are invented."""
    keys = VaultKeys({1: secrets.token_bytes(KEY_BYTES)}, secrets.token_bytes(KEY_BYTES))
    return Vault(store.sessions, keys, draw=random.randbytes)


def show(conclusion: Conclusion) -> None:
    """Print what happened to every loan, the trial balance, and who agrees."""
    rows = [_row(loan) for loan in conclusion.loans]
    print_table(f"{len(rows)} loans, amounts in {CURRENCY}", _COLUMNS, rows)
    names: dict[str, str] = {
        token.address: f"c{currency}"
        for currency, token in conclusion.played.deployment.tokens.items()
    }
    show_trial_balance(conclusion.trial_balance, names, DECIMALS)
    checks = ", ".join(
        f"{name} {check.checked}" for name, check in conclusion.reconciliation.checks.items()
    )
    books, replayed = conclusion.standing, conclusion.replayed
    block = books.block
    out = console()
    out.print(f"Chain {replayed.chain_id}, book {replayed.book}")
    out.print(f"Block {block.number} (0x{block.hash.hex()})")
    out.print(
        f"{conclusion.played.transactions:,} transactions, {books.events:,} events, "
        f"{books.entries:,} journal entries 日记账分录"
    )
    out.print(f"Book head     chain  0x{conclusion.chain_head.hex()}")
    out.print(f"              books  0x{books.book_head.hex()}")
    out.print(f"              replay 0x{replayed.book_head.hex()}")
    out.print(f"Journal root  books  0x{books.journal_root.hex()}")
    out.print(f"              replay 0x{replayed.journal_root.hex()}")
    out.print(f"Reconciled 对账: {checks}")
    show_findings(conclusion.findings)
    agreed = "chain = books = replay" if conclusion.ok else "chain, books and replay DISAGREE"
    out.print(agreed, style="bold")


def _row(loan: LoanOutcome) -> tuple[object, ...]:
    return (
        short(loan.loan_id),
        loan.story,
        "bank" if loan.bank else "token",
        money(loan.principal),
        money(loan.outstanding),
        money(loan.paid),
        money(loan.penalty),
        loan.dpd,
        loan.status,
        loan.holders,
    )
