"""The worked examples of tests/golden/allocation.json: contract and Python give every number."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pytest

from ledger.core import allocation
from ledger.core.events import Defaulted, Prepaid, Repaid
from ledger.core.packing import Row
from ledger.core.types import Address, Status
from tests.contract.agreed import Draft
from tests.contract.chain import Key
from tests.contract.evm import ALL, ALL_PRINCIPAL, DAY
from tests.contract.world import World
from tests.property.differential.model_loan import ModelLoan

Step = Mapping[str, Any]
BUCKETS = ("fee", "penalty", "interest", "principal")
EXAMPLES = json.loads(
    (Path(__file__).parents[1] / "golden" / "allocation.json").read_text(encoding="utf-8")
)["examples"]


def draft_of(world: World, example: Mapping[str, Any]) -> Draft:
    """Go to an example's value date and return its agreement."""
    value_date = int(datetime.fromisoformat(example["value_date"]).replace(tzinfo=UTC).timestamp())
    world.chain.travel(value_date)
    rows = [
        Row(end_of(value_date, row["due_day"]), row["principal"], row["interest"], row["fee"])
        for row in example["rows"]
    ]
    bank = example["mode"] == "bank"
    return world.draft(rows=rows, bank=bank, value_date=value_date, **example["terms"])


def end_of(value_date: int, day: int) -> int:
    """Return 24:00 of a day of the loan."""
    return value_date + (day + 1) * DAY


class Twin(Protocol):
    """One of the two that must agree with the arithmetic."""

    def play(self, step: Step) -> dict[str, Any]:
        """Do a step; return what the example expects of it."""
        ...


class Contract:
    """The compiled contract."""

    def __init__(self, world: World, draft: Draft, lenders: Mapping[str, int]) -> None:
        self.world, self.draft = world, draft
        world.open(draft)
        for name, amount in lenders.items():
            world.commit(draft, world.key(name), amount)
        world.disburse(draft)
        if not draft.bank:
            world.fund(world.borrower, 2 * draft.agreement.principal)

    def play(self, step: Step) -> dict[str, Any]:
        now = end_of(self.draft.agreement.value_date, step["day"])
        self.world.chain.travel(now)
        found: dict[str, Any] = getattr(self, f"_{step['do']}")(step)
        return found

    def _due(self, _step: Step) -> dict[str, int]:
        now = self.world.chain.now
        return dict(zip(BUCKETS, self.world.due(self.draft, now), strict=True))

    def _paid_at(self, step: Step) -> int | None:
        if "value_day" not in step:
            return None
        return end_of(self.draft.agreement.value_date, step["value_day"])

    def _repay(self, step: Step) -> dict[str, int]:
        amount = ALL if step["amount"] == "all" else step["amount"]
        sent = self.world.repay(self.draft, amount, paid_at=self._paid_at(step))
        (event,) = self.world.events(sent)
        assert isinstance(event, Repaid)
        return {bucket: getattr(event, bucket) for bucket in BUCKETS}

    def _prepay(self, step: Step) -> dict[str, Any]:
        amount = ALL_PRINCIPAL if step["amount"] == "all" else step["amount"]
        *first, early = self.world.events(self.world.prepay(self.draft, amount))
        due = {bucket: getattr(first[0], bucket) if first else 0 for bucket in BUCKETS}
        assert isinstance(early, Prepaid)
        return {
            "fee": early.fee,
            "interest": early.interest,
            "principal": early.principal,
            "due": due,
        }

    def _default(self, _step: Step) -> dict[str, int]:
        (event,) = self.world.events(self.world.declare_default(self.draft))
        assert isinstance(event, Defaulted)
        return {"day": event.day} | {bucket: getattr(event, bucket) for bucket in BUCKETS}

    def _transfer(self, step: Step) -> dict[str, int]:
        seller, buyer = self.world.key(step["from"]), self.world.key(step["to"])
        self.world.transfer(self.draft, seller, buyer, step["units"])
        return self._claims(step)

    def _pay_out(self, step: Step) -> dict[str, int]:
        holder = self.world.key(step["holder"])
        before = self.world.balance(holder)
        self.world.pay_out(self.draft, holder)
        return {"amount": self.world.balance(holder) - before}

    def _claims(self, step: Step) -> dict[str, int]:
        keys: dict[str, Key] = {name: self.world.key(name) for name in step["expect"]}
        return {name: self.world.claimable(self.draft, key) for name, key in keys.items()}

    def _end(self, _step: Step) -> dict[str, Any]:
        view = self.world.loan(self.draft)
        return {
            "status": Status(view.status).name.lower(),
            "accepted": view.accepted,
            "fees": self.world.fees(view.settlement, self.world.receiver).credited,
        }


