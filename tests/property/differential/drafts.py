"""Random agreements: tiny and widest amounts, odd schedules, and some that must be refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from eth_hash.auto import keccak

from ledger.core.packing import Row, schedule_hash
from ledger.core.types import MinorUnits, Policy, Timestamp
from tests.contract.agreed import Draft
from tests.contract.evm import CNY, DAY
from tests.contract.world import World
from tests.property.differential.source import Source

WIDEST = 2**88 - 1
FEE_LIMIT = 2**48 - 1
INTEREST_LIMIT = 2**80 - 1
PRINCIPALS = (
    (1, 3),
    (2, 100),
    (1_000, 10_000_000),
    (1_000, 10_000_000),
    (2**60, 2**64),
    (WIDEST - 3, WIDEST),
)


def random_draft(source: Source, world: World, policy: Policy) -> Draft:
    """Return an agreement of today that the book should take."""
    now = world.chain.now
    value_date = now - source.integer(0, DAY - 1) if source.chance(80) else now + DAY
    principal = source.integer(*source.pick(PRINCIPALS))
    rows = random_rows(source, principal, value_date, policy)
    borrower = source.pick((world.borrower, world.merchant))
    grace = source.pick((0, 0, 3, 10))
    terms: dict[str, Any] = {
        "penalty_rate": source.pick((0, 1, 500, source.integer(0, policy.max_penalty_rate))),
        "grace_days": grace,
        "prepayment_fee_bps": source.pick((0, 1, policy.max_prepayment_fee_bps)),
        "default_after_days": grace + source.pick((0, 5, 30)),
        "funding_deadline": Timestamp(max(now, value_date + source.pick((0, DAY)))),
        "payee": source.pick((borrower, world.merchant, world.cay)).address,
    }
    return world.draft(
        principal=principal,
        rows=rows,
        bank=source.chance(50),
        borrower=borrower,
        guarantor=world.guarantor if source.chance(15) else None,
        value_date=value_date,
        **terms,
    )


def random_rows(source: Source, principal: int, value_date: int, policy: Policy) -> tuple[Row, ...]:
    """Return rows whose dates rise, whose principal sums up, and whose cost is legal."""
    count = source.pick((1, 1, 2, 3, 4, 6, source.integer(1, 14)))
    days, parts = _days(source, count), _parts(source, principal, count)
    left, last, balance_days = principal, 0, 0
    for due, part in zip(days, parts, strict=True):
        balance_days += left * (due - last)
        left, last = left - part, due
    budget = policy.legal_annual_rate * balance_days // 365_000_000
    rows = []
    for due, part in zip(days, parts, strict=True):
        interest = min(INTEREST_LIMIT, _share(source, budget))
        fee = min(FEE_LIMIT, _share(source, budget - interest)) if source.chance(40) else 0
        budget -= interest + fee
        due_at = value_date + due * DAY + source.pick((1, 43_200, DAY - 1, DAY))
        rows.append(Row(due_at, part, interest, fee))
    return tuple(rows)


def _share(source: Source, budget: int) -> int:
    return source.pick((0, min(budget, 7), budget // 12, source.integer(0, budget)))


def _days(source: Source, count: int) -> list[int]:
    """Return rising due days."""
    period = source.pick((1, 7, 30))
    days, last = [], 0
    for _ in range(count):
        last += period if source.chance(70) else source.integer(1, 40)
        days.append(last)
    return days


def _parts(source: Source, principal: int, count: int) -> list[int]:
    """Return principal by row: level, all at the end, or anyhow; the last is not zero."""
    shape = source.integer(0, 2)
    if shape == 0:
        parts = [principal // count] * (count - 1)
    elif shape == 1:
        parts = [0] * (count - 1)
    else:
        parts, left = [], principal - 1
        for _ in range(count - 1):
            part = source.pick((0, source.integer(0, left)))
            parts.append(part)
            left -= part
    return [*parts, principal - sum(parts)]


def spoilt(source: Source, world: World, draft: Draft, policy: Policy) -> Draft:
    """Return the draft with one term that the book must refuse (or, by chance, may not)."""
    agreed, rows = draft.agreement, draft.rows
    changes: tuple[dict[str, Any], ...] = (
        {"borrower": world.stranger.address},
        {"payee": world.platform.address},
        {"guarantor": world.stranger.address},
        {"fee_receiver": "0x" + "00" * 20},
        {"currency": b"XXX"},
        {"daily_rate": 1},
        {"line": keccak(b"line")},
        {"penalty_rate": policy.max_penalty_rate + 1},
        {"prepayment_fee_bps": policy.max_prepayment_fee_bps + 1},
        {"principal": MinorUnits(agreed.principal + source.pick((1, WIDEST)))},
        {"principal": MinorUnits(agreed.principal - 1)},
        {"funding_deadline": Timestamp(agreed.value_date + DAY + 1)},
        {"funding_deadline": Timestamp(world.chain.now - 1)},
        {"schedule_hash": keccak(b"other rows")},
        {},
    )
    change = source.pick(changes)
    if change:
        return world.redraft(draft, **change)
    spoilt_rows = source.pick(
        (
            (*rows, rows[-1]),
            (),
            (*rows[:-1], replace(rows[-1], principal=0)),
            (replace(rows[0], interest=INTEREST_LIMIT), *rows[1:]),
            (replace(rows[0], due_at=agreed.value_date), *rows[1:]),
            (*rows, replace(rows[-1], due_at=agreed.value_date + 18_301 * DAY + 1, principal=0)),
        )
    )
    fitting = replace(draft, rows=spoilt_rows)
    return world.redraft(fitting, schedule_hash=schedule_hash(spoilt_rows), currency=CNY)
