"""After each step: what the contract stores against the model, and what must always hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ledger.core.allocation import effective_row
from ledger.core.types import Address, Status
from tests.contract.views import FeesView, HoldingView, LoanView, words
from tests.contract.world import World
from tests.property.differential.model import Model
from tests.property.differential.model_loan import Account, ModelLoan

FUNDING, CANCELLED = int(Status.FUNDING), int(Status.CANCELLED)
MOVES = {
    Status.NONE: {Status.FUNDING},
    Status.FUNDING: {Status.ACTIVE, Status.CANCELLED},
    Status.ACTIVE: {Status.REPAID, Status.DEFAULTED},
    Status.DEFAULTED: {Status.REPAID},
}
"""The state diagram."""


class Mismatch(AssertionError):
    """The contract and the model differ, or an invariant is broken."""


def same(what: str, contract: Any, model: Any) -> None:
    """Raise ``Mismatch`` unless the two are equal."""
    if contract != model:
        raise Mismatch(f"{what}: contract {contract}, model {model}")


def holds(what: str, true: bool) -> None:
    """Raise ``Mismatch`` if an invariant is broken."""
    if not true:
        raise Mismatch(f"broken: {what}")


class Reader:
    """The book's views, asked with hand-made calldata."""

    def __init__(self, world: World) -> None:
        self._chain, self._book, self._token = world.chain, world.book, world.token
        self._selectors = {
            name: world.selector(name)
            for name in ("loanOf", "holdingOf", "claimable", "balanceOf", "feesOf", "bookHead")
        }
        self._balance_of = world.selector("balanceOf", world.token)
        self._loans_head = world.selector("loansHead")

    def _ask(self, name: str, *arguments: bytes) -> bytes:
        return self._chain.call(self._book, self._selectors[name] + b"".join(arguments))

    def loan(self, loan_id: bytes) -> LoanView:
        return LoanView.of(self._ask("loanOf", loan_id))

    def account(self, loan_id: bytes, holder: Address) -> Account:
        """Return a holder's units and account."""
        holding = HoldingView.of(self._ask("holdingOf", loan_id, padded(holder)))
        units = words(self._ask("balanceOf", padded(holder), loan_id))[0]
        return Account(units, holding.earned, holding.seen, holding.paid_out)

    def claimable(self, loan_id: bytes, holder: Address) -> int:
        return words(self._ask("claimable", loan_id, padded(holder)))[0]

    def fees(self, settlement: int, receiver: Address) -> FeesView:
        return FeesView.of(self._ask("feesOf", settlement.to_bytes(32, "big"), padded(receiver)))

    def tokens(self, owner: Address) -> int:
        return words(self._chain.call(self._token, self._balance_of + padded(owner)))[0]

    def book_head(self) -> bytes:
        return self._ask("bookHead")

    def loans_head(self, subject: bytes) -> bytes:
        return self._chain.call(self._book, self._loans_head + subject.ljust(32, b"\0"))


def padded(address: Address) -> bytes:
    """Return an address as a word."""
    return bytes.fromhex(address[2:]).rjust(32, b"\0")


def check_loan(reader: Reader, loan: ModelLoan) -> None:
    """Compare one loan and its holders, and check invariants 2, 3, 4 and 6 on it."""
    loan_id = loan.draft.loan_id
    view = reader.loan(loan_id)
    same("loanOf", view, loan.view())
    accounts, claims = [], 0
    for holder, expected in loan.accounts.items():
        account = reader.account(loan_id, holder)
        same(f"account of {holder}", account, expected)
        accounts.append(account)
        claim = reader.claimable(loan_id, holder)
        same(f"claimable of {holder}", claim, loan.claimable(holder))
        claims += claim
    _check_entitlement(view, accounts, claims)
    _check_outstanding(view, loan)


def _check_entitlement(view: LoanView, accounts: list[Account], claims: int) -> None:
    units = sum(account.units for account in accounts)
    if view.status in (FUNDING, CANCELLED):
        holds("4: notes sum to the escrow", units == view.outstanding)
        return
    holds("4: notes sum to the principal", units == view.principal)
    rest = view.accepted - sum(account.paid_out for account in accounts) - claims
    holds("2: the rest is not negative", rest >= 0)
    holds("2: the rest is below one unit a holder", rest < max(1, len(accounts)))
    earned = sum(a.earned + a.units * (view.accepted - a.seen) for a in accounts)
    holds("2: exact shares sum to R", earned == view.accepted * view.principal)


def _check_outstanding(view: LoanView, loan: ModelLoan) -> None:
    if view.status not in (int(Status.ACTIVE), int(Status.DEFAULTED), int(Status.REPAID)):
        return
    holds(
        "3: what was paid and what is left are the principal",
        view.outstanding == view.principal - loan.principal_paid,
    )
    holds(
        "8: repaid means nothing outstanding",
        (view.status == int(Status.REPAID)) == (view.outstanding == 0),
    )
    if view.status != int(Status.ACTIVE):
        return
    rows = loan.draft.rows
    left = [effective_row(rows, i, view.early_principal) for i in range(view.row, len(rows))]
    paid = max(0, view.row_paid - left[0].fee - left[0].interest) if left else 0
    holds(
        "3: outstanding is the rows that are not paid",
        view.outstanding == sum(row.principal for row in left) - paid,
    )


def check_money(reader: Reader, model: Model, owners: Iterable[Address]) -> None:
    """Compare every balance; check invariant 1, here an equation, since donations are known."""
    for owner in owners:
        same(f"tokens of {owner}", reader.tokens(owner), model.balances.get(owner, 0))
    owed = model.donated
    for loan in model.loans.values():
        if loan.bank:
            continue
        if loan.status in (Status.FUNDING, Status.CANCELLED):
            owed += loan.position.outstanding
        else:
            owed += loan.accepted - sum(a.paid_out for a in loan.accounts.values())
    for (settlement, receiver), (credited, withdrawn) in model.fees.items():
        view = reader.fees(settlement, receiver)
        same(f"fees of {receiver}", (view.credited, view.withdrawn), (credited, withdrawn))
        if settlement == 0:
            owed += credited - withdrawn
    holds("1: tokens held are what is owed", reader.tokens(model.book) == owed)