class Python:
    """The allocation twin, with holders kept as the model keeps them."""

    def __init__(self, world: World, draft: Draft, lenders: Mapping[str, int]) -> None:
        self.world, self.fees = world, 0
        self.loan = ModelLoan(draft, 0, 5, status=Status.ACTIVE)
        self.loan.position = allocation.Position(outstanding=draft.agreement.principal)
        for name, amount in lenders.items():
            self.loan.account(self._address(name)).units = amount

    def _address(self, name: str) -> Address:
        return self.world.key(name).address

    def play(self, step: Step) -> dict[str, Any]:
        found: dict[str, Any] = getattr(self, f"_{step['do']}")(step)
        return found

    def _take(self, position: allocation.Position, holders: int, fee: int) -> None:
        self.loan.position = position
        self.loan.accepted += holders
        self.fees += fee

    def _due(self, step: Step) -> dict[str, int]:
        return _buckets(self.loan.due(step["day"]))

    def _repay(self, step: Step) -> dict[str, int]:
        budget = None if step["amount"] == "all" else step["amount"]
        day = step.get("value_day", step["day"])
        terms, rows = self.loan.terms, self.loan.draft.rows
        position, split = allocation.pay(terms, self.loan.position, rows, day, budget)
        self._take(position, split.holders, split.fee)
        return _buckets(split)

    def _prepay(self, step: Step) -> dict[str, Any]:
        amount = None if step["amount"] == "all" else step["amount"]
        terms, rows = self.loan.terms, self.loan.draft.rows
        position, due, early = allocation.prepay(
            terms, self.loan.position, rows, step["day"], amount
        )
        holders = due.holders + early.interest + early.principal
        self._take(position, holders, due.fee + early.fee)
        return {
            "fee": early.fee,
            "interest": early.interest,
            "principal": early.principal,
            "due": _buckets(due),
        }

    def _default(self, step: Step) -> dict[str, int]:
        terms, rows = self.loan.terms, self.loan.draft.rows
        position, claim = allocation.accelerate(terms, self.loan.position, rows, step["day"])
        self.loan.position = position
        return {
            "day": position.last_day,
            "fee": claim.fee,
            "penalty": claim.penalty,
            "interest": claim.interest,
            "principal": position.outstanding,
        }

    def _transfer(self, step: Step) -> dict[str, int]:
        seller, buyer = (self.loan.settle(self._address(step[side])) for side in ("from", "to"))
        seller.units -= step["units"]
        buyer.units += step["units"]
        return self._claims(step)

    def _pay_out(self, step: Step) -> dict[str, int]:
        amount = self.loan.claimable(self._address(step["holder"]))
        self.loan.account(self._address(step["holder"])).paid_out += amount
        return {"amount": amount}

    def _claims(self, step: Step) -> dict[str, int]:
        return {name: self.loan.claimable(self._address(name)) for name in step["expect"]}

    def _end(self, _step: Step) -> dict[str, Any]:
        status = "active" if self.loan.position.outstanding else "repaid"
        return {"status": status, "accepted": self.loan.accepted, "fees": self.fees}


def _buckets(split: allocation.Split) -> dict[str, int]:
    return {bucket: getattr(split, bucket) for bucket in BUCKETS}


@pytest.mark.parametrize("twin", [Contract, Python])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["name"])
def test_example__worked_by_hand__every_number_is_met(
    world: World, twin: type[Contract] | type[Python], example: Mapping[str, Any]
) -> None:
    played: Twin = twin(world, draft_of(world, example), example["lenders"])
    for step in example["steps"]:
        assert played.play(step) == step["expect"], step["why"]
