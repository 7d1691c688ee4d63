"""Putting a book on a chain, and the file that says where it is."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any, TypeAlias

from eth_utils.crypto import keccak

from ledger.chain import loan_book
from ledger.chain.abi import Call, interface
from ledger.chain.artifacts import load
from ledger.chain.client import Client
from ledger.chain.contract import Contract
from ledger.chain.custody_token import CustodyToken
from ledger.chain.loan_book import LoanBook
from ledger.chain.party_registry import REGISTRAR_ROLE, PartyRegistry
from ledger.chain.signers import DEVELOPMENT_CHAIN_IDS
from ledger.chain.wire import Receipt, address_of, to_hex
from ledger.core.types import ZERO_ADDRESS, Address, Policy
from ledger.errors import InputError, TransactionReverted

Send: TypeAlias = Callable[[str, Call], Receipt]
"""Sends one transaction under a request id and returns its receipt once it is mined."""


@dataclass(frozen=True, slots=True)
class Roles:
    """Who may do what. The admin is whoever deploys."""

    originator: Address
    custodian: Address
    guardian: Address
    registrar: Address


@dataclass(frozen=True, slots=True)
class TokenSpec:
    """A deposit token to deploy; ``currency`` is the ISO 4217 code."""

    name: str
    symbol: str
    currency: str
    decimals: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a new book starts with: its rules, its roles, where loans may be settled."""

    admin: Address
    roles: Roles
    policy: Policy
    tokens: tuple[TokenSpec, ...]
    bank_currencies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deployed:
    """One contract: where, since which block, and the hash of its code."""

    address: Address
    block: int
    code_hash: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """A book and all that belongs to it. ``genesis`` is the hash of the chain's first block."""

    chain_id: int
    genesis: str
    book: Deployed
    registry: Deployed
    tokens: Mapping[str, Deployed]
    libraries: Mapping[str, Deployed]

    @property
    def first_block(self) -> int:
        """The block from which on a mirror has to read."""
        return min(self.book.block, self.registry.block)


class Deployer:
    """Deploys one book. The same request ids give the same book again, not another one."""

    def __init__(self, client: Client, send: Send, prefix: str = "deploy") -> None:
        self._client = client
        self._send = send
        self._prefix = prefix
        self._libraries: dict[str, Deployed] = {}

    def deploy(self, plan: Plan) -> Deployment:
        """Deploy everything in the plan and grant its roles.

        Raises ``TransactionReverted`` if the chain refuses a step.
        """
        registry = self._create("PartyRegistry", plan.admin)
        policy = astuple(plan.policy)
        book = self._create("LoanBook", registry.address, policy, plan.admin)
        tokens = {
            spec.currency: self._create(
                "CustodyToken",
                spec.name,
                spec.symbol,
                spec.currency.encode("ascii"),
                spec.decimals,
                plan.admin,
                step=f"CustodyToken.{spec.currency}",
            )
            for spec in plan.tokens
        }
        self._grant(plan, book, registry, tokens)
        self._list(plan, book, tokens)
        return Deployment(
            chain_id=self._client.chain_id,
            genesis=to_hex(self._client.block(0).hash),
            book=book,
            registry=registry,
            tokens=tokens,
            libraries=dict(self._libraries),
        )

    def _grant(
        self, plan: Plan, book: Deployed, registry: Deployed, tokens: Mapping[str, Deployed]
    ) -> None:
        roles = plan.roles
        target = LoanBook(self._client, book.address)
        grants: list[tuple[str, Contract, bytes, Address]] = [
            ("book.originator", target, loan_book.ORIGINATOR_ROLE, roles.originator),
            ("book.custodian", target, loan_book.CUSTODIAN_ROLE, roles.custodian),
            ("book.guardian", target, loan_book.GUARDIAN_ROLE, roles.guardian),
        ]
        parties = PartyRegistry(self._client, registry.address)
        grants.append(("registry.registrar", parties, REGISTRAR_ROLE, roles.registrar))
        for currency, token in tokens.items():
            money = CustodyToken(self._client, token.address)
            role = loan_book.CUSTODIAN_ROLE
            grants.append((f"{currency}.custodian", money, role, roles.custodian))
        for step, contract, role, account in grants:
            self._do(f"grant.{step}", contract.grant_role(role, account))

    def _list(self, plan: Plan, book: Deployed, tokens: Mapping[str, Deployed]) -> None:
        target = LoanBook(self._client, book.address)
        for currency, token in tokens.items():
            code = currency.encode("ascii")
            self._do(f"settle.{currency}", target.set_settlement(token.address, code, True))
        for currency in plan.bank_currencies:
            code = currency.encode("ascii")
            self._do(f"settle.bank.{currency}", target.set_settlement(ZERO_ADDRESS, code, True))

    def _create(self, name: str, *arguments: Any, step: str = "") -> Deployed:
        artifact = load(name)
        for library in artifact.libraries:
            if library not in self._libraries:
                self._libraries[library] = self._create(library)
        addresses = {library: made.address for library, made in self._libraries.items()}
        code = artifact.linked(addresses) + interface(name).constructor(*arguments)
        receipt = self._do(step or name, Call(None, code))
        if receipt.contract is None:
            raise InputError(f"{name}: the node gave no address for a created contract")
        block = self._client.block(receipt.block_hash)
        return Deployed(
            address=receipt.contract,
            block=block.number,
            code_hash=to_hex(keccak(self._client.code(receipt.contract, block))),
        )

    def _do(self, step: str, call: Call) -> Receipt:
        request_id = f"{self._prefix}:{step}"
        receipt = self._send(request_id, call)
        if not receipt.succeeded:
            raise TransactionReverted(request_id, receipt.tx_hash, "unknown reason")
        return receipt


def write_deployment(deployment: Deployment, folder: Path) -> Path:
    """Write ``CHAIN_ID.json`` and return its path.

    Raises ``InputError`` if the file names another book on a chain that is not a development
    chain: readers pin that address, so it is never replaced silently.
    """
    path = folder / f"{deployment.chain_id}.json"
    if path.exists() and deployment.chain_id not in DEVELOPMENT_CHAIN_IDS:
        known = read_deployment(path).book
        if known != deployment.book:
            raise InputError(f"{path} names the book {known.address}: move the file away first")
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(deployment), indent=2) + "\n", encoding="utf-8")
    return path


def read_deployment(path: Path) -> Deployment:
    """Return the deployment that a file describes. Raises ``InputError``."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Deployment(
            chain_id=int(content["chain_id"]),
            genesis=str(content["genesis"]),
            book=_deployed(content["book"]),
            registry=_deployed(content["registry"]),
            tokens={name: _deployed(item) for name, item in content["tokens"].items()},
            libraries={name: _deployed(item) for name, item in content["libraries"].items()},
        )
    except FileNotFoundError:
        raise InputError(f"there is no {path}: run `loanbook deploy`") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} does not describe a deployment: {error!r}") from error


def _deployed(item: Mapping[str, Any]) -> Deployed:
    return Deployed(address_of(item["address"]), int(item["block"]), str(item["code_hash"]))
