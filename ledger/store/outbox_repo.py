"""The outbox's tables: intents with the nonce that they own, and every attempt's signed bytes."""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, func, update
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from ledger.core.intents import Attempt, Intent, IntentState
from ledger.core.types import Address
from ledger.errors import SenderBusy
from ledger.store.engine import Sessions
from ledger.store.private_models import AttemptRow, IntentRow, OutboxSenderRow
from ledger.store.tables import chunks, insert_rows
from ledger.store.versions import table_of

UNFINISHED = (IntentState.PENDING, IntentState.MINED)
OUTCOME = ("nonce", "state", "tx_hash", "block_number", "block_hash", "succeeded", "reason")
"""Members of an intent that change: what the chain said about it."""


class OutboxRepo:
    """Hands out the outbox's transactions and the lock of a sender."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @contextmanager
    def transaction(self) -> "Iterator[OutboxTables]":
        """Yield the tables in one write transaction; it is on the disk when it ends."""
        with self._sessions.write() as session:
            yield OutboxTables(session)

    def lock_sender(self, chain_id: int, sender: Address) -> AbstractContextManager[None]:
        """Hold the sender's lock until the context ends or the process does.

        Raises ``SenderBusy`` at once when somebody else holds it.
        """
        if self._sessions.file is not None:
            # Whichever name the database was opened by: a link to it is the same database.
            file = self._sessions.file.resolve()
            name = f"{file.name}.{chain_id}.{sender.lower()}.lock"
            return _file_lock(file.with_name(name), chain_id, sender)
        return self._server_lock(chain_id, sender)

    @contextmanager
    def _server_lock(self, chain_id: int, sender: Address) -> Iterator[None]:
        digest = sha256(f"loanbook outbox {chain_id} {sender.lower()}".encode()).digest()
        key = int.from_bytes(digest[:8], "big", signed=True)
        with self._sessions.autocommitting() as connection:
            if not connection.scalar(sql_select(func.pg_try_advisory_lock(key))):
                raise SenderBusy(chain_id, sender)
            try:
                yield
            finally:
                # The pool keeps the connection, and with it the lock.
                connection.scalar(sql_select(func.pg_advisory_unlock(key)))


@contextmanager
def _file_lock(path: Path, chain_id: int, sender: Address) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SenderBusy(chain_id, sender) from None
        yield


class OutboxTables:
    """The outbox's tables within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, request_id: str) -> Intent | None:
        """Return the intent of a request."""
        row = self._session.get(IntentRow, request_id)
        return None if row is None else _intent(row)

    def next_nonce(self, chain_id: int, sender: Address) -> int | None:
        """Return the next nonce of a key; ``None`` if it never sent from this database."""
        row = self._session.get(OutboxSenderRow, (chain_id, sender), with_for_update=True)
        return None if row is None else row.next_nonce

    def set_next_nonce(self, chain_id: int, sender: Address, nonce: int) -> None:
        """Remember the next nonce of a key."""
        row = OutboxSenderRow(chain_id=chain_id, sender=sender, next_nonce=nonce)
        self._session.merge(row)
        self._session.flush()

    def add(self, intents: Sequence[Intent], attempts: Sequence[Attempt]) -> None:
        """Store new intents with their attempts."""
        insert_rows(self._session, IntentRow, [_plain(intent) for intent in intents])
        insert_rows(self._session, AttemptRow, [asdict(attempt) for attempt in attempts])

    def add_attempt(self, attempt: Attempt) -> None:
        """Store one more attempt of a stored intent."""
        insert_rows(self._session, AttemptRow, [asdict(attempt)])

    def attempts(self, request_ids: Sequence[str]) -> dict[str, list[Attempt]]:
        """Return the attempts of each request, oldest first."""
        found: dict[str, list[Attempt]] = {request_id: [] for request_id in request_ids}
        for some in chunks(found):
            rows = self._session.exec(
                select(AttemptRow)
                .where(col(AttemptRow.request_id).in_(some))
                .order_by(col(AttemptRow.number))
            )
            for row in rows:
                found[row.request_id].append(Attempt(**row.model_dump()))
        return found

    def unfinished(self, chain_id: int, sender: Address) -> list[Intent]:
        """Return the sender's intents that are not final yet, by nonce."""
        rows = self._session.exec(
            select(IntentRow)
            .where(
                IntentRow.chain_id == chain_id,
                IntentRow.sender == sender,
                col(IntentRow.state).in_(UNFINISHED),
            )
            .order_by(col(IntentRow.nonce))
        )
        return [_intent(row) for row in rows]

    def update(self, intents: Sequence[Intent]) -> None:
        """Store what the chain said about intents."""
        if not intents:
            return
        table = table_of(IntentRow)
        change = (
            update(table)
            .where(table.columns.request_id == bindparam("of"))
            .values({name: bindparam(f"new_{name}") for name in OUTCOME})
        )
        rows = [
            {"of": intent.request_id, **{f"new_{name}": _plain(intent)[name] for name in OUTCOME}}
            for intent in intents
        ]
        self._session.connection().execute(change, rows)
        self._session.expire_all()


def _plain(intent: Intent) -> dict[str, Any]:
    return {**asdict(intent), "state": intent.state.value}


def _intent(row: IntentRow) -> Intent:
    members = row.model_dump()
    return Intent(**{**members, "state": IntentState(row.state)})
