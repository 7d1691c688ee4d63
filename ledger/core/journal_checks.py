"""Checking a stored journal against itself: balance, links, hashes, root."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ledger.core.checks import Outcome
from ledger.core.findings import Finding, shown
from ledger.core.journal import Entry, Tail
from ledger.core.merkle import Frontier


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry read back, and the hash that was stored with it."""

    entry: Entry
    hash: bytes


def check_journal(entries: Iterable[StoredEntry], start: Tail, end: Tail) -> Outcome:
    """Check the entries after ``start``; ``end`` is the journal's end as stored.

    Each entry balances, links to the one before and hashes to what was stored with it; together
    they give the root.
    """
    findings: list[Finding] = []
    frontier, previous, number = start.frontier, start.hash, start.count
    for stored in entries:
        findings += _entry_findings(stored, number, previous)
        frontier = frontier.append(stored.entry.canonical())
        previous, number = stored.hash, stored.entry.number + 1
    findings += _end_findings(frontier, previous, end)
    return Outcome(frontier.size - start.count, tuple(findings))


def _entry_findings(stored: StoredEntry, number: int, previous: bytes) -> Iterator[Finding]:
    entry = stored.entry
    total = sum(line.amount for line in entry.lines)
    compared = (
        ("entries are numbered without a gap", number, entry.number),
        ("links to the entry before", previous, entry.previous),
        ("debits less credits", 0, total),
        ("hash", entry.hash, stored.hash),
    )
    for what, expected, found in compared:
        if expected != found:
            yield _finding(entry, what, expected, found)
    if not entry.lines:
        yield _finding(entry, "lines", "two or more", "none")


def _finding(entry: Entry, what: str, expected: object, found: object) -> Finding:
    where = f"journal entry {entry.number}: {what}"
    return Finding("journal", where, shown(expected), shown(found), entry.loan_id)


def _end_findings(frontier: Frontier, previous: bytes, end: Tail) -> Iterator[Finding]:
    compared = (
        ("entries", end.count, frontier.size),
        ("hash of the last entry", end.hash, previous),
        ("root", end.root, frontier.root()),
    )
    for what, expected, found in compared:
        if expected != found:
            yield Finding("journal", f"end of the journal: {what}", shown(expected), shown(found))
