"""One random history: chooses a call, predicts it, sends it, compares everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from eth_hash.auto import keccak

from ledger.core.decode import decode_book
from ledger.core.types import ZERO_ADDRESS, Kind, Policy, Status
from ledger.errors import Reverted
from tests.contract.chain import Key, Sent, malleable_twin
from tests.contract.evm import ALL, ANY, CNY, DAY, OUTSIDE, USD, subject
from tests.contract.world import World
from tests.property.differential.check import (
    MOVES,
    Mismatch,
    Reader,
    check_loan,
    check_money,
    holds,
    same,
)
from tests.property.differential.model import Model
from tests.property.differential.model_loan import ModelLoan
from tests.property.differential.opening_model import RawEvent, Signature
from tests.property.differential.refusal import Refusal
from tests.property.differential.source import Source

POLICY = Policy(
    legal_annual_rate=1_000_000,
    max_penalty_rate=10_000,
    max_prepayment_fee_bps=1_000,
    max_attestation_lag=5,
)
FORTUNE = 2**100
Predict = Callable[[], list[RawEvent]]
Act = Callable[[], Sent]


class History:
    """A world, its model, and the calls made so far."""

    def __init__(self) -> None:
        self.world = World(policy=POLICY)
        world = self.world
        self.people = [world.ann, world.ben, world.cay, world.borrower, world.merchant]
        self.owners = [key.address for key in (*self.people, world.receiver, world.stranger)]
        for key in self.people:
            world.fund(key, FORTUNE)
        self.model = self._model()
        self.reader = Reader(world)
        self.operations = 0
        self.demoted: dict[Key, Kind] = {}
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.last = "set-up"

    def _model(self) -> Model:
        world = self.world
        kinds = dict.fromkeys(
            (key.address for key in (world.borrower, world.ann, world.ben, world.cay)), Kind.PERSON
        )
        kinds |= {world.merchant.address: Kind.COMPANY, world.guarantor.address: Kind.GUARANTOR}
        kinds |= {world.platform.address: Kind.PLATFORM}
        model = Model(
            book=world.book,
            token=world.token,
            policy=POLICY,
            kinds=kinds,
            roles={
                "ORIGINATOR": {world.originator.address},
                "CUSTODIAN": {world.custodian.address},
                "GUARDIAN": {world.guardian.address},
            },
            settlements=[(world.token, CNY), (ZERO_ADDRESS, CNY), (ZERO_ADDRESS, USD)],
            allowing={key.address for key in self.people},
            balances={key.address: FORTUNE for key in self.people},
            now=world.chain.now,
        )
        for _, log in world.history:
            if log.address == world.book and log.topics[0] not in OUTSIDE:
                model.chain_book((log.topics, log.data))
                model.book_seq += 1
        return model

    # ------------------------------------------------------------------ one step

    def step(self, name: str, predict: Predict, act: Act, loan: ModelLoan | None = None) -> bool:
        """Make one call on both sides and compare; return whether it was accepted."""
        self.operations += 1
        self.last = name
        self.model.now = self.world.chain.now
        before = loan.status if loan else Status.NONE
        try:
            expected = predict()
        except Refusal as refusal:
            self._refused(name, refusal, act)
            return False
        try:
            sent = act()
        except Reverted as error:
            raise Mismatch(f"{name}: contract refused with {error}, model accepted") from error
        self.done[name] += 1
        self._same_events(sent, expected)
        if loan:
            holds(
                "8: the status moved along the diagram",
                loan.status is before or loan.status in MOVES.get(before, ()),
            )
        self.compare(loan)
        return True

    def _refused(self, name: str, refusal: Refusal, act: Act) -> None:
        try:
            act()
        except Reverted as error:
            same(f"{name}: error", (error.name, error.values), (refusal.name, refusal.values))
        else:
            raise Mismatch(f"{name}: contract accepted, model refused with {refusal}")
        if refusal.name == "IsPaused":
            holds("7: a pause stops these only", name in ("open", "commit", "disburse"))
        self.refused[refusal.name] += 1
        same("book head after a refusal", self.reader.book_head(), self.model.book_head)

    def _same_events(self, sent: Sent, expected: list[RawEvent]) -> None:
        found = [
            (log.topics, log.data)
            for log in sent.logs
            if log.address == self.world.book and log.topics[0] not in OUTSIDE
        ]
        if found != expected:
            same("events", _read(found), _read(expected))
            same("raw events", found, expected)

    def compare(self, loan: ModelLoan | None) -> None:
        """Compare what one call can have changed; money and book head always."""
        if loan:
            check_loan(self.reader, loan)
        check_money(self.reader, self.model, self.owners)
        same("book head", self.reader.book_head(), self.model.book_head)

    def compare_all(self) -> None:
        """Compare every loan and every chain of openings."""
        for loan in self.model.loans.values():
            check_loan(self.reader, loan)
        for key in (self.world.borrower, self.world.merchant):
            expected = self.model.loans_heads.get(key.address, bytes(32))
            same("loansHead", self.reader.loans_head(subject(key)), expected)
        self.compare(None)

    def same_claims(self, loan: ModelLoan, sides: tuple[Key, Key], before: tuple[int, int]) -> None:
        """Check that a move of notes moved no cash already earned."""
        after = [self.reader.claimable(loan.draft.loan_id, key.address) for key in sides]
        holds("4: a transfer moves no cash already earned", tuple(after) == before)

    def demote(self, key: Key) -> None:
        """Let the registrar say that a wallet is the platform's."""
        self.demoted[key] = self.model.kinds[key.address]
        self._set_kind(key, Kind.PLATFORM)

    def promote(self) -> None:
        """Give every wallet its kind back."""
        for key, kind in self.demoted.items():
            self._set_kind(key, kind)
        self.demoted.clear()

    def _set_kind(self, key: Key, kind: Kind) -> None:
        world = self.world
        arguments = key.address, kind, kind is Kind.PLATFORM
        world.transact(world.registrar, world.registry, "update", *arguments)
        self.model.kinds[key.address] = kind
        self.operations += 1
        self.compare(None)

    def donate(self, amount: int) -> None:
        """Send the book tokens that belong to nobody's entitlement."""
        giver = self.world.merchant
        self.world.transact(giver, self.world.token, "transfer", self.world.book, amount)
        self.model.balances[giver.address] -= amount
        self.model.balances[self.model.book] = self.model.balances.get(self.model.book, 0) + amount
        self.model.donated += amount
        self.operations += 1
        self.compare(None)

    # ------------------------------------------------------------------ parts of calls

    def pick_loan(self, source: Source, *wanted: Status) -> ModelLoan | None:
        """Return a loan, mostly one of the wanted statuses."""
        loans = list(self.model.loans.values())
        fitting = [loan for loan in loans if loan.status in wanted]
        if fitting and source.chance(95):
            return source.pick(fitting)
        return source.pick(loans) if loans and source.chance(20) else None

    def holder(self, source: Source, loan: ModelLoan) -> Key:
        """Return one of the loan's holders, mostly."""
        holders = [key for key in self.people if loan.account(key.address).units]
        return source.pick(holders) if holders and source.chance(85) else source.pick(self.people)

    def sender(self, source: Source, right: Key) -> Key:
        """Return who calls: mostly the right one."""
        return right if source.chance(98) else source.pick((self.world.stranger, self.world.ann))

    def expected(self, source: Source, loan: ModelLoan) -> int:
        """Return the attestation count to name: mostly the right one."""
        if source.chance(96):
            return loan.attestations if loan.bank or source.chance(20) else ANY
        return source.pick((ANY, loan.attestations + 1, max(0, loan.attestations - 1)))

    def signature(self, source: Source, key: Key, digest: bytes) -> Signature:
        """Return a signature: mostly a good one."""
        good = key.sign(digest)
        if source.chance(96):
            return Signature(good, True)
        other = self.world.stranger
        bad = (
            malleable_twin(good),
            other.sign(digest),
            key.sign(keccak(digest)),
            b"",
            good[:64],
            good[:64] + b"\x00",
            good + b"\x00",
        )
        return Signature(source.pick(bad), False)

    def words(self, source: Source, loan: ModelLoan) -> Sequence[bytes]:
        """Return the rows to send: mostly the signed ones."""
        words = loan.draft.words
        if source.chance(98):
            return words
        return source.pick((words[:-1], [*words, words[-1]], [bytes(32), *words[1:]]))

    def deadline(self, source: Source) -> int:
        """Return a document's deadline: mostly still ahead."""
        now = self.model.now
        return now + 1_000 * DAY if source.chance(96) else source.pick((now, now - 1, 0))

    def paid_at(self, source: Source, loan: ModelLoan) -> int:
        """Return when a bank payment moved: mostly within the book's bounds."""
        now = self.model.now
        if not loan.bank:
            return 0 if source.chance(98) else now
        back = source.integer(0, loan.attestation_lag)
        if source.chance(80):
            value_date = loan.draft.agreement.value_date
            first = value_date + DAY * loan.position.last_day + DAY
            return max(min(first, now), now - back * DAY)
        anyhow = now + source.integer(-12, 2) * DAY + source.pick((0, 1, -1))
        return source.pick((anyhow, anyhow, anyhow, 0, loan.draft.agreement.value_date - 1))

    def amount(self, source: Source, due: int) -> int:
        """Return an amount around what is due, or what could be taken."""
        kind = source.integer(0, 9)
        if kind < 3:
            return ALL
        if kind < 5:
            return due
        if kind < 9:
            return source.integer(1, max(1, due))
        return source.pick((0, due + 1, 1, due + 2**64, max(0, due - 1)))

    def travel(self, source: Source) -> None:
        """Let time pass: seconds, days, or to the next due row of some loan."""
        now = self.world.chain.now
        loan = self.pick_loan(source, Status.ACTIVE)
        if loan and source.chance(30):
            self.travel_to_due(source, loan, 0)
        else:
            self.travel_to(now + source.pick((1, 3_600, DAY, source.integer(1, 10) * DAY)))

    def travel_to_due(self, source: Source, loan: ModelLoan, late: int) -> None:
        """Go to where the current row is due, or some days later; never back."""
        if loan.position.row < len(loan.draft.rows):
            due_at = loan.draft.rows[loan.position.row].due_at
            self.travel_to(due_at + late * DAY + source.pick((-1, 0, 1, DAY)))

    def travel_to(self, at: int) -> None:
        if at > self.world.chain.now:
            self.world.chain.travel(at)
            self.model.now = at


def _read(logs: list[RawEvent]) -> list[object]:
    return [decode_book(topics, data) for topics, data in logs]
