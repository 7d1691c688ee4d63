"""What reconcile reads of the database: what was touched, stored logs re-hashed, the journal."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from ledger.core.checks import Outcome
from ledger.core.codec import canonical
from ledger.core.findings import Finding, shown
from ledger.core.hashchain import EMPTY_HEAD, entry_hash, next_head
from ledger.core.journal import Entry, Line, Tail
from ledger.core.journal_checks import StoredEntry
from ledger.core.loan import Loan
from ledger.core.rules import Party
from ledger.core.types import Address, BlockRef, LoanId, MinorUnits, Status, Subject, Timestamp
from ledger.errors import StoreError
from ledger.store.models import (
    EntryRow,
    LineRow,
    LoanStateRow,
    LogRow,
    PartyStateRow,
    ReconciliationRow,
    SubjectStateRow,
)
from ledger.store.pages import Deployment
from ledger.store.stored_book import read_record
from ledger.store.tables import insert_rows

OPEN = (Status.FUNDING, Status.ACTIVE, Status.DEFAULTED)
LOANS_AT_ONCE = 200
ENTRIES_AT_ONCE = 500


class Touched:
    """Records that changed after block ``since``; all of them when it is -1."""

    def __init__(self, session: Session, since: int) -> None:
        self._session = session
        self._since = since

    def loans(self) -> Iterator[Loan]:
        """Yield the loans by ordinal."""
        return self._loans(col(LoanStateRow.block_number) > self._since)

    def open_loans(self) -> Iterator[Loan]:
        """Yield the touched loans and every loan that is not over."""
        is_open = col(LoanStateRow.status).in_([int(status) for status in OPEN])
        return self._loans((col(LoanStateRow.block_number) > self._since) | is_open)

    def _loans(self, condition: ColumnElement[bool]) -> Iterator[Loan]:
        after = 0
        while True:
            rows = self._session.exec(
                select(LoanStateRow)
                .where(LoanStateRow.current, LoanStateRow.ordinal > after, condition)
                .order_by(col(LoanStateRow.ordinal))
                .limit(LOANS_AT_ONCE)
            ).all()
            for row in rows:
                yield read_record(Loan, row.state)
            if not rows:
                return
            after = rows[-1].ordinal
            self._session.expunge_all()

    def parties(self) -> dict[Address, Party]:
        """Return the wallets' entries."""
        rows = self._session.exec(
            select(PartyStateRow).where(
                PartyStateRow.current, PartyStateRow.block_number > self._since
            )
        )
        return {Address(row.wallet): read_record(Party, row.state) for row in rows}

    def subjects(self) -> dict[Subject, bytes]:
        """Return the hash chains over subjects' loans."""
        rows = self._session.exec(
            select(SubjectStateRow).where(
                SubjectStateRow.current, SubjectStateRow.block_number > self._since
            )
        )
        return {Subject(row.subject): row.state for row in rows}


def rehashed(session: Session, touched: Touched) -> Outcome:
    """Hash the stored raw logs of touched loans again: they give the stored heads."""
    findings: list[Finding] = []
    checked = 0
    for loan in touched.loans():
        checked += loan.seq
        findings += _rehash(session, loan)
    return Outcome(checked, tuple(findings))


def _rehash(session: Session, loan: Loan) -> Iterator[Finding]:
    """Yield the first place from which on a loan's logs do not give its heads."""
    head, seq = EMPTY_HEAD, 0
    rows = session.exec(
        select(LogRow).where(LogRow.loan_id == loan.loan_id).order_by(col(LogRow.seq))
    )
    for row in rows:
        topics = [row.topics[i : i + 32] for i in range(0, len(row.topics), 32)]
        head, seq = next_head(head, entry_hash(topics, row.data)), seq + 1
        if (seq, head) != (row.seq, row.head):
            yield _head_finding(f"log ({row.block_number}, {row.log_index})", loan, seq, head)
            return
    if (seq, head) != (loan.seq, loan.head):
        yield _head_finding("end of its logs", loan, seq, head)


def _head_finding(where: str, loan: Loan, seq: int, head: bytes) -> Finding:
    expected = f"head {shown(loan.head)} after {loan.seq} events"
    return Finding("log", where, expected, f"{shown(head)} after {seq}", loan.loan_id)


def stored_entries(session: Session, deployment: Deployment, first: int) -> Iterator[StoredEntry]:
    """Yield the journal's entries from number ``first`` on, with their lines."""
    while True:
        rows = session.exec(
            select(EntryRow)
            .where(EntryRow.number >= first)
            .order_by(col(EntryRow.number))
            .limit(ENTRIES_AT_ONCE)
        ).all()
        if not rows:
            return
        lines: dict[int, list[Line]] = {row.number: [] for row in rows}
        for line in session.exec(
            select(LineRow)
            .where(LineRow.entry >= first, LineRow.entry <= rows[-1].number)
            .order_by(col(LineRow.entry), col(LineRow.position))
        ):
            if line.entry in lines:
                lines[line.entry].append(Line(line.account, MinorUnits(line.amount)))
        for row in rows:
            yield StoredEntry(_entry(row, deployment, tuple(lines[row.number])), row.hash)
        first = rows[-1].number + 1
        session.expunge_all()


def _entry(row: EntryRow, deployment: Deployment, lines: tuple[Line, ...]) -> Entry:
    """Return the entry of a row. Raises ``StoreError`` for text that the journal cannot hold."""
    texts = (row.event, row.unit, row.holder or "", *(line.account for line in lines))
    if not all(text.isascii() for text in texts):
        raise StoreError(f"journal entry {row.number} was altered: run reconcile --full")
    return Entry(
        number=row.number,
        chain_id=deployment.chain_id,
        book=deployment.book,
        block=row.block_number,
        index=row.log_index,
        loan_id=None if row.loan_id is None else LoanId(row.loan_id),
        seq=row.seq,
        event=row.event,
        effective=Timestamp(row.effective),
        unit=row.unit,
        holder=None if row.holder is None else Address(row.holder),
        lines=lines,
        previous=row.previous,
    )


def save_result(
    session: Session, block: BlockRef, result: str, *, full: bool, ok: bool, tail: Tail
) -> None:
    """Store the result of a reconciliation, ``result`` as JSON."""
    row = {
        "block_number": block.number,
        "block_hash": block.hash,
        "full": full,
        "ok": ok,
        "journal": canonical(tail),
        "result": result,
    }
    insert_rows(session, ReconciliationRow, [row])
