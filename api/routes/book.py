"""The book as a whole: heads, journal, trial balance, reconciliation."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api import present
from api.deps import Paging, Read, Snapshot
from api.schemas.base import Settlement
from api.schemas.book import (
    Book,
    Check,
    Finding,
    Journal,
    JournalEnd,
    Policy,
    Reconciliation,
    ReconciliationRun,
    SettlementOption,
    TrialBalance,
)
from api.totals import totals_of
from ledger.core.rules import Rules
from ledger.core.types import ZERO_ADDRESS
from ledger.errors import NotReady
from ledger.store.pages import ReconciliationView

router = APIRouter(tags=["book"])


@router.get("/book", response_model=Book)
def book(read: Read) -> Response:
    """Where the book lives, its limits, and its heads at the block."""
    return read.json(describe)


def describe(snapshot: Snapshot) -> Book:
    """Return the book at a snapshot."""
    place, standing, rules = snapshot.view.deployment(), snapshot.standing, snapshot.view.rules()
    if place is None:
        raise NotReady("no book is mirrored yet: run `loanbook mirror`")
    return Book(
        block=snapshot.block,
        chain_id=place.chain_id,
        address=place.book,
        registry=place.registry,
        deployed_block=place.block,
        genesis=place.genesis,
        loans=standing.loans,
        events=standing.events,
        paused=rules.paused,
        book_head=standing.book_head,
        registry_head=standing.registry_head,
        journal=JournalEnd(entries=standing.entries, root=standing.journal_root),
        policy=_policy(rules),
        settlements=_settlements(rules),
    )


def _policy(rules: Rules) -> Policy | None:
    policy = rules.policy
    if policy is None:
        return None
    return Policy(
        legal_annual_rate=policy.legal_annual_rate,
        max_penalty_rate=policy.max_penalty_rate,
        max_prepayment_fee_bps=policy.max_prepayment_fee_bps,
        max_attestation_lag=policy.max_attestation_lag,
    )


def _settlements(rules: Rules) -> list[SettlementOption]:
    return [
        SettlementOption(
            settlement=Settlement.BANK if option.token == ZERO_ADDRESS else Settlement.TOKEN,
            asset=None if option.token == ZERO_ADDRESS else option.token,
            currency=option.currency.decode("latin-1"),
            open=option.open,
        )
        for option in rules.settlements
    ]


@router.get("/journal", response_model=Journal)
def journal(read: Read, paging: Annotated[Paging, Query()]) -> Response:
    """Balanced entries in order, one for each event that moves value."""

    def build(snapshot: Snapshot) -> Journal:
        page = snapshot.view.journal(after=paging.after, limit=paging.limit)
        items = [present.journal_entry(entry) for entry in page.items]
        return Journal(block=snapshot.block, items=items, next=page.next)

    return read.json(build)


@router.get("/trial-balance", response_model=TrialBalance)
def trial_balance(read: Read) -> Response:
    """Every account that is not at zero, and totals by kind."""
    return read.json(balance)


def balance(snapshot: Snapshot) -> TrialBalance:
    """Return the trial balance at a snapshot."""
    accounts = snapshot.view.trial_balance()
    totals = totals_of(accounts)
    units = {total.unit for total in totals}
    sums = {unit: sum(t.debit - t.credit for t in totals if t.unit == unit) for unit in units}
    return TrialBalance(
        block=snapshot.block, accounts=accounts, totals=totals, balanced=not any(sums.values())
    )


@router.get("/reconciliation", response_model=Reconciliation)
def reconciliation(read: Read) -> Response:
    """Latest comparison of the book with the chain."""
    return read.json(compared, reconciled=True)


def compared(snapshot: Snapshot) -> Reconciliation:
    """Return the latest reconciliation at a snapshot."""
    run = snapshot.view.reconciliation()
    return Reconciliation(block=snapshot.block, latest=None if run is None else _run(run))


def _run(run: ReconciliationView) -> ReconciliationRun:
    return ReconciliationRun(
        number=run.block,
        hash=run.block_hash,
        full=run.full,
        ok=run.ok,
        findings=[Finding(**finding) for finding in run.result["findings"]],
        checks={name: Check(**check) for name, check in run.result["checks"].items()},
    )
