"""The book as the database holds it, read lazily: a batch costs what it touches."""

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any, NoReturn, TypeVar

import orjson
from sqlmodel import Session, col, select

from ledger.core.book import Book
from ledger.core.codec import from_plain
from ledger.core.journal import Tail
from ledger.core.loan import Loan
from ledger.core.rules import Party, Rules
from ledger.core.types import Address, LoanId, Subject
from ledger.errors import CodecError
from ledger.store.models import (
    BookStateRow,
    EntryRow,
    LoanStateRow,
    LogRow,
    PartyStateRow,
    SubjectStateRow,
)
from ledger.store.pages import Deployment
from ledger.store.rows import JOURNAL, RULES

K = TypeVar("K")
V = TypeVar("V")


def read_record(kind: type[V], state: bytes) -> V:
    """Read back a record from its canonical bytes. Raises ``CodecError``."""
    try:
        plain = orjson.loads(state)
    except orjson.JSONDecodeError as error:
        raise CodecError(kind.__name__, f"is no JSON ({error})") from error
    return from_plain(kind, plain)


class StoredMap(MutableMapping[K, V]):
    """A mapping over stored records: read when first asked for, changed in memory alone."""

    def __init__(
        self, load: Callable[[K], V | None], stored_keys: Callable[[], Iterable[K]]
    ) -> None:
        self._load = load
        self._stored_keys = stored_keys
        self._values: dict[K, V | None] = {}

    def __getitem__(self, key: K) -> V:
        if key not in self._values:
            self._values[key] = self._load(key)
        value = self._values[key]
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: K, value: V) -> None:
        self._values[key] = value

    def __delitem__(self, key: K) -> NoReturn:
        raise TypeError(f"{key!r}: nothing of a book is ever deleted")

    def __iter__(self) -> Iterator[K]:
        return iter({**dict.fromkeys(self._stored_keys()), **self._known()})

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _known(self) -> dict[K, None]:
        return {key: None for key, value in self._values.items() if value is not None}


class StoredBook:
    """The book after the last stored block, and what the batch needs beside it.

    ``ordinals`` holds the ordinal of every loan that was read or opened; ``loan_count`` how many
    there are.
    """

    def __init__(self, session: Session, deployment: Deployment) -> None:
        self._session = session
        self.ordinals: dict[LoanId, int] = {}
        self.loan_count = count_loans(session)
        self.book = Book(
            chain_id=deployment.chain_id,
            address=deployment.book,
            registry=deployment.registry,
            loans=StoredMap(self._load_loan, self._keys(LoanStateRow, "loan_id")),
            parties=StoredMap(self._load_party, self._keys(PartyStateRow, "wallet")),
            subjects=StoredMap(self._load_subject, self._keys(SubjectStateRow, "subject")),
            rules=_part(session, RULES, Rules, LogRow.seq) or Rules(),
            journal=_part(session, JOURNAL, Tail, EntryRow.number) or Tail(),
            cursor=last_log(session) or (-1, -1),
        )

    def ordinal(self, loan_id: LoanId) -> int:
        """Return the ordinal of a loan that was read or has just been opened."""
        if loan_id not in self.ordinals:
            self.loan_count += 1
            self.ordinals[loan_id] = self.loan_count
        return self.ordinals[loan_id]

    def _keys(self, model: Any, name: str) -> Callable[[], Iterable[Any]]:
        query = select(getattr(model, name)).where(model.current)
        return lambda: self._session.exec(query).all()

    def _load_loan(self, loan_id: LoanId) -> Loan | None:
        row = self._session.exec(
            select(LoanStateRow).where(LoanStateRow.loan_id == loan_id, LoanStateRow.current)
        ).first()
        if row is None:
            return None
        self.ordinals[loan_id] = row.ordinal
        return read_record(Loan, row.state)

    def _load_party(self, wallet: Address) -> Party | None:
        state = self._session.exec(
            select(PartyStateRow.state).where(PartyStateRow.wallet == wallet, PartyStateRow.current)
        ).first()
        return None if state is None else read_record(Party, state)

    def _load_subject(self, subject: Subject) -> bytes | None:
        return self._session.exec(
            select(SubjectStateRow.state).where(
                SubjectStateRow.subject == subject, SubjectStateRow.current
            )
        ).first()


def read_part(session: Session, part: str, kind: type[V]) -> V | None:
    """Return the book's current ``part``: ``RULES`` or ``JOURNAL``; ``None`` in the beginning."""
    state = session.exec(
        select(BookStateRow.state).where(BookStateRow.part == part, BookStateRow.current)
    ).first()
    return None if state is None else read_record(kind, state)


def _part(session: Session, part: str, kind: type[V], made: Any) -> V | None:
    """Return the current ``part``, which may be missing only while there are no ``made`` rows.

    Raises ``CodecError`` where it is missing all the same.
    """
    found = read_part(session, part, kind)
    if found is None and session.exec(select(made).limit(1)).first() is not None:
        raise CodecError(f"book_state {part}", "is gone, and what it sums up is not")
    return found


def count_loans(session: Session) -> int:
    """Return how many loans there are: the highest ordinal."""
    return (
        session.exec(
            select(LoanStateRow.ordinal)
            .where(LoanStateRow.current)
            .order_by(col(LoanStateRow.ordinal).desc())
            .limit(1)
        ).first()
        or 0
    )


def last_log(session: Session) -> tuple[int, int] | None:
    """Return block number and index of the last stored log."""
    return session.exec(
        select(LogRow.block_number, LogRow.log_index)
        .order_by(col(LogRow.block_number).desc(), col(LogRow.log_index).desc())
        .limit(1)
    ).first()
