"""Totals of the trial balance by kind of account and unit."""

from collections.abc import Mapping

from starlette.datastructures import State

from api.deps import Snapshot
from api.schemas.book import KindTotal
from ledger.core.accounts import CHART


def totals_of(accounts: Mapping[str, int]) -> list[KindTotal]:
    """Return debits and credits of all accounts by kind and unit, in the chart's order."""
    sums: dict[tuple[str, str], list[int]] = {}
    for account, balance in accounts.items():
        kind, unit = account.split(":")[:2]
        total = sums.setdefault((unit, kind), [0, 0, 0])
        total[0] += 1
        total[1 if balance > 0 else 2] += abs(balance)
    kinds = list(CHART)
    return [
        KindTotal(
            kind=kind,
            name=CHART[kind][0],
            name_zh=CHART[kind][1],
            unit=unit,
            accounts=count,
            debit=debit,
            credit=credit,
        )
        for (unit, kind), (count, debit, credit) in sorted(
            sums.items(), key=lambda item: (item[0][0], kinds.index(item[0][1]))
        )
    ]


def totals_at(state: State, snapshot: Snapshot) -> list[KindTotal]:
    """Return the totals at a snapshot, added up once a block: a book can have many accounts."""
    block = snapshot.standing.block.hash
    known: tuple[bytes, list[KindTotal]] = getattr(state, "totals", (b"", []))
    if known[0] != block:
        known = state.totals = (block, totals_of(snapshot.view.trial_balance()))
    return known[1]
