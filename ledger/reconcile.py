"""Reconcile: the database against the chain, at the block on which the database stands.

A run without ``full`` costs what is new since the last run without an error, and what is still
open; a full run rebuilds the book from the chain and compares every row. After a full run that
found an error every run is a full one until one finds none.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeAlias

import orjson
from sqlmodel import Session

from ledger.chain.client import Client
from ledger.chain.discovery import FoundBook, find_book
from ledger.chain.state import ContractState
from ledger.core.book import Book, apply
from ledger.core.checks import CHECKS, Outcome, Run, completeness
from ledger.core.findings import Finding, Severity, shown
from ledger.core.journal import Tail
from ledger.core.journal_checks import check_journal
from ledger.core.reconciliation import CheckResult, Reconciliation
from ledger.core.types import BlockRef
from ledger.errors import (
    BookError,
    CodecError,
    DecodeError,
    LoanbookError,
    ProofError,
    StoreError,
)
from ledger.replay import Progress, read_logs, refusal
from ledger.store import Store
from ledger.store.examine import Touched, rehashed, save_result, stored_entries
from ledger.store.expected import ExpectedTables
from ledger.store.pages import Deployment
from ledger.store.read import ReadView
from ledger.store.rows import JOURNAL, ONLY_ROW
from ledger.store.standing import Baseline, cursor_block, earlier_runs, newest_block
from ledger.store.stored_book import read_part
from ledger.store.tables import read_cursor, read_deployment

__all__ = ["CheckResult", "Reconciliation", "reconcile"]

_Outcomes: TypeAlias = dict[str, Outcome]

NOTHING_YET = "nothing is mirrored yet: run `loanbook mirror` first"


def reconcile(
    client: Client,
    store: Store,
    *,
    full: bool = False,
    mirror_error: LoanbookError | None = None,
    progress: Progress | None = None,
) -> Reconciliation:
    """Compare the database with the chain, store the result and return it.

    ``mirror_error`` is why the mirror could not bring the database to the head: a finding.
    Raises ``StoreError`` for a database that mirrors nothing yet, ``BlockUnknown`` for a node
    that lags behind the database, and the client's errors for one that does not answer.
    """
    with store.sessions.read() as session:
        deployment = read_deployment(session)
        if deployment is None:
            raise mirror_error or StoreError(NOTHING_YET)
        client.require_chain(deployment.chain_id)
        block, stopped = _standing(client, session, mirror_error)
        earlier = earlier_runs(session)
        full = full or earlier.full_failed
        # A full run relies on nothing before it, so where it fails nothing is proven.
        base = None if full else _usable(client, earlier.baseline, block)
        found = client.block(block.number)
        examination = _Examination(client, session, deployment, found)
        outcomes: _Outcomes = {"mirror": Outcome(0, stopped)} if stopped else {}
        tail = Tail()
        if found.hash != block.hash:
            outcomes["branch"] = _other_branch(block, found)
        if full:
            more, tail = examination.full(progress)
            outcomes |= more
        elif found.hash == block.hash:
            more, tail = examination.new(base)
            outcomes |= more
    result = _result(block, full, outcomes, base, earlier.findings)
    with store.write() as session:
        document = orjson.dumps(result.to_json()).decode()
        save_result(session, block, document, full=full, ok=result.ok, tail=tail)
    return result


def _standing(
    client: Client, session: Session, mirror_error: LoanbookError | None
) -> tuple[BlockRef, tuple[Finding, ...]]:
    """Return the block on which the database stands, and what is wrong with that."""
    try:
        block = cursor_block(session)
    except StoreError as error:
        return _probable_end(client, session), (_stopped(mirror_error or error),)
    if block is None:
        raise mirror_error or StoreError(NOTHING_YET)
    return block, () if mirror_error is None else (_stopped(mirror_error),)


def _stopped(error: LoanbookError) -> Finding:
    return Finding("mirror", "database and node", "events that go on from it", str(error))


def _probable_end(client: Client, session: Session) -> BlockRef:
    """Return the block that a damaged cursor most probably stood on."""
    head, cursor = client.head(), read_cursor(session)
    newest = newest_block(session, head.number)
    number = None if cursor is None else cursor.block_number
    if not isinstance(number, int) or not 0 <= number <= head.number:
        return newest or head
    return client.block(number) if newest is None or newest.number < number else newest


def _usable(client: Client, base: Baseline | None, block: BlockRef) -> Baseline | None:
    """Return the newest good run, unless a reorganisation took its block."""
    if base is None or base.block > block.number:
        return None
    return base if client.block(base.block).hash == base.block_hash else None


def _other_branch(block: BlockRef, found: BlockRef) -> Outcome:
    where = f"block {block.number}: run `loanbook mirror` first"
    return Outcome(1, (Finding("branch", where, shown(block.hash), shown(found.hash)),))


def _result(
    block: BlockRef,
    full: bool,
    outcomes: Mapping[str, Outcome],
    base: Baseline | None,
    more: tuple[Finding, ...],
) -> Reconciliation:
    before = None if base is None else base.block
    checks = {
        name: CheckResult(outcome.ok, outcome.checked, block.number if outcome.ok else before)
        for name, outcome in outcomes.items()
    }
    findings = tuple(finding for outcome in outcomes.values() for finding in outcome.findings)
    return Reconciliation(block, full, checks, more + findings)


class _Examination:
    """One run on one snapshot of the database and one block of the chain."""

    def __init__(
        self, client: Client, session: Session, deployment: Deployment, block: BlockRef
    ) -> None:
        self._client = client
        self._session = session
        self._deployment = deployment
        self._block = block

    def new(self, base: Baseline | None) -> tuple[_Outcomes, Tail]:
        """Check what is new since ``base`` (everything without it), and what is open."""
        touched = Touched(self._session, -1 if base is None else base.block)
        start = Tail() if base is None else base.tail
        try:
            end = read_part(self._session, JOURNAL, Tail) or Tail()
            run = self._stored_run(touched)
        except CodecError as error:
            return {"records": _unreadable(error)}, Tail()
        wide = replace(run, loans=touched.open_loans)
        checks: dict[str, Callable[[], Outcome]] = {
            **self._chain_checks(run),
            "completeness": lambda: _joined(rehashed(self._session, touched), completeness(wide)),
            "journal": lambda: self._journal(start, end),
        }
        return {name: _guarded(check) for name, check in checks.items()}, end

    def full(self, progress: Progress | None) -> tuple[_Outcomes, Tail]:
        """Rebuild the book from the chain, check it, and compare every row with it."""
        place, client = self._deployment, self._client
        found = find_book(client, place.book, self._block)
        book = Book(client.chain_id, found.book, found.registry)
        final, raised = self._final()
        expected = ExpectedTables(self._session, book, self._block.number, final)
        for log in read_logs(client, found, self._block, progress):
            expected.enter(log.block)
            try:
                applied = apply(book, log)
            except (BookError, DecodeError) as error:
                return {"tables": Outcome(0, (refusal(error, log),))}, Tail()
            if applied is not None:
                expected.take(applied)
        run = Run(
            block=self._block.number,
            rules=book.rules,
            loans=book.loans.values,
            parties=book.parties,
            subjects=book.subjects,
            balances=expected.balances,
            state=self._state(),
        )
        checks: dict[str, Callable[[], Outcome]] = {
            **self._chain_checks(run),
            "journal": lambda: self._journal(Tail(), book.journal),
            "tables": lambda: _joined(self._tables(expected, found), Outcome(0, raised)),
        }
        return {name: _guarded(check) for name, check in checks.items()}, book.journal

    def _stored_run(self, touched: Touched) -> Run:
        view = ReadView(self._session)
        return Run(
            block=self._block.number,
            rules=view.rules(),
            loans=touched.loans,
            parties=touched.parties(),
            subjects=touched.subjects(),
            balances=view.trial_balance(),
            state=self._state(),
        )

    def _state(self) -> ContractState:
        place = self._deployment
        return ContractState(self._client, place.book, place.registry, self._block)

    @staticmethod
    def _chain_checks(run: Run) -> dict[str, Callable[[], Outcome]]:
        return {name: partial(check, run) for name, check in CHECKS.items()}

    def _journal(self, start: Tail, end: Tail) -> Outcome:
        entries = stored_entries(self._session, self._deployment, start.count)
        return check_journal(entries, start, end)

    def _final(self) -> tuple[int, tuple[Finding, ...]]:
        """Return the final block that the tables should know, and what to say of it."""
        cursor, allowed = read_cursor(self._session), self._client.final().number
        stored = None if cursor is None else cursor.final_number
        if not isinstance(stored, int) or not 0 <= stored <= self._block.number:
            return min(allowed, self._block.number), ()
        if stored <= allowed:
            return stored, ()
        # What is final never becomes less, but a node may lag, and its setting may change.
        where = f"mirror_cursor ({ONLY_ROW}) final_number"
        limit = f"at most {allowed}, which the node calls final"
        finding = Finding("final", where, limit, str(stored), severity=Severity.WARNING)
        return stored, (finding,)

    def _tables(self, expected: ExpectedTables, found: FoundBook) -> Outcome:
        deployment = Deployment(
            chain_id=self._client.chain_id,
            book=found.book,
            registry=found.registry,
            block=found.first_block,
            genesis=self._client.block(0).hash,
        )
        checked, findings = expected.finish(
            deployment, lambda numbers: self._client.headers(numbers).values()
        )
        return Outcome(checked, tuple(findings))


def _guarded(check: Callable[[], Outcome]) -> Outcome:
    """Run a check; what it cannot read is a finding, what a later run can cure is raised."""
    try:
        return check()
    except ProofError as error:
        return Outcome(0, (Finding("proof", "storage", "a proof that holds", str(error)),))
    except (CodecError, StoreError) as error:
        if error.retry:
            raise
        return _unreadable(error)


def _unreadable(error: LoanbookError) -> Outcome:
    return Outcome(0, (Finding("record", "database", "records that can be read", str(error)),))


def _joined(*outcomes: Outcome) -> Outcome:
    """Return several outcomes as one check's."""
    findings = tuple(finding for outcome in outcomes for finding in outcome.findings)
    return Outcome(sum(outcome.checked for outcome in outcomes), findings)
