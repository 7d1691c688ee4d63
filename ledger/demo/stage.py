"""What a demonstration plays on: one chain, its clock, one new book, and the people in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from random import Random

from ledger.chain.abi import Call
from ledger.chain.client import Client
from ledger.chain.custody_token import CustodyToken
from ledger.chain.deploy import Deployer, Deployment
from ledger.chain.development import DevelopmentNode
from ledger.chain.loan_book import ALL, LoanBook
from ledger.chain.party_registry import PartyRegistry
from ledger.chain.signers import DevelopmentSigner
from ledger.chain.wire import Receipt
from ledger.core.agreement import Domain
from ledger.core.types import ZERO_ADDRESS, Address, BlockRef, Kind, Subject, Timestamp
from ledger.origination import Settling, SigningDesk
from ledger.senders import Senders
from ledger.staff import LEGAL_ANNUAL_RATE, development_staff, usual_plan
from ledger.store.vault import Vault

CURRENCY = "CNY"
GAS = 3_000_000
"""Limit of every transaction but the deployment's. The play knows that its calls pass; an
embedded chain would take as long to simulate each as to carry it out."""

ETHER = 10**18
FIRST_BORROWER = 20
"""Development account of the first borrower."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the play, with a key of their own and a random subject in the registry."""

    name: str
    signer: DevelopmentSigner
    subject: Subject

    @property
    def wallet(self) -> Address:
        """The wallet that signs and is paid."""
        return self.signer.address


class Stage:
    """A new book on a development chain. ``random`` decides whatever the play leaves open."""

    def __init__(self, client: Client, senders: Senders, vault: Vault, random: Random) -> None:
        self.client = client
        self.node = DevelopmentNode(client)
        self.random = random
        self._senders = senders
        self._vault = vault
        self._steps = 0
        self._staff = development_staff(client.chain_id)
        self.originator, self.custodian = self._staff.originator, self._staff.custodian
        self.fee_receiver = self._staff.fee_receiver
        self.deployment = self._deploy()
        address = self.deployment.book.address
        self.book = LoanBook(client, address)
        self._registry = PartyRegistry(client, self.deployment.registry.address)
        self.token = CustodyToken(client, self.deployment.tokens[CURRENCY].address)
        self.domain = Domain(client.chain_id, address)
        self.desk = SigningDesk(self.book, self.domain)

    def _deploy(self) -> Deployment:
        admin = self._staff.admin
        plan = usual_plan(admin.address, self._staff.roles, LEGAL_ANNUAL_RATE, (CURRENCY,))
        prefix = f"demo:{self.client.head().hash.hex()[:16]}:deploy"
        deployer = Deployer(
            self.client, lambda step, call: self._senders.send(admin, step, call), prefix
        )
        return deployer.deploy(plan)

    # ---------------------------------------------------------------- time

    def head(self) -> BlockRef:
        """Return the newest block: what the people on stage see."""
        return self.client.head()

    def now(self) -> Timestamp:
        """Return the chain's time."""
        return self.head().timestamp

    def wait_until(self, time: int) -> None:
        """Let chain time pass; nothing happens if it has passed already."""
        if time > self.now():
            self.node.travel_to(time)

    # ---------------------------------------------------------------- people and money

    def send(self, signer: DevelopmentSigner, what: str, call: Call) -> Receipt:
        """Send one transaction through the signer's outbox and wait until it is mined."""
        self._steps += 1
        request_id = f"demo:{self.book.address[:10]}:{self._steps:05}:{what}"
        return self._senders.send(signer, request_id, call, GAS)

    def fund(self, accounts: Iterable[int]) -> None:
        """Give development accounts ether for gas; not every node starts them with some."""
        chain_id = self.client.chain_id
        wallets = [DevelopmentSigner(account, chain_id).address for account in accounts]
        with self.node.bulk():
            self.node.fund(wallets, ETHER)

    def person(self, name: str, account: int, kind: Kind) -> Person:
        """Enrol somebody in the vault and register the wallet under a random subject."""
        signer = DevelopmentSigner(account, self.client.chain_id)
        subject = self._vault.enrol(f"{self.book.address}:{name}")
        call = self._registry.register(signer.address, subject, kind)
        self.send(self._staff.registrar, f"register:{name}", call)
        return Person(name, signer, subject)

    def deposit(self, person: Person, amount: int) -> None:
        """Have the bank credit a deposit, and let the book draw on the wallet."""
        self.send(self.custodian, f"mint:{person.name}", self.token.mint(person.wallet, amount))
        self.send(
            person.signer, f"approve:{person.name}", self.token.approve(self.book.address, ALL)
        )

    def documents(self, person: Person, facts: Mapping[str, str]) -> bytes:
        """Put facts under encryption and return the root that commits to them."""
        return self._vault.put(person.subject, facts)

    def settling(self, *, bank: bool) -> Settling:
        """Return what a loan is settled in: the deposit token, or money at the bank."""
        return Settling(ZERO_ADDRESS if bank else self.token.address, CURRENCY)

    @cached_property
    def settlements(self) -> dict[Address, int]:
        """The book's index of each asset, the bank under the zero address."""
        listed = self.book.settlements(self.head())
        return {settlement.token: index for index, settlement in enumerate(listed)}
