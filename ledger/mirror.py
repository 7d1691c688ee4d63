"""The mirror: brings the chain's events into the database, exactly once and in order.

A batch of blocks is one database transaction: logs, loans, journal, and the cursor last. A log
is accepted only if it fits what is stored, and a batch only if the heads that its events hash to
are those that the contracts hold at its last block. A reorganisation is taken back in the same
transaction as the first batch of the new branch.

What this does not see: heads cover an event's topics and data, so a log's transaction hash, its
transaction's index and its own index within the block are the node's word (their order is
checked). Proving them takes the block's receiptsRoot, which is not built yet. And heads are asked
of the loans that a batch names: a node that drops all logs of an open loan in a batch is noticed
by the loan's next event or by reconcile, which asks for the heads of all open loans.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from sqlmodel import Session

from ledger.chain.client import Client
from ledger.chain.heads import Heads, read_heads
from ledger.core.book import Applied, Book, apply
from ledger.core.hashchain import EMPTY_HEAD
from ledger.core.types import BlockRef, LoanId, Log
from ledger.errors import (
    BookError,
    DecodeError,
    FinalityViolated,
    InconsistentNode,
    LoanbookError,
    LogMissing,
    LogRefused,
    OtherBook,
    StoreBusy,
)
from ledger.store import Store
from ledger.store.batch import Batch
from ledger.store.pages import Deployment
from ledger.store.standing import cursor_block
from ledger.store.tables import blocks_down_from, read_cursor, remove_above, write_deployment

BATCH_BLOCKS = 1000
LONGEST_PAUSE = 60.0
"""Seconds between attempts at most, while the node or the database does not answer."""

Progress: TypeAlias = Callable[[int, int], None]
"""Called with blocks done and blocks to do."""


@dataclass(frozen=True, slots=True)
class SyncResult:
    """Where a sync ended and what it brought; ``removed`` events fell to a reorganisation."""

    block: BlockRef
    blocks: int = 0
    events: int = 0
    entries: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class _Span:
    """What the node says of the blocks after ``base``, up to the last of ``blocks``.

    ``blocks`` are those that the database keeps: every provisional one, and the last.
    """

    base: BlockRef
    blocks: list[BlockRef]
    logs: list[Log]
    heads: Heads | None


class Mirror:
    """Keeps one database in step with one book. What is final is the client's to say."""

    def __init__(
        self, client: Client, store: Store, deployment: Deployment, *, batch: int = BATCH_BLOCKS
    ) -> None:
        self._client = client
        self._store = store
        self._deployment = deployment
        self._batch = batch

    def sync(self, progress: Progress | None = None) -> SyncResult:
        """Bring the database to the node's head; a node that lags behind it changes nothing.

        Raises ``OtherBook`` for a database or a node of another book, ``LogRefused`` and
        ``LogMissing`` for a node whose answers do not fit, ``FinalityViolated`` for a
        reorganisation below a final block, ``StoreError`` and ``CodecError`` for a database that
        was altered: nothing of the batch is then committed.
        """
        self._check_book()
        head = self._client.head()
        final = min(self._client.final().number, head.number)
        cursor = self._cursor()
        base = self._base(cursor, head)
        total = head.number - base.number
        result = SyncResult(base)
        if cursor is not None and base != cursor and total == 0:
            return self._write(cursor, _Span(base, [], [], None), final, result)
        while result.block.number < head.number:
            last = min(result.block.number + self._batch, head.number)
            span = self._read(result.block, last, final)
            result = self._write(cursor, span, final, result)
            cursor = result.block
            if progress:
                progress(result.blocks, total)
        return result

    def follow(
        self,
        stop: threading.Event,
        *,
        interval: float = 1.0,
        on_sync: Callable[[SyncResult], None] | None = None,
        on_retry: Callable[[LoanbookError], None] | None = None,
    ) -> None:
        """Sync every ``interval`` seconds until ``stop`` is set.

        Errors that a later attempt can cure are told to ``on_retry`` and waited out; any other
        is raised.
        """
        pause = interval
        while not stop.is_set():
            try:
                result = self.sync()
            except LoanbookError as error:
                if not error.retry:
                    raise
                if on_retry:
                    on_retry(error)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                pause = interval
                if on_sync:
                    on_sync(result)
            stop.wait(pause)

    # ---------------------------------------------------------------- where to go on

    def _check_book(self) -> None:
        """Raise unless node and database are those of the deployment."""
        wanted = self._deployment
        self._client.require_chain(wanted.chain_id)
        genesis = self._client.block(0).hash
        if genesis != wanted.genesis:
            raise OtherBook(
                f"the node's chain begins with block 0x{genesis.hex()}, the book's with "
                f"0x{wanted.genesis.hex()}: it is another chain with the same id; check --rpc"
            )
        with self._store.read() as view:
            stored = view.deployment()
        if stored is None:
            with self._store.write() as session:
                write_deployment(session, wanted)
        elif stored != wanted:
            raise OtherBook(
                f"the database mirrors book {stored.book} on chain {stored.chain_id} from block "
                f"{stored.block} (0x{stored.genesis.hex()[:16]}…), asked for {wanted.book} on "
                f"chain {wanted.chain_id} from block {wanted.block}: give another database"
            )

    def _cursor(self) -> BlockRef | None:
        with self._store.sessions.read() as session:
            return cursor_block(session)

    def _base(self, cursor: BlockRef | None, head: BlockRef) -> BlockRef:
        """Return the block to go on from: the cursor's, or where the branches parted.

        A head below the cursor that contradicts nothing is a node that lags.
        """
        if cursor is None:
            return self._before_first()
        final, stored = self._undecided(min(cursor.number, head.number))
        parted = False
        for block in stored:
            found = head if block.number == head.number else self._client.block(block.number)
            if found.hash == block.hash:
                return block if parted else cursor
            if block.number <= final:
                raise FinalityViolated(block.number, block.hash, found.hash)
            parted = True
        return self._before_first() if parted else cursor

    def _before_first(self) -> BlockRef:
        return self._client.block(max(0, self._deployment.block - 1))

    def _undecided(self, number: int) -> tuple[int, list[BlockRef]]:
        """Return the final number, and stored blocks from ``number`` down to the final one."""
        with self._store.sessions.read() as session:
            cursor = read_cursor(session)
            assert cursor is not None
            final = cursor.final_number
            return final, blocks_down_from(session, number, final)

    # ---------------------------------------------------------------- one batch

    def _read(self, base: BlockRef, last: int, final: int) -> _Span:
        """Return what the node says of the blocks after ``base`` up to ``last``."""
        place = self._deployment
        first = base.number + 1
        blocks = self._client.blocks(max(first, min(final, last)), last)
        if blocks[0].number == first > final and blocks[0].parent_hash != base.hash:
            raise InconsistentNode(
                f"block {first} does not follow block {base.number} (0x{base.hash.hex()}): the "
                "chain moved while it was read"
            )
        headers = {block.number: block for block in blocks}
        logs = self._client.logs(first, last, (place.book, place.registry), headers)
        touched = {LoanId(log.topics[1]): None for log in logs if _names_loan(log, place)}
        heads = read_heads(self._client, place.book, place.registry, touched, blocks[-1])
        return _Span(base, blocks, logs, heads)

    def _write(
        self, cursor: BlockRef | None, span: _Span, final: int, before: SyncResult
    ) -> SyncResult:
        """Apply one span in one transaction; ``cursor`` is where the database must stand."""
        removed = 0
        end = span.blocks[-1] if span.blocks else span.base
        with self._store.write() as session:
            _require_cursor(session, cursor)
            if cursor is not None and cursor != span.base:
                removed = remove_above(session, span.base)
            batch = Batch(session, self._deployment, final)
            for log in span.logs:
                batch.enter(log.block.number)
                applied = _apply(batch.book, log)
                if applied is not None:
                    batch.add(applied)
            if span.heads is not None:
                _compare_heads(batch.book, span.heads)
            batch.finish([span.base, *span.blocks, *(log.block for log in span.logs)], end, final)
        return SyncResult(
            block=end,
            blocks=before.blocks + end.number - span.base.number,
            events=before.events + batch.events,
            entries=before.entries + batch.entries,
            removed=before.removed + removed,
        )


