"""A deployed book with its parties: the ground that the contract tests stand on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any, cast

from eth_hash.auto import keccak
from eth_typing import ABIEvent
from eth_utils.abi import event_abi_to_log_topic

from ledger.chain.abi import Interface
from ledger.chain.artifacts import Artifact, load, read
from ledger.core.agreement import Agreement, Document, Domain, struct_hash
from ledger.core.decode import decode_book, decode_registry
from ledger.core.events import Event
from ledger.core.packing import Row, schedule_hash
from ledger.core.types import ZERO_ADDRESS, Address, Kind, LoanId, MinorUnits, Policy, Timestamp
from tests.contract.agreed import Draft, even_rows
from tests.contract.chain import Chain, Key, RawLog, Revm, Sent
from tests.contract.views import FeesView, HoldingView, LoanView

ANY = 2**32 - 1
ALL = 2**256 - 1
ALL_PRINCIPAL = 2**128 - 1
DAY = 86_400
CNY, USD = b"CNY", b"USD"
TOKEN_CNY, BANK_CNY, BANK_USD = 0, 1, 2
"""Indices of the settlements that every world has."""
REF = keccak(b"reference")
POLICY = Policy(
    legal_annual_rate=360_000,
    max_penalty_rate=1_000,
    max_prepayment_fee_bps=500,
    max_attestation_lag=5,
)
MOCKS = Path(__file__).parent / "artifacts"


OUTSIDE = frozenset(
    event_abi_to_log_topic(cast(ABIEvent, entry))
    for entry in load("LoanBook").abi
    if entry["type"] == "event" and entry not in load("ILoanBook").abi
)
"""Topics of the standard events that the book emits beside its own: outside the heads."""


class Stage:
    """A registry, a token, a book and the people around it on one chain."""

    def __init__(self, chain: Chain | None = None, *, policy: Policy = POLICY) -> None:
        self.chain: Chain = chain or Revm()
        self.keys: dict[str, Key] = {}
        self.admin, self.originator = self.key("admin"), self.key("originator")
        self.custodian, self.registrar = self.key("custodian"), self.key("registrar")
        self.guardian, self.platform = self.key("guardian"), self.key("platform")
        self.borrower, self.merchant = self.key("borrower"), self.key("merchant")
        self.guarantor, self.receiver = self.key("guarantor"), self.key("receiver")
        self.ann, self.ben, self.cay = self.key("ann"), self.key("ben"), self.key("cay")
        self.stranger = self.key("stranger")
        self.history: list[tuple[int, RawLog]] = []
        self.drafts: list[Draft] = []
        self.tokens: list[Address] = []
        self._salt = 0
        self._interfaces: dict[Address, Interface] = {}
        self._deploy(policy)
        self._appoint()

    # ------------------------------------------------------------------ set-up

    def key(self, name: str) -> Key:
        """Return the key of a name, the same in every world."""
        if name not in self.keys:
            self.keys[name] = _key(name)
        return self.keys[name]

    def _deploy(self, policy: Policy) -> None:
        self.registry = self.create(load("PartyRegistry"), self.admin.address)
        self.libraries = {
            name: self.create(load(name)) for name in ("Origination", "Servicing", "Notes")
        }
        self.book = self.create(
            load("LoanBook"), self.registry, astuple(policy), self.admin.address
        )
        self.token = self.create_token("Custody CNY", CNY, 2)
        self.domain = Domain(self.chain.chain_id, self.book)
        self._separator = self.domain.separator

    def create(self, artifact: Artifact, *arguments: Any) -> Address:
        """Deploy a contract, linked with the book's libraries."""
        libraries = self.libraries if artifact.libraries else {}
        interface = Interface(artifact.name, artifact.abi)
        code = artifact.linked(libraries) + interface.constructor(*arguments)
        address, sent = self.chain.deploy(self.admin, code)
        self._remember(sent)
        self._interfaces[address] = interface
        return address

    def create_mock(self, name: str, *arguments: Any) -> Address:
        """Deploy a contract of tests/contract/mocks."""
        return self.create(read(MOCKS / f"{name}.json"), *arguments)

    def allow_token(self, token: Address, currency: bytes = CNY) -> Sent:
        """Let loans be settled in a token."""
        self.tokens.append(token)
        return self.transact(self.admin, self.book, "setSettlement", token, currency, True)

    def create_token(self, name: str, currency: bytes, decimals: int) -> Address:
        """Deploy a custody token whose custodian is ours."""
        arguments = name, currency.decode(), currency, decimals, self.admin.address
        token = self.create(load("CustodyToken"), *arguments)
        self.transact(self.admin, token, "grantRole", role("CUSTODIAN"), self.custodian.address)
        return token

    def _appoint(self) -> None:
        for name, key in (
            ("ORIGINATOR", self.originator),
            ("CUSTODIAN", self.custodian),
            ("GUARDIAN", self.guardian),
        ):
            self.transact(self.admin, self.book, "grantRole", role(name), key.address)
        registrar = role("REGISTRAR"), self.registrar.address
        self.transact(self.admin, self.registry, "grantRole", *registrar)
        for asset, currency in ((self.token, CNY), (ZERO_ADDRESS, CNY), (ZERO_ADDRESS, USD)):
            self.transact(self.admin, self.book, "setSettlement", asset, currency, True)
        for key in (self.borrower, self.ann, self.ben, self.cay):
            self.register(key, Kind.PERSON)
        self.register(self.merchant, Kind.COMPANY)
        self.register(self.guarantor, Kind.GUARANTOR)
        self.register(self.platform, Kind.PLATFORM, related=True)

    def register(self, key: Key, kind: Kind, *, related: bool = False) -> Sent:
        """Register a wallet under a subject of its own."""
        party = subject(key), kind, related
        return self.transact(self.registrar, self.registry, "register", key.address, party)

    # ------------------------------------------------------------------ calls

    def transact(self, sender: Key, to: Address, function: str, *arguments: Any) -> Sent:
        """Send a call of a contract that this world deployed."""
        sent = self.chain.send(sender, to, self._interfaces[to][function].encode(*arguments))
        self._remember(sent)
        return sent

    def _remember(self, sent: Sent) -> None:
        self.history += [(self.chain.now, log) for log in sent.logs]

    def ask(self, to: Address, function: str, *arguments: Any) -> Any:
        """Call a view; return its value, or a tuple of several."""
        entry = self._interfaces[to][function]
        values = entry.decode(self.chain.call(to, entry.encode(*arguments)))
        return values[0] if len(values) == 1 else values

    def selector(self, function: str, at: Address | None = None) -> bytes:
        """Return a function's selector, of the book unless another contract is named."""
        return self._interfaces[at or self.book][function].selector

    def encode(self, function: str, *arguments: Any) -> bytes:
        """Return a call of the book as bytes."""
        return self.encode_at(self.book, function, *arguments)

    def encode_at(self, to: Address, function: str, *arguments: Any) -> bytes:
        """Return a call of another contract as bytes."""
        return self._interfaces[to][function].encode(*arguments)

    def raw(self, function: str, *arguments: Any) -> bytes:
        """Call a view of the book; return the bytes of the answer."""
        return self.chain.call(self.book, self.encode(function, *arguments))

    def events(self, sent: Sent) -> list[Event]:
        """Return the events of book and registry in a transaction, strictly decoded."""
        found: list[Event | None] = []
        for log in sent.logs:
            if log.address == self.book:
                found.append(decode_book(log.topics, log.data))
            elif log.address == self.registry:
                found.append(decode_registry(log.topics, log.data))
        return [event for event in found if event is not None]

    def digest(self, document: Document) -> bytes:
        """Return what is signed: the EIP-712 digest in this book's domain."""
        return keccak(b"\x19\x01" + self._separator + struct_hash(document))

    def sign(self, key: Key, document: Document) -> bytes:
        return key.sign(self.digest(document))

    def travel_days(self, days: int) -> None:
        self.chain.travel(self.chain.now + days * DAY)

    def salt(self) -> int:
        """Return a number that no other document of this world has."""
        self._salt += 1
        return self._salt

    # ------------------------------------------------------------------ money and state

    def fund(self, key: Key, amount: int, token: Address | None = None) -> None:
        """Mint custody tokens to a wallet and let the book pull them."""
        token = token or self.token
        self.transact(self.custodian, token, "mint", key.address, amount)
        self.transact(key, token, "approve", self.book, ALL)

    def balance(self, owner: Key | Address, token: Address | None = None) -> int:
        address = owner.address if isinstance(owner, Key) else owner
        return int(self.ask(token or self.token, "balanceOf", address))

    def units(self, draft: Draft, holder: Key) -> int:
        loan = int.from_bytes(draft.loan_id, "big")
        return int(self.ask(self.book, "balanceOf", holder.address, loan))

    def claimable(self, draft: Draft, holder: Key) -> int:
        return int(self.ask(self.book, "claimable", draft.loan_id, holder.address))

    def loan(self, draft: Draft) -> LoanView:
        return LoanView.of(self.raw("loanOf", draft.loan_id))

    def holding(self, draft: Draft, holder: Key) -> HoldingView:
        return HoldingView.of(self.raw("holdingOf", draft.loan_id, holder.address))

    def fees(self, settlement: int, receiver: Key) -> FeesView:
        return FeesView.of(self.raw("feesOf", settlement, receiver.address))

    def due(self, draft: Draft, at: int) -> tuple[int, int, int, int]:
        """Return what is due at a time: fee, penalty, interest, principal."""
        split = self.ask(self.book, "amountsDue", draft.loan_id, draft.words, at)
        return split[0], split[1], split[2], split[3]

    # ------------------------------------------------------------------ drafts

    def draft(
        self,
        *,
        principal: int = 120_000,
        rows: Sequence[Row] | None = None,
        bank: bool = False,
        borrower: Key | None = None,
        guarantor: Key | None = None,
        **terms: Any,
    ) -> Draft:
        """Return a loan of three rows whose interest runs from the start of this day."""
        now = self.chain.now
        value_date = terms.pop("value_date", now - now % DAY)
        rows = tuple(rows or even_rows(principal, 3, 1_200, value_date))
        borrower = borrower or self.borrower
        agreement = Agreement(
            borrower=borrower.address,
            payee=borrower.address,
            guarantor=guarantor.address if guarantor else ZERO_ADDRESS,
            fee_receiver=self.receiver.address,
            asset=ZERO_ADDRESS if bank else self.token,
            currency=CNY,
            principal=MinorUnits(principal),
            schedule_hash=schedule_hash(rows),
            daily_rate=0,
            penalty_rate=500,
            grace_days=3,
            prepayment_fee_bps=100,
            default_after_days=60,
            write_off_after_days=180,
            value_date=Timestamp(value_date),
            funding_deadline=Timestamp(value_date + DAY),
            line=bytes(32),
            product=keccak(b"product"),
            purpose=keccak(b"purpose"),
            documents=keccak(b"documents"),
            salt=self.salt(),
        )
        return self.redraft(Draft(agreement, rows, borrower, guarantor, LoanId(b"")), **terms)

    def redraft(self, draft: Draft, **terms: Any) -> Draft:
        """Return a draft with other terms, and so with another id."""
        agreement = replace(draft.agreement, **terms)
        redrawn = replace(draft, agreement=agreement, loan_id=LoanId(self.digest(agreement)))
        self.drafts.append(redrawn)
        return redrawn


_KEYS: dict[str, Key] = {}


def _key(name: str) -> Key:
    """Return the key of a name; deriving one takes milliseconds."""
    if name not in _KEYS:
        _KEYS[name] = Key(name)
    return _KEYS[name]


def role(name: str) -> bytes:
    """Return a role's id."""
    return keccak(name.encode())


def subject(key: Key) -> bytes:
    """Return the subject behind a test wallet."""
    return keccak(f"subject {key.name}".encode())[:16]
