"""Reading the mirrored book: every method on the same snapshot, every list by keyset."""

from collections.abc import Callable, Iterable
from typing import Any

import orjson
from sqlmodel import Session, and_, col, or_, select

from ledger.core.decode import decode_book, decode_registry
from ledger.core.journal import Line, Tail
from ledger.core.loan import Loan, claimable
from ledger.core.rules import Party, Rules
from ledger.core.types import Address, LoanId, MinorUnits, Status, Timestamp
from ledger.errors import StoreError
from ledger.store import pages
from ledger.store.models import (
    BalanceRow,
    BlockRow,
    EntryRow,
    LineRow,
    LoanHolderRow,
    LoanStateRow,
    LogRow,
    PartyStateRow,
    ReconciliationRow,
)
from ledger.store.pages import (
    Deployment,
    EntryView,
    EventView,
    HolderView,
    LoanView,
    Page,
    PositionView,
    ReconciliationView,
    Standing,
    checked,
    page_of,
)
from ledger.store.rows import JOURNAL, RULES
from ledger.store.stored_book import count_loans, read_part, read_record
from ledger.store.tables import block_ref, read_block, read_cursor, read_deployment


class ReadView:
    """One consistent snapshot of the mirrored book."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def deployment(self) -> Deployment | None:
        """Return the book that the database mirrors; ``None`` before the first sync."""
        return read_deployment(self._session)

    def standing(self) -> Standing | None:
        """Return what every answer stands on; ``None`` before the first sync."""
        cursor = read_cursor(self._session)
        if cursor is None:
            return None
        block = read_block(self._session, cursor.block_number)
        if block is None:
            raise StoreError(f"block {cursor.block_number} of the cursor is gone: mirror afresh")
        tail, rules = self._tail(), self.rules()
        return Standing(
            block=block,
            final=cursor.final_number,
            loans=count_loans(self._session),
            events=cursor.events,
            entries=tail.count,
            journal_root=tail.root,
            book_head=rules.book_head,
            registry_head=rules.registry_head,
        )

    def _tail(self) -> Tail:
        return read_part(self._session, JOURNAL, Tail) or Tail()

    def rules(self) -> Rules:
        """Return policy, settlements, roles and fees."""
        return read_part(self._session, RULES, Rules) or Rules()

    def party(self, wallet: Address) -> Party | None:
        """Return the registry's entry of a wallet."""
        state = self._session.exec(
            select(PartyStateRow.state).where(PartyStateRow.wallet == wallet, PartyStateRow.current)
        ).first()
        return None if state is None else read_record(Party, state)

    # ------------------------------------------------------------------ loans

    def loans(
        self,
        *,
        status: Status | None = None,
        borrower: Address | None = None,
        holder: Address | None = None,
        product: bytes | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[LoanView]:
        """Return loans in the order of opening, by status, borrower, product (32 bytes), holder.

        A holder is who ever held notes of the loan.
        """
        key = pages.read_cursor(after, 1)
        query = select(LoanStateRow).where(LoanStateRow.current)
        if key:
            query = query.where(LoanStateRow.ordinal > key[0])
        if status is not None:
            query = query.where(LoanStateRow.status == int(status))
        if borrower is not None:
            query = query.where(LoanStateRow.borrower == borrower)
        if product is not None:
            query = query.where(LoanStateRow.product == product)
        if holder is not None:
            held = select(LoanHolderRow.ordinal).where(LoanHolderRow.holder == holder)
            query = query.where(col(LoanStateRow.ordinal).in_(held))
        query = query.order_by(col(LoanStateRow.ordinal)).limit(checked(limit) + 1)
        rows = self._session.exec(query).all()
        return page_of(rows, limit, loan_view, lambda row: (row.ordinal,))

    def loan(self, loan_id: LoanId) -> LoanView | None:
        """Return one loan as it stands."""
        row = self._session.exec(
            select(LoanStateRow).where(LoanStateRow.loan_id == loan_id, LoanStateRow.current)
        ).first()
        return None if row is None else loan_view(row)

    def holders(self, loan_id: LoanId) -> tuple[HolderView, ...]:
        """Return everybody who ever held notes of a loan, by address; empty for no loan."""
        found = self.loan(loan_id)
        if found is None:
            return ()
        return tuple(holder_view(found.loan, holder) for holder in sorted(found.loan.holders))

    def positions(
        self, holder: Address, *, after: str | None = None, limit: int = 50
    ) -> Page[PositionView]:
        """Return every loan that a wallet ever held notes of, with its account there."""
        page = self.loans(holder=holder, after=after, limit=limit)
        items = tuple(PositionView(item, holder_view(item.loan, holder)) for item in page.items)
        return Page(items, page.next)

    # ------------------------------------------------------------------ events

    def history(
        self, loan_id: LoanId, *, after: str | None = None, limit: int = 100
    ) -> Page[EventView]:
        """Return the events of a loan in order."""
        key = pages.read_cursor(after, 1)
        query = _events().where(LogRow.loan_id == loan_id).order_by(col(LogRow.seq))
        if key:
            query = query.where(LogRow.seq > key[0])
        rows = self._session.exec(query.limit(checked(limit) + 1)).all()
        return page_of(rows, limit, self._event_reader(), lambda row: (row[0].seq,))

    def events(
        self, *, book_only: bool = False, after: str | None = None, limit: int = 100
    ) -> Page[EventView]:
        """Return all events in chain order; ``book_only``: those that belong to no loan."""
        key = pages.read_cursor(after, 2)
        query = _events().order_by(col(LogRow.block_number), col(LogRow.log_index))
        if book_only:
            query = query.where(col(LogRow.loan_id).is_(None))
        if key:
            query = query.where(_after_log(*key))
        rows = self._session.exec(query.limit(checked(limit) + 1)).all()
        return page_of(
            rows, limit, self._event_reader(), lambda row: (row[0].block_number, row[0].log_index)
        )

    def _event_reader(self) -> Callable[[tuple[LogRow, BlockRow]], EventView]:
        deployment = self.deployment()
        registry = deployment.registry if deployment else ""
        return lambda row: event_view(row[0], row[1], registry)

    # ------------------------------------------------------------------ journal

    def journal(
        self, *, loan_id: LoanId | None = None, after: str | None = None, limit: int = 100
    ) -> Page[EntryView]:
        """Return journal entries in order, of one loan or of all."""
        key = pages.read_cursor(after, 1)
        query = select(EntryRow, BlockRow).join(
            BlockRow, col(EntryRow.block_number) == BlockRow.number
        )
        if loan_id is not None:
            query = query.where(EntryRow.loan_id == loan_id)
        if key:
            query = query.where(EntryRow.number > key[0])
        query = query.order_by(col(EntryRow.number)).limit(checked(limit) + 1)
        rows = self._session.exec(query).all()
        lines = self._lines(entry.number for entry, _ in rows)
        return page_of(
            rows,
            limit,
            lambda row: entry_view(row[0], row[1], lines[row[0].number]),
            lambda row: (row[0].number,),
        )

    def _lines(self, numbers: Iterable[int]) -> dict[int, list[Line]]:
        lines: dict[int, list[Line]] = {number: [] for number in numbers}
        rows = self._session.exec(
            select(LineRow)
            .where(col(LineRow.entry).in_(lines))
            .order_by(col(LineRow.entry), col(LineRow.position))
        )
        for row in rows:
            lines[row.entry].append(Line(row.account, MinorUnits(row.amount)))
        return lines

    def trial_balance(self, kind: str | None = None) -> dict[str, int]:
        """Return every account's balance, debit above zero; of one kind ("custody") or of all."""
        query = select(BalanceRow.account, BalanceRow.balance).order_by(col(BalanceRow.account))
        if kind is not None:
            query = query.where(col(BalanceRow.account).startswith(f"{kind}:", autoescape=True))
        return dict(self._session.exec(query).all())

    def reconciliation(self) -> ReconciliationView | None:
        """Return the latest result of ``reconcile``."""
        row = self._session.exec(
            select(ReconciliationRow).order_by(col(ReconciliationRow.id).desc()).limit(1)
        ).first()
        if row is None:
            return None
        result: dict[str, Any] = orjson.loads(row.result)
        return ReconciliationView(row.block_number, row.block_hash, row.full, row.ok, result)


def _events() -> Any:
    return select(LogRow, BlockRow).join(BlockRow, col(LogRow.block_number) == BlockRow.number)


def _after_log(number: int, index: int) -> Any:
    return or_(
        LogRow.block_number > number,
        and_(LogRow.block_number == number, LogRow.log_index > index),
    )


def loan_view(row: LoanStateRow) -> LoanView:
    """Return a stored loan. Raises ``CodecError`` if it was altered."""
    return LoanView(row.ordinal, row.block_number, read_record(Loan, row.state))


def holder_view(loan: Loan, holder: Address) -> HolderView:
    """Return a holder's account in a loan."""
    return HolderView(holder, loan.holding(holder), claimable(loan, holder))


def event_view(log: LogRow, block: BlockRow, registry: str) -> EventView:
    """Return a stored event, decoded again. Raises ``DecodeError`` if it was altered."""
    topics = tuple(log.topics[i : i + 32] for i in range(0, len(log.topics), 32))
    decode = decode_registry if log.address == registry else decode_book
    event = decode(topics, log.data)
    if event is None:
        raise StoreError(f"log {log.block_number}/{log.log_index} was altered: mirror afresh")
    return EventView(
        block=block_ref(block),
        tx_hash=log.tx_hash,
        tx_index=log.tx_index,
        log_index=log.log_index,
        address=Address(log.address),
        name=log.event,
        loan_id=None if log.loan_id is None else LoanId(log.loan_id),
        seq=log.seq,
        head=log.head,
        topics=topics,
        data=log.data,
        event=event,
    )


def entry_view(entry: EntryRow, block: BlockRow, lines: list[Line]) -> EntryView:
    """Return a stored journal entry."""
    return EntryView(
        number=entry.number,
        loan_id=None if entry.loan_id is None else LoanId(entry.loan_id),
        seq=entry.seq,
        event=entry.event,
        block=block_ref(block),
        log_index=entry.log_index,
        effective=Timestamp(entry.effective),
        unit=entry.unit,
        holder=None if entry.holder is None else Address(entry.holder),
        hash=entry.hash,
        lines=tuple(lines),
    )