def _names_loan(log: Log, place: Deployment) -> bool:
    # Of the book's own events those of a loan have two topics: the event and the loan.
    return log.address == place.book and len(log.topics) == 2


def _require_cursor(session: Session, expected: BlockRef | None) -> None:
    if cursor_block(session) != expected:
        raise StoreBusy("another mirror works on this database: let one run at a time")


def _apply(book: Book, log: Log) -> Applied | None:
    """Apply one log; raise ``LogRefused`` for one that does not fit."""
    where = f"block {log.block.number}, log {log.index}"
    try:
        return apply(book, log)
    except BookError as error:
        raise LogRefused(error.code, where, error.expected, error.found, error.loan_id) from error
    except DecodeError as error:
        loan_id = log.topics[1] if len(log.topics) == 2 else None
        raise LogRefused("decode", where, "an event of our contracts", error, loan_id) from error


def _head_of(book: Book, loan_id: LoanId) -> bytes:
    loan = book.loans.get(loan_id)
    return EMPTY_HEAD if loan is None else loan.head


def _compare_heads(book: Book, heads: Heads) -> None:
    """Raise ``LogMissing`` unless the events hash to what the contracts hold."""
    pairs = [
        ("bookHead", heads.book, book.rules.book_head),
        ("the registry", heads.registry, book.rules.registry_head),
        *(
            (f"loan 0x{loan_id.hex()}", head, _head_of(book, loan_id))
            for loan_id, head in heads.loans.items()
        ),
    ]
    for name, expected, found in pairs:
        if expected != found:
            raise LogMissing(name, heads.block.number, expected, found)
