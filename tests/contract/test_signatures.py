"""Consent: every document against every way in which a signature can be wrong; ERC-1271."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from pyrevm import AccountInfo

from ledger.core.agreement import Cancellation, Document, Domain, digest
from ledger.core.types import Address, Kind
from tests.contract.agreed import Draft
from tests.contract.chain import CHAIN_ID, Key, Revm, malleable_twin
from tests.contract.evm import ALL
from tests.contract.refusals import expect_refusal
from tests.contract.world import World


@dataclass(frozen=True)
class Case:
    """A document that waits for a signature, the same about another loan, and the call."""

    document: Document
    elsewhere: Document
    signer: Key
    send: Callable[[bytes], object]


def agreement_case(world: World) -> Case:
    draft, other = world.draft(), world.draft()
    return Case(
        draft.agreement,
        other.agreement,
        world.borrower,
        lambda signature: world.open(draft, signature=signature),
    )


def guarantee_case(world: World) -> Case:
    draft, other = world.draft(guarantor=world.guarantor), world.draft()
    return Case(
        draft.agreement,
        other.agreement,
        world.guarantor,
        lambda signature: world.open(draft, guarantor_signature=signature),
    )


def commitment_case(world: World) -> Case:
    draft, other = world.draft(), world.draft()
    world.open(draft)
    world.fund(world.ann, 10)
    promise = world.commitment(draft, world.ann, 10)
    return Case(
        promise,
        replace(promise, loan_id=other.loan_id),
        world.ann,
        lambda signature: world.commit(
            draft, world.ann, document=promise, signature=signature, fund=False
        ),
    )


def prepayment_case(world: World) -> Case:
    draft, other = world.active(), world.draft()
    order = world.order(draft, 10)
    return Case(
        order,
        replace(order, loan_id=other.loan_id),
        world.borrower,
        lambda signature: world.prepay(draft, document=order, signature=signature),
    )


def cancellation_case(world: World) -> Case:
    draft, other = world.funded(), world.draft()
    document = Cancellation(draft.loan_id, world.chain.now)
    return Case(
        document,
        replace(document, loan_id=other.loan_id),
        world.borrower,
        lambda signature: world.cancel(draft, document=document, signature=signature),
    )


def sale_case(world: World, side: int) -> Case:
    draft, other = world.active(), world.draft()
    sale = world.sale(draft, world.ann, world.ben, 10, 0)
    good = world.sign(world.ann, sale), world.sign(world.ben, sale)

    def send(signature: bytes) -> object:
        both = (signature, good[1]) if side == 0 else (good[0], signature)
        return world.assign(draft, world.ann, world.ben, document=sale, signatures=both)

    signer = (world.ann, world.ben)[side]
    return Case(sale, replace(sale, loan_id=other.loan_id), signer, send)


CASES: dict[str, Callable[[World], Case]] = {
    "agreement": agreement_case,
    "guarantee": guarantee_case,
    "commitment": commitment_case,
    "prepayment": prepayment_case,
    "cancellation": cancellation_case,
    "sale by seller": lambda world: sale_case(world, 0),
    "sale by buyer": lambda world: sale_case(world, 1),
}


def elsewhere(world: World, case: Case, *, chain: int = CHAIN_ID, book: str = "") -> bytes:
    """Return a good signature of the document for another chain or book."""
    domain = Domain(chain, book or world.book)  # type: ignore[arg-type]
    return case.signer.sign(digest(case.document, domain))


def signed(world: World, case: Case) -> bytes:
    return world.sign(case.signer, case.document)


WRONG: dict[str, Callable[[World, Case], bytes]] = {
    "another key": lambda w, c: w.sign(w.stranger, c.document),
    "another loan": lambda w, c: w.sign(c.signer, c.elsewhere),
    "another chain": lambda w, c: elsewhere(w, c, chain=1),
    "another book": lambda w, c: elsewhere(w, c, book=w.registry),
    "upper s": lambda w, c: malleable_twin(signed(w, c)),
    "v of 0 or 1": lambda w, c: signed(w, c)[:64] + bytes([signed(w, c)[64] - 27]),
    "the other v": lambda w, c: signed(w, c)[:64] + bytes([55 - signed(w, c)[64]]),
    "cut to 64 bytes": lambda w, c: signed(w, c)[:64],
    "one byte more": lambda w, c: signed(w, c) + b"\0",
    "one bit flipped": lambda w, c: bytes([signed(w, c)[0] ^ 1]) + signed(w, c)[1:],
    "zeros": lambda *_: bytes(65),
    "empty": lambda *_: b"",
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("kind", CASES)
def test_signature__wrong__is_refused(world: World, kind: str, wrong: str) -> None:
    case = CASES[kind](world)
    signature = WRONG[wrong](world, case)
    signer, hashed = case.signer.address, world.digest(case.document)
    with expect_refusal(world, "BadSignature", signer=signer, digest=hashed):
        case.send(signature)


@pytest.mark.parametrize("kind", CASES)
def test_signature__right__is_taken(world: World, kind: str) -> None:
    case = CASES[kind](world)
    case.send(signed(world, case))


def test_agreement__same_terms_on_another_chain__are_another_loan(world: World) -> None:
    draft = world.draft()
    there = World(Revm(chain_id=1))
    assert there.book == world.book
    same_terms = there.redraft(draft)
    assert same_terms.loan_id != draft.loan_id
    values = {"signer": world.borrower.address, "digest": same_terms.loan_id}
    with expect_refusal(there, "BadSignature", **values):
        there.open(same_terms, signature=world.borrower.sign(draft.loan_id))
    assert there.open(same_terms).value == same_terms.loan_id


# ---------------------------------------------------------------------- contract wallets


def wallet_of(world: World, owner: Key, kind: Kind = Kind.PERSON) -> Key:
    """Return a registered contract wallet that its owner's key signs for."""
    wallet = AsWallet(world, owner)
    world.keys[wallet.name] = wallet
    world.register(wallet, kind)
    approval = world.encode_at(world.token, "approve", world.book, ALL)
    world.transact(owner, wallet.address, "execute", world.token, approval)
    return wallet


