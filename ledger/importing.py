"""Bringing a loan tape onto a development chain: each row becomes a loan, funded and disbursed.

Borrowers and lenders sign with keys that anybody can derive, so this is for development chains
alone. Loans are dated to the chain's current day; schedules keep amounts, rate and length. What
is on the chain already is found by its borrower's wallet, which follows from the row's id: an
import that was interrupted is run again and doubles nothing.
"""

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from eth_hash.auto import keccak

from ledger.chain.client import Client
from ledger.chain.custody_token import CustodyToken
from ledger.chain.deploy import Deployment
from ledger.chain.development import DevelopmentNode
from ledger.chain.loan_book import ALL, LoanBook
from ledger.chain.party_registry import PartyRegistry
from ledger.chain.signers import DevelopmentSigner, LocalSigner
from ledger.core.agreement import Domain
from ledger.core.opening import check_rows
from ledger.core.schedule import Schedule, schedule
from ledger.core.types import Address, Kind, LoanId, Policy, Subject
from ledger.deployments import mirrored
from ledger.errors import BookError, ConfigError, Reverted, RowError, TermsError
from ledger.mirror import Mirror
from ledger.origination import (
    USUAL_CONDITIONS,
    Draft,
    Labels,
    Parties,
    Settling,
    SigningDesk,
    dated,
    draft,
    shares,
)
from ledger.outbox import Request
from ledger.senders import Senders
from ledger.staff import development_staff
from ledger.store import Store
from ledger.tape import TapeLoan

T = TypeVar("T", TapeLoan, "_Candidate")
R = TypeVar("R")

Step: TypeAlias = Callable[[int, int], None]
"""Told how much is done, of how much."""

BATCH = 50
"""Loans that are sent together."""

REGISTER_GAS = 200_000
SUBJECT_BYTES = 16
GAS_MARGIN_PERCENT = 25
ETHER = 10**18
LENDERS = range(10, 15)
"""Development accounts that lend."""

WEIGHTS = (5, 3, 2)
"""How the lenders of a loan share it."""

LATE_HOUR = 3_600
"""Within the last hour of a day loans are dated to the next one: funding ends with the day."""

