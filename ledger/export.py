"""Exports: the mirrored book as files, page by page, in bounded memory."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import orjson

from ledger.core.codec import to_plain
from ledger.core.findings import shown
from ledger.errors import InputError
from ledger.store import Store
from ledger.store.pages import EntryView, EventView, LoanView, Page
from ledger.store.read import ReadView

PAGE = 500

Progress: TypeAlias = Callable[[int, int], None]
"""Called with rows written and rows to write."""

_Table: TypeAlias = Callable[[ReadView], Iterator[Sequence[object]]]


def export_csv(store: Store, folder: Path, progress: Progress | None = None) -> dict[str, int]:
    """Write the book as CSV files into ``folder``; returns rows by file name.

    All files show the same block. Amounts are minor units. Raises ``InputError`` when nothing is
    mirrored yet, and for a folder that cannot be written.
    """
    with store.read() as view:
        standing = view.standing()
        if standing is None:
            raise InputError("nothing is mirrored yet: run `loanbook mirror` first")
        total = standing.loans + standing.events + standing.entries
        written: dict[str, int] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, (header, rows) in TABLES.items():
                written[name] = _write(folder / name, header, rows(view))
                if progress:
                    progress(min(sum(written.values()), total), total)
        except OSError as error:
            raise InputError(f"cannot write to {folder}: {error.strerror}") from error
    return written


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    count = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def _pages(read: Callable[[str | None], Page[Any]]) -> Iterator[Any]:
    """Yield the items of every page."""
    page = read(None)
    yield from page.items
    while page.next is not None:
        page = read(page.next)
        yield from page.items


def _time(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _loans(view: ReadView) -> Iterator[Sequence[object]]:
    for item in _pages(lambda after: view.loans(after=after, limit=PAGE)):
        yield _loan(item)


def _loan(item: LoanView) -> Sequence[object]:
    loan = item.loan
    return (
        shown(loan.loan_id),
        item.ordinal,
        loan.status.name.lower(),
        loan.agreement.borrower,
        loan.unit,
        loan.agreement.principal,
        loan.outstanding,
        loan.accepted,
        _time(loan.agreement.value_date),
        loan.opened.block,
        item.block,
        loan.seq,
        shown(loan.head),
    )


def _events(view: ReadView) -> Iterator[Sequence[object]]:
    for item in _pages(lambda after: view.events(after=after, limit=PAGE)):
        yield _event(item)


def _event(item: EventView) -> Sequence[object]:
    return (
        item.block.number,
        shown(item.block.hash),
        _time(item.block.timestamp),
        shown(item.tx_hash),
        item.log_index,
        item.name,
        "" if item.loan_id is None else shown(item.loan_id),
        item.seq,
        shown(item.head),
        orjson.dumps(to_plain(item.event), option=orjson.OPT_SORT_KEYS).decode(),
    )


def _entries(view: ReadView) -> Iterator[Sequence[object]]:
    for item in _journal(view):
        yield (
            item.number,
            "" if item.loan_id is None else shown(item.loan_id),
            item.event,
            item.seq,
            item.block.number,
            item.log_index,
            _time(item.effective),
            item.unit,
            item.holder or "",
            shown(item.hash),
        )


def _lines(view: ReadView) -> Iterator[Sequence[object]]:
    for item in _journal(view):
        for position, line in enumerate(item.lines):
            yield item.number, position, line.account, line.amount


def _journal(view: ReadView) -> Iterator[EntryView]:
    return _pages(lambda after: view.journal(after=after, limit=PAGE))


def _trial_balance(view: ReadView) -> Iterator[Sequence[object]]:
    yield from view.trial_balance().items()


TABLES: Mapping[str, tuple[tuple[str, ...], _Table]] = {
    "loans.csv": (
        ("loan_id", "ordinal", "status", "borrower", "unit", "principal", "outstanding",
         "accepted", "value_date", "opened_block", "last_block", "seq", "head"),
        _loans,
    ),
    "events.csv": (
        ("block", "block_hash", "time", "tx_hash", "log_index", "event", "loan_id", "seq", "head",
         "fields"),
        _events,
    ),
    "entries.csv": (
        ("number", "loan_id", "event", "seq", "block", "log_index", "effective", "unit", "holder",
         "hash"),
        _entries,
    ),
    "lines.csv": (("entry", "position", "account", "amount"), _lines),
    "trial_balance.csv": (("account", "balance"), _trial_balance),
}  # fmt: skip
"""Files with their columns."""
