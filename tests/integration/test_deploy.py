"""A whole book on every kind of chain, and what its typed views say."""

from __future__ import annotations

import pytest
from eth_utils.crypto import keccak

from ledger.chain import loan_book
from ledger.chain.client import Client
from ledger.chain.custody_token import CustodyToken
from ledger.chain.deploy import Deployer, Plan, Roles, TokenSpec
from ledger.chain.loan_book import LoanBook
from ledger.chain.party_registry import REGISTRAR_ROLE, PartyRegistry
from ledger.chain.signers import DevelopmentSigner
from ledger.core.types import ZERO_ADDRESS, Address, Kind, LoanId, Policy, Status, Subject
from ledger.errors import Reverted
from ledger.outbox import Outbox
from ledger.store import Store
from tests.integration.conftest import send_plainly

NOBODY = Address("0x" + "12" * 20)
ADMIN, ORIGINATOR, CUSTODIAN, GUARDIAN, REGISTRAR = range(5)
POLICY = Policy(360_000, 1_000, 500, 5)


def _plan(client: Client) -> Plan:
    wallets = [DevelopmentSigner(index, client.chain_id).address for index in range(5)]
    return Plan(
        admin=wallets[ADMIN],
        roles=Roles(*wallets[1:]),
        policy=POLICY,
        tokens=(TokenSpec("Deposit", "dCNY", "CNY", 2), TokenSpec("Deposit", "dUSD", "USD", 2)),
        bank_currencies=("CNY",),
    )


def test_deploy__everything__in_place_and_repeatable(client: Client, store: Store) -> None:
    plan = _plan(client)
    with Outbox(store.outbox, client, DevelopmentSigner(ADMIN, client.chain_id)) as outbox:
        deployment = Deployer(client, outbox.send).deploy(plan)
        head = client.head()
        again = Deployer(client, outbox.send).deploy(plan)

    assert again == deployment
    assert client.head() == head
    book = LoanBook(client, deployment.book.address)
    registry = PartyRegistry(client, deployment.registry.address)
    tokens = {name: CustodyToken(client, made.address) for name, made in deployment.tokens.items()}
    code = client.code(book.address, head)
    assert deployment.book.code_hash == "0x" + keccak(code).hex()
    assert len(code) <= 24_576
    assert deployment.genesis == "0x" + client.block(0).hash.hex()
    assert deployment.first_block == deployment.registry.block
    assert (book.registry(head), book.policy(head)) == (registry.address, POLICY)
    assert [(item.token, item.currency, item.open) for item in book.settlements(head)] == [
        (tokens["CNY"].address, b"CNY", True),
        (tokens["USD"].address, b"USD", True),
        (ZERO_ADDRESS, b"CNY", True),
    ]
    assert [token.currency(head) for token in tokens.values()] == [b"CNY", b"USD"]
    assert [token.decimals(head) for token in tokens.values()] == [2, 2]
    roles = plan.roles
    assert book.has_role(loan_book.ORIGINATOR_ROLE, roles.originator, head)
    assert book.has_role(loan_book.CUSTODIAN_ROLE, roles.custodian, head)
    assert book.has_role(loan_book.GUARDIAN_ROLE, roles.guardian, head)
    assert registry.has_role(REGISTRAR_ROLE, roles.registrar, head)
    assert tokens["USD"].has_role(loan_book.CUSTODIAN_ROLE, roles.custodian, head)
    assert not book.has_role(loan_book.ORIGINATOR_ROLE, roles.custodian, head)

    # Typed calls and views on what was deployed.
    subject = Subject(b"\x07" * 16)
    send_plainly(client, registry.register(NOBODY, subject, Kind.COMPANY, True), REGISTRAR)
    send_plainly(client, book.set_paused(True), GUARDIAN)
    now = client.head()
    party = registry.party_of(NOBODY, now)
    assert (party.subject, party.kind, party.related) == (subject, Kind.COMPANY, True)
    assert registry.seq(now) == registry.seq(head) + 1
    assert registry.head(now) != registry.head(head)
    assert (book.paused(head), book.paused(now)) == (False, True)
    assert book.book_seq(now) == book.book_seq(head) + 1
    unknown = book.loan_of(LoanId(b"\x01" * 32), now)
    assert (unknown.state.status, unknown.wallets.borrower) == (Status.NONE, ZERO_ADDRESS)
    with pytest.raises(Reverted, match=f"UnregisteredParty.wallet={ZERO_ADDRESS}"):
        registry.party_of(ZERO_ADDRESS, now)
    with pytest.raises(Reverted, match="WrongStatus"):
        client.simulate(book.expire(LoanId(b"\x01" * 32)), roles.originator)


def test_deploy__policy_out_of_range__refused_with_the_value(client: Client, store: Store) -> None:
    plan = _plan(client)
    greedy = Plan(plan.admin, plan.roles, Policy(2_000_000, 1, 1, 1), (), ())
    with (
        Outbox(store.outbox, client, DevelopmentSigner(ADMIN, client.chain_id)) as outbox,
        pytest.raises(Reverted) as caught,
    ):
        Deployer(client, outbox.send).deploy(greedy)

    assert caught.value.name == "PolicyOutOfRange"
    assert caught.value.values["value"] == 2_000_000
