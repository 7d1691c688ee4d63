"""What every mirrored table should hold, given the chain's events, and where it does not.

Tables in chain order are compared while events stream by, tables of states at the end. A row
that was changed, added or lost is named by table and key.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from sqlmodel import Session

from ledger.core.book import Applied, Book
from ledger.core.findings import Finding
from ledger.core.journal import Balances
from ledger.core.types import BlockRef, LoanId
from ledger.store.audit import TableAudit, audit_rows, digest_of
from ledger.store.models import (
    BalanceRow,
    BlockRow,
    CursorRow,
    DeploymentRow,
    EntryRow,
    LineRow,
    LoanHolderRow,
    LogRow,
)
from ledger.store.pages import Deployment
from ledger.store.rows import (
    ONLY_ROW,
    Row,
    StateKey,
    block_row,
    changed_states,
    deployment_row,
    entry_row,
    holder_rows,
    line_rows,
    log_row,
    state_row,
)
from ledger.store.versions import STATE_MODELS, StateModel

STATE = frozenset(("state",))


class ExpectedTables:
    """Compares the database with a book that is being rebuilt from the chain."""

    def __init__(self, session: Session, book: Book, block: int, final: int) -> None:
        """Compare with ``book`` up to ``block``, where ``final`` is the newest final block."""
        self._session = session
        self._book = book
        self._final = final
        self._cursor = block
        self._streams = {model: TableAudit(session, model) for model in (LogRow, EntryRow, LineRow)}
        self._ordinals: dict[LoanId, int] = {}
        self._holders: list[Row] = []
        self._blocks: dict[int, BlockRef] = {}
        self._balances = Balances()
        self._events = 0
        self._block = -1
        self._changed: set[StateKey] = set()
        self._versions: dict[StateModel, dict[Any, list[Row]]] = {
            model: defaultdict(list) for model in STATE_MODELS
        }

    @property
    def balances(self) -> dict[str, int]:
        """The balances of all accounts, as the events give them."""
        return dict(self._balances.items())

    def enter(self, block: BlockRef) -> None:
        """Say which block the next log is of, before it is applied to the book."""
        if block.number != self._block:
            self._keep_versions()
            self._block = block.number

    def take(self, applied: Applied) -> None:
        """Compare what an event makes, right after it was applied to the book."""
        self._events += 1
        self._blocks[self._block] = applied.log.block
        self._streams[LogRow].expect(log_row(applied))
        self._changed.update(changed_states(applied))
        if applied.after is not None:
            loan_id = applied.after.loan_id
            ordinal = self._ordinals.setdefault(loan_id, len(self._ordinals) + 1)
            self._holders += holder_rows(applied, ordinal)
        if applied.entry is not None:
            self._balances.post(applied.entry)
            self._streams[EntryRow].expect(entry_row(applied.entry))
            for row in line_rows(applied.entry):
                self._streams[LineRow].expect(row)

    def _keep_versions(self) -> None:
        """Keep versions as the mirror does: of final blocks the newest, of later ones each."""
        for model, key in self._changed:
            row = state_row(self._book, self._ordinals, model, key)
            row |= {"block_number": self._block, "state": digest_of(row["state"])}
            versions = self._versions[model][key]
            if self._block <= self._final:
                versions.clear()
            versions.append(row)
        self._changed.clear()

    def finish(
        self, deployment: Deployment, headers: Callable[[list[int]], Iterable[BlockRef]]
    ) -> tuple[int, list[Finding]]:
        """Compare the rest; returns rows compared and findings.

        ``headers`` gives the chain's blocks by number.
        """
        self._keep_versions()
        audits = list(self._streams.values())
        for stream in audits:
            stream.finish()
        audits += [self._audit_states(model) for model in STATE_MODELS]
        balances = [{"account": name, "balance": sum_} for name, sum_ in self._balances.items()]
        cursor = {
            "id": ONLY_ROW,
            "block_number": self._cursor,
            "final_number": self._final,
            "events": self._events,
        }
        audits += [
            audit_rows(self._session, LoanHolderRow, self._holders),
            audit_rows(self._session, BalanceRow, balances),
            audit_rows(self._session, BlockRow, self._block_rows(deployment, headers)),
            audit_rows(self._session, CursorRow, [cursor]),
            audit_rows(self._session, DeploymentRow, [deployment_row(deployment)]),
        ]
        findings = [finding for audit in audits for finding in audit.findings]
        return sum(audit.checked for audit in audits), findings

    def _audit_states(self, model: StateModel) -> TableAudit:
        rows = [
            {**row, "current": row is versions[-1]}
            for versions in self._versions[model].values()
            for row in versions
        ]
        return audit_rows(self._session, model, rows, STATE)

    def _block_rows(
        self, deployment: Deployment, headers: Callable[[list[int]], Iterable[BlockRef]]
    ) -> list[Row]:
        """Return the blocks that the mirror keeps: with logs, and from the final one on."""
        first = max(deployment.block - 1, min(self._final, self._cursor), 0)
        wanted = [n for n in range(first, self._cursor + 1) if n not in self._blocks]
        return [block_row(block) for block in (*self._blocks.values(), *headers(wanted))]