class AsWallet(Key):
    """A key that signs for a contract's address."""

    def __init__(self, world: World, owner: Key) -> None:
        super().__init__(owner.name)
        self.name = f"wallet of {owner.name}"
        self.address = world.create_mock("Wallet", owner.address)


def test_wallet__as_borrower__opens_orders_and_cancels(world: World) -> None:
    wallet = wallet_of(world, world.stranger)
    draft = world.funded(borrower=wallet)
    world.disburse(draft)
    assert world.balance(wallet) == 120_000
    world.transact(world.custodian, world.token, "mint", wallet.address, 5_000)
    world.prepay(draft, 1_000)
    assert world.loan(draft).outstanding == 119_000
    second = world.funded(borrower=wallet)
    world.cancel(second)
    assert world.loan(second).status == 6


def test_wallet__as_lender_seller_and_buyer__trades(world: World) -> None:
    first, second = wallet_of(world, world.key("x")), wallet_of(world, world.key("y"))
    for wallet in (first, second):
        world.transact(world.custodian, world.token, "mint", wallet.address, 120_000)
    draft = world.draft()
    world.open(draft)
    world.commit(draft, first, fund=False)
    world.disburse(draft)
    world.assign(draft, first, second, 50_000, 40_000, fund=False)
    assert world.units(draft, second) == 50_000
    assert (world.balance(first), world.balance(second)) == (40_000, 80_000)


def test_wallet__as_guarantor__signs(world: World) -> None:
    wallet = wallet_of(world, world.key("g"), Kind.GUARANTOR)
    draft = world.draft(guarantor=wallet)
    world.open(draft)
    assert world.loan(draft).guarantor == int(wallet.address, 16)


@pytest.mark.parametrize("wrong", ["another owner", "closed", "malleable"])
def test_wallet__does_not_confirm__is_refused(world: World, wrong: str) -> None:
    wallet = wallet_of(world, world.stranger)
    draft = world.draft(borrower=wallet)
    signature = wallet.sign(draft.loan_id)
    if wrong == "another owner":
        signature = world.ann.sign(draft.loan_id)
    elif wrong == "closed":
        world.transact(world.stranger, wallet.address, "close")
    else:
        signature = malleable_twin(signature)
    with expect_refusal(world, "BadSignature", signer=wallet.address, digest=draft.loan_id):
        world.open(draft, signature=signature)


def test_wallet__contract_that_is_no_wallet__is_refused(world: World) -> None:
    draft = with_code_of(world, world.token)
    with expect_refusal(world, "BadSignature", signer=world.borrower.address, digest=draft.loan_id):
        world.open(draft)


@pytest.mark.parametrize("owner", ["borrower", "ann"])
def test_wallet__key_whose_account_has_code__the_code_judges(world: World, owner: str) -> None:
    # As with EIP-7702: the account's own key counts only if its code says so.
    draft = with_code_of(world, world.create_mock("Wallet", world.key(owner).address))
    signature = world.key(owner).sign(draft.loan_id)
    other = world.key("ann" if owner == "borrower" else "borrower").sign(draft.loan_id)
    with expect_refusal(world, "BadSignature", signer=world.borrower.address, digest=draft.loan_id):
        world.open(draft, signature=other)
    world.open(draft, signature=signature)
    assert world.loan(draft).status == 1


def with_code_of(world: World, contract: Address) -> Draft:
    """Return a draft whose borrower's account has the code of a contract."""
    assert isinstance(world.chain, Revm)
    code = world.chain.evm.get_code(contract)
    world.chain.evm.insert_account_info(world.borrower.address, AccountInfo(code=code))
    return world.draft()
