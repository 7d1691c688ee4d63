"""A small portfolio in which every kind of ending happens, mirrored into a database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import orjson

from ledger.core.journal import Tail
from ledger.core.packing import Row
from ledger.core.schedule import schedule
from ledger.core.terms import Method, Terms
from ledger.mirror import Mirror
from ledger.store import Store, open_store
from ledger.store.examine import save_result
from tests.fake_node import FakeNode, deployment_of
from tests.simulated_logs import BANK, LENDERS, START, address, agreement
from tests.simulation import SimulatedChain, SimulatedLoan

HOSTILE = "<script>alert(1)</script>"
SHORT_LOANS = 60
"""Loans that only open, so that lists have more than one page."""


def rows(
    principal: int, periods: int, method: Method = Method.ANNUITY, fee: int = 0
) -> tuple[Row, ...]:
    terms = Terms(
        principal=principal,
        annual_rate=Fraction("0.12"),
        periods=periods,
        value_date=datetime.fromtimestamp(START, UTC).date(),
        first_due=date(2026, 2, 1),
        method=method,
        fee_per_period=fee,
        timezone="UTC",
    )
    return tuple(instalment.row for instalment in schedule(terms).instalments)


def word(text: str) -> bytes:
    return text.encode().ljust(32, b"\0")


class Portfolio(SimulatedChain):
    """Loans by name, and the months that they live through."""

    def __init__(self) -> None:
        super().__init__()
        self.named: dict[str, SimulatedLoan] = {}
        self.create()

    def add(self, name: str, of: tuple[Row, ...], product: str, **terms: Any) -> SimulatedLoan:
        salt = len(self.loans)
        signed = agreement(of, salt=salt, product=word(product), purpose=word("travel"), **terms)
        self.named[name] = self.open(signed, of)
        return self.named[name]

    def open_all(self) -> None:
        add = self.add
        for loan in (
            add("on time", rows(12_000_00, 6), "marketplace@1", settlement=BANK),
            add("late", rows(50_000_00, 12, fee=5_00), "small-ticket@1"),
            add("early in full", rows(20_000_00, 6, Method.EQUAL_PRINCIPAL), "bank-term@1"),
            add("early in part", rows(30_000_00, 6), "marketplace@1", settlement=BANK),
            add("default", rows(80_000_00, 6, Method.INTEREST_ONLY), "cash-loan@1"),
            add("sold", rows(9_999_99, 3), HOSTILE, borrower=address("lender 3")),
        ):
            self.fund(loan, loan.signed.principal // 3, loan.signed.principal // 6)
        cancelled = add("cancelled", rows(5_000_00, 1), "purpose-loan@1")
        for lender in LENDERS[:2]:
            self.commit(cancelled, lender, 2_000_00)
        self.cancel(cancelled)
        for lender in LENDERS[:2]:
            self.refund(cancelled, lender)
        funding = add("funding", rows(1_234_567_89, 24), "debt-crowdfunding@1")
        self.commit(funding, LENDERS[0], 700_000_00)

    def live(self) -> None:
        """Let half a year pass."""
        self.open_all()
        named = self.named
        self.travel(31)
        for name in ("on time", "late", "early in full", "early in part", "default", "sold"):
            self.repay(named[name], None)
        self.pay_out(named["on time"], LENDERS[0], 500_00)
        self.assign(named["sold"], LENDERS[0], LENDERS[3], 1_000_00)
        self.transfer(named["sold"], LENDERS[1], LENDERS[2], 1)
        self.travel(45)
        self.prepay(named["early in part"], 10_000_00)
        self.prepay(named["early in full"], None)
        self.travel(59)
        for name in ("on time", "early in part"):
            self.repay(named[name], None, days_ago=1)
        self.travel(68)
        self.repay(named["late"], 2_000_00)
        self.repay(named["sold"], None)
        self.travel(90)
        for name in ("on time", "early in part", "sold"):
            self.repay(named[name], None)
        for holder in LENDERS:
            self.pay_out(named["sold"], holder)
        self.travel(105)
        assert self.default(named["default"])
        self.repay(named["default"], 10_000_00)
        self.withdraw_fees(0, 5_00)
        self.travel(125)
        self.repay(named["on time"], None)

    def many(self, count: int = SHORT_LOANS) -> None:
        short = rows(1_000_00, 1)
        for number in range(count):
            self.add(f"many {number}", short, "many@1")


def record_run(store: Store, result: dict[str, Any]) -> None:
    """Store the result of a reconciliation at the block on which the store stands."""
    with store.read() as view:
        standing = view.standing()
    assert standing is not None
    with store.write() as session:
        document = orjson.dumps(result).decode()
        save_result(session, standing.block, document, full=True, ok=result["ok"], tail=Tail())


CHECKED = {"checked": 12, "ok": True, "through_block": 40}
GOOD_RUN = {"checks": {"state": CHECKED, "journal": CHECKED}, "findings": [], "ok": True}
FINDING = {
    "code": "state",
    "severity": "error",
    "loan_id": None,
    "expected": "100",
    "found": HOSTILE,
    "where": "state.outstanding",
}
BAD_RUN = {
    "checks": {"state": CHECKED | {"ok": False, "through_block": None}},
    "findings": [FINDING],
    "ok": False,
}


def mirrored(chain: SimulatedChain, path: Path, **node: int) -> tuple[Store, FakeNode]:
    """Return the chain's book in a new database, and the node that it came from."""
    source = FakeNode(chain, **node)
    store = open_store(f"sqlite:///{path}")
    Mirror(source, store, deployment_of(source)).sync()  # type: ignore[arg-type]
    return store, source
