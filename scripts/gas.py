"""Gas of each operation as a whole transaction (Prague), printed as one JSON object.

Each figure is the gas of a receipt of py-evm: intrinsic gas and calldata are in it. Unless its
name says otherwise, an operation finds the state that most of its kind find: twelve rows, the
borrower has had a loan, holders keep some tokens, a repayment is on time and not the loan's
first. `--update` writes the snapshot that a test compares with.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from scripts.toolchain import ROOT
from tests.contract.agreed import Draft, even_rows
from tests.contract.evm import DAY
from tests.contract.pyevm import PyEvm
from tests.contract.world import World

PRINCIPAL = 1_200_000
ROWS = 12
FEE = 100
SNAPSHOT = ROOT / "tests" / "contract" / "gas_snapshot.json"


class Meter:
    """One world in which every operation is done once and its gas noted by name."""

    def __init__(self) -> None:
        self.world = World(PyEvm())
        self.gas: dict[str, int] = {}
        world = self.world
        for key in (world.ann, world.ben, world.cay, world.borrower):
            world.fund(key, 100 * PRINCIPAL)
        # The book and the receiver hold something already.
        world.transact(world.custodian, world.token, "mint", world.book, 1)
        world.transact(world.custodian, world.token, "mint", world.receiver.address, 1)

    def draft(self, *, bank: bool = False, fee: int = 0, **terms: Any) -> Draft:
        """Return a loan of twelve rows."""
        now = self.world.chain.now
        value_date = now - now % DAY
        rows = even_rows(PRINCIPAL, ROWS, 12_000, value_date, fee)
        return self.world.draft(principal=PRINCIPAL, rows=rows, bank=bank, **terms)

    def travel_to(self, draft: Draft, row: int, late: int = 0) -> None:
        """Go to the last hour of the day on which a row is due, or some days later."""
        self.world.chain.travel(draft.rows[row].due_at - 3_600 + late * DAY)

    def fund_and_disburse(self, draft: Draft, suffix: str) -> None:
        """Fund a loan by two lenders and disburse it; note the second commitment."""
        world = self.world
        half = PRINCIPAL // 2
        world.commit(draft, world.ben, half, fund=False)
        self.gas[f"commit{suffix}"] = world.commit(draft, world.ann, half, fund=False).gas
        self.gas[f"disburse{suffix}"] = world.disburse(draft).gas


def measure_opening(meter: Meter) -> None:
    """Measure openings of a borrower's first and later loans, and the ways back."""
    world, gas = meter.world, meter.gas
    gas["open_first"] = world.open(meter.draft()).gas
    gas["open"] = world.open(meter.draft()).gas
    guaranteed = meter.draft(guarantor=world.guarantor, payee=world.merchant.address)
    gas["open_guaranteed"] = world.open(guaranteed).gas
    gas["open_bank"] = world.open(meter.draft(bank=True)).gas
    cancelled = meter.draft()
    world.open(cancelled)
    world.commit(cancelled, world.ann, fund=False)
    gas["cancel"] = world.cancel(cancelled).gas
    gas["refund"] = world.refund(cancelled, world.ann).gas
    expired = meter.draft()
    world.open(expired)
    world.travel_days(2)
    gas["expire"] = world.expire(expired).gas


def measure_token(meter: Meter) -> None:
    """Measure a loan in tokens: repaid on time and late, traded, repaid early, paid out."""
    world, gas = meter.world, meter.gas
    draft = meter.draft()
    world.open(draft)
    meter.fund_and_disburse(draft, "")
    meter.travel_to(draft, 0)
    gas["repay_token_first"] = world.repay(draft).gas
    gas["payout_first"] = world.pay_out(draft, world.ann).gas
    meter.travel_to(draft, 1)
    gas["repay_token"] = world.repay(draft).gas
    gas["payout"] = world.pay_out(draft, world.ann).gas
    meter.travel_to(draft, 2, late=5)
    gas["repay_token_late"] = world.repay(draft, 20_000).gas
    world.repay(draft)
    gas["transfer_first"] = world.transfer(draft, world.ann, world.cay, 1_000).gas
    gas["transfer"] = world.transfer(draft, world.ann, world.cay, 1_000).gas
    gas["assign"] = world.assign(draft, world.ann, world.cay, fund=False).gas
    gas["prepay"] = world.prepay(draft, 10_000).gas
    meter.travel_to(draft, 3)
    gas["repay_token_after_prepay"] = world.repay(draft).gas
    gas["prepay_all"] = world.prepay(draft).gas
    gas["withdraw_fees"] = world.withdraw_fees(0, 50).gas


def measure_fees_and_default(meter: Meter) -> None:
    """Measure repayments with a fee in each row, and default."""
    world, gas = meter.world, meter.gas
    draft = meter.draft(fee=FEE)
    world.open(draft)
    world.commit(draft, world.ann, fund=False)
    world.disburse(draft)
    for row in (0, 1):
        meter.travel_to(draft, row)
        gas["repay_token_fee"] = world.repay(draft).gas
    meter.travel_to(draft, 2, late=70)
    gas["default"] = world.declare_default(draft).gas
    gas["repay_token_defaulted"] = world.repay(draft, 50_000).gas


def measure_bank(meter: Meter) -> None:
    """Measure a loan whose money moves at the bank."""
    world, gas = meter.world, meter.gas
    draft = meter.draft(bank=True)
    world.open(draft)
    meter.fund_and_disburse(draft, "_bank")
    for row, name in ((0, "_first"), (1, "")):
        meter.travel_to(draft, row)
        gas[f"repay_bank{name}"] = world.repay(draft).gas
        gas[f"payout_bank{name}"] = world.pay_out(draft, world.ann).gas
    gas["assign_bank"] = world.assign(draft, world.ann, world.cay).gas
    gas["prepay_bank"] = world.prepay(draft, 10_000).gas


MEASUREMENTS: tuple[Callable[[Meter], None], ...] = (
    measure_opening,
    measure_token,
    measure_fees_and_default,
    measure_bank,
)


def measure() -> dict[str, int]:
    """Return the gas of every operation by name."""
    meter = Meter()
    for step in MEASUREMENTS:
        step(meter)
    return dict(sorted(meter.gas.items()))


def main() -> int:
    """Print the figures; with ``--update`` write them to the snapshot too."""
    parser = argparse.ArgumentParser(description="gas of each operation, as one JSON object")
    parser.add_argument("--update", action="store_true", help="write the snapshot")
    options = parser.parse_args()
    text = json.dumps(measure(), indent=2)
    print(text)
    if options.update:
        SNAPSHOT.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