LABEL_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a tape. ``principal`` of the loans opened now, minor units.

    ``agree`` and ``differ`` count loans whose first instalment is, or is not, what the tape
    quotes; ``already`` were on the chain before.
    """

    rows: int
    opened: tuple[LoanId, ...]
    already: int
    refused: tuple[RowError, ...]
    agree: int
    differ: int
    principal: int


@dataclass(frozen=True, slots=True)
class _Candidate:
    loan: TapeLoan
    borrower: LocalSigner
    draft: Draft
    lenders: tuple[tuple[DevelopmentSigner, int], ...]

    @property
    def row(self) -> int:
        """The line of the tape."""
        return self.loan.row


class TapeImport:
    """Imports loans of one tape profile into one book, settled in the token of ``currency``."""

    def __init__(
        self,
        client: Client,
        store: Store,
        senders: Senders,
        deployment: Deployment,
        profile: str,
        currency: str,
    ) -> None:
        if currency not in deployment.tokens:
            known = ", ".join(deployment.tokens)
            raise ConfigError("--currency", f"the book has no {currency} token; it has {known}")
        self._client, self._store, self._senders = client, store, senders
        self._deployment, self._profile = deployment, profile
        self._staff = development_staff(client.chain_id)
        self._node = DevelopmentNode(client)
        self._book = LoanBook(client, deployment.book.address)
        self._registry = PartyRegistry(client, deployment.registry.address)
        self._token = CustodyToken(client, deployment.tokens[currency].address)
        self._settling = Settling(self._token.address, currency)
        self._domain = Domain(client.chain_id, self._book.address)
        self._desk = SigningDesk(self._book, self._domain)
        self._lenders = [DevelopmentSigner(index, client.chain_id) for index in LENDERS]
        self._mirror = Mirror(client, store, mirrored(deployment))

    def run(self, items: Sequence[TapeLoan | RowError], step: Step) -> Imported:
        """Bring every good row onto the chain; ``step`` is told rows done, of how many."""
        self._finish_earlier()
        self._prepare_lenders()
        policy = self._book.policy(self._client.head())
        refused = [item for item in items if isinstance(item, RowError)]
        loans = [item for item in items if isinstance(item, TapeLoan)]
        done = len(refused)
        opened: list[_Candidate] = []
        already = 0
        for start in range(0, len(loans), BATCH):
            batch = loans[start : start + BATCH]
            fresh = self._unknown(batch)
            already += len(batch) - len(fresh)
            good = _sift(fresh, lambda loan: self._candidate(loan, policy), refused)
            opened += self._send(good, refused)
            done += len(batch)
            step(done, len(items))
        self._mirror.sync()
        return Imported(
            rows=len(items),
            opened=tuple(candidate.draft.loan_id for candidate in opened),
            already=already,
            refused=tuple(sorted(refused, key=lambda error: error.row)),
            agree=sum(candidate.loan.agrees is True for candidate in opened),
            differ=sum(candidate.loan.agrees is False for candidate in opened),
            principal=sum(candidate.draft.agreement.principal for candidate in opened),
        )

    def _finish_earlier(self) -> None:
        """Wait for what an interrupted import left unfinished, and mirror it."""
        staff = self._staff
        for signer in (staff.registrar, staff.custodian, staff.originator):
            self._senders.outbox(signer).wait()
        self._senders.caught_up(self._mirror.sync().block)

    # ---------------------------------------------------------------- one loan

    def _borrower(self, loan: TapeLoan) -> LocalSigner:
        """Return the borrower's key: it follows from the row's id, so that the loan is found."""
        return LocalSigner(keccak(f"loanbook tape\n{self._profile}\n{loan.external_id}".encode()))

    def _unknown(self, loans: Sequence[TapeLoan]) -> list[TapeLoan]:
        with self._store.read() as view:
            return [
                loan
                for loan in loans
                if not view.loans(borrower=self._borrower(loan).address, limit=1).items
            ]

    def _candidate(self, loan: TapeLoan, policy: Policy) -> _Candidate:
        """Return a loan that the book will take. Raises ``TermsError`` and ``BookError``."""
        borrower = self._borrower(loan)
        grade = loan.labels.get("sub_grade") or loan.labels.get("grade") or "tape"
        purpose = loan.labels.get("loan_purpose") or loan.labels.get("purpose") or ""
        item = draft(
            self._dated(loan.schedule),
            self._domain,
            self._settling,
            Parties(borrower.address, self._staff.fee_receiver.address),
            USUAL_CONDITIONS,
            Labels(f"{self._profile}/{grade}"[:LABEL_LENGTH], purpose[:LABEL_LENGTH]),
            salt=int.from_bytes(keccak(borrower.address.encode()), "big"),
        )
        if item.agreement.daily_rate:
            raise TermsError("method", "daily interest cannot be opened on a chain yet")
        check_rows(item.agreement, item.rows, policy)
        first = loan.row % len(self._lenders)
        turn = [*self._lenders[first:], *self._lenders[:first]]
        parts = zip(turn, shares(item.agreement.principal, WEIGHTS), strict=False)
        lenders = tuple((lender, amount) for lender, amount in parts if amount)
        return _Candidate(loan, borrower, item, lenders)

    def _dated(self, original: Schedule) -> Schedule:
        """Return the schedule as it is when interest runs from the chain's current day."""
        now = self._node.now() + LATE_HOUR
        zone = ZoneInfo(original.terms.timezone)
        return schedule(dated(original.terms, datetime.fromtimestamp(now, zone).date()))

    # ---------------------------------------------------------------- sending

    def _send(self, candidates: Sequence[_Candidate], refused: list[RowError]) -> list[_Candidate]:
        """Register, fund and open; return what was opened."""
        self._register([candidate.borrower.address for candidate in candidates])
        self._provide(candidates)
        pairs = _sift(candidates, lambda item: (item, self._opening(item)), refused)
        outbox = self._senders.outbox(self._staff.originator)
        outbox.submit_many([request for _, request in pairs])
        intents = outbox.wait([request.request_id for _, request in pairs])
        opened = []
        for (candidate, _), intent in zip(pairs, intents, strict=True):
            if intent.succeeded:
                opened.append(candidate)
            else:
                refused.append(RowError(candidate.row, "chain", str(intent.reason)))
        return opened

    def _opening(self, candidate: _Candidate) -> Request:
        """Return one transaction that opens, funds and disburses. Raises ``Reverted``."""
        item = candidate.draft
        calls = [self._desk.opening(item, candidate.borrower)]
        for lender, amount in candidate.lenders:
            calls.append(self._desk.commitment(item, lender, amount))
        calls.append(self._book.disburse(item.loan_id))
        call = self._book.multicall(calls)
        gas = self._client.simulate(call, self._staff.originator.address)
        # The loan's id is what was signed: one request, however often the import is run.
        return Request(f"tape:{item.loan_id.hex()}", call, gas * (100 + GAS_MARGIN_PERCENT) // 100)

    def _register(self, wallets: Iterable[Address]) -> None:
        """Register wallets that are not yet, each under a new random subject."""
        with self._store.read() as view:
            unknown = [wallet for wallet in wallets if view.party(wallet) is None]
        requests = []
        for wallet in unknown:
            subject = Subject(secrets.token_bytes(SUBJECT_BYTES))
            call = self._registry.register(wallet, subject, Kind.PERSON)
            requests.append(Request(f"tape:{wallet}:{subject.hex()}", call, REGISTER_GAS))
        outbox = self._senders.outbox(self._staff.registrar)
        outbox.submit_many(requests)
        outbox.wait([request.request_id for request in requests])

    def _prepare_lenders(self) -> None:
        """Register the lenders, give them gas, and let the book draw on their wallets."""
        wallets = [lender.address for lender in self._lenders]
        self._register(wallets)
        head = self._client.head()
        poor = [wallet for wallet in wallets if self._client.balance(wallet, head) < ETHER]
        with self._node.bulk():
            self._node.fund(poor, ETHER)
        for lender in self._lenders:
            if self._token.allowance(lender.address, self._book.address, head) < ALL:
                call = self._token.approve(self._book.address, ALL)
                self._senders.send(lender, f"tape:approve:{lender.address}:{head.number}", call)

    def _provide(self, candidates: Sequence[_Candidate]) -> None:
        """Have the bank credit the lenders with what these loans take and they lack."""
        head = self._client.head()
        for lender in self._lenders:
            needed = sum(
                amount
                for candidate in candidates
                for each, amount in candidate.lenders
                if each is lender
            )
            missing = needed - self._token.balance_of(lender.address, head)
            if missing > 0:
                call = self._token.mint(lender.address, missing)
                name = f"tape:mint:{lender.address}:{head.number}"
                self._senders.send(self._staff.custodian, name, call)


def _sift(items: Iterable[T], make: Callable[[T], R], refused: list[RowError]) -> list[R]:
    """Return what could be made of each item; what could not is added to ``refused``."""
    made = []
    for item in items:
        try:
            made.append(make(item))
        except TermsError as error:
            refused.append(RowError(item.row, error.field, error.problem))
        except BookError as error:
            problem = f"{error.problem}: expected {error.expected}, found {error.found}"
            refused.append(RowError(item.row, error.code, problem))
        except Reverted as error:
            refused.append(RowError(item.row, "chain", str(error)))
    return made
