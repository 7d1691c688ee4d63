"""What the book and the registry say beside the loans: policy, settlements, roles, fees, parties.

State is rebuilt from the events alone, through one table of handlers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from ledger.core.events import (
    BookCreated,
    BookEvent,
    FeesWithdrawn,
    PartyRegistered,
    PartyUpdated,
    PauseChanged,
    PolicyChanged,
    RegistryEvent,
    RegistryRoleChanged,
    RoleChanged,
    SettlementChanged,
)
from ledger.core.hashchain import EMPTY_HEAD, next_head
from ledger.core.loan import unit_of
from ledger.core.refusal import ensure, ensure_equal
from ledger.core.types import ZERO_ADDRESS, Address, Kind, Policy, Subject
from ledger.errors import BookError

Role: TypeAlias = tuple[bytes, Address]
FeeKey: TypeAlias = tuple[int, Address]


@dataclass(frozen=True, slots=True)
class Party:
    """One wallet's entry in the registry."""

    subject: Subject
    kind: Kind
    related: bool


@dataclass(frozen=True, slots=True)
class Settlement:
    """An asset and currency in which loans may be settled; the zero token means at the bank."""

    token: Address
    currency: bytes
    open: bool

    @property
    def unit(self) -> str:
        """What amounts are counted in: the currency at the bank, else the token's address."""
        return unit_of(self.token, self.currency)


@dataclass(frozen=True, slots=True)
class Fees:
    """Fees of one receiver in one settlement, minor units."""

    credited: int = 0
    withdrawn: int = 0


@dataclass(frozen=True, slots=True)
class Rules:
    """The book's own state and the registry's, but for the parties.

    ``policy`` is ``None`` only between the book's first events. Roles are pairs of the 32-byte
    role and an account.
    """

    book_head: bytes = EMPTY_HEAD
    book_seq: int = 0
    paused: bool = False
    policy: Policy | None = None
    settlements: tuple[Settlement, ...] = ()
    fees: Mapping[FeeKey, Fees] = field(default_factory=dict)
    roles: frozenset[Role] = frozenset()
    registry_head: bytes = EMPTY_HEAD
    registry_seq: int = 0
    registry_roles: frozenset[Role] = frozenset()

    def fees_of(self, settlement: int, receiver: Address) -> Fees:
        """Return the fees of a receiver; zeros if it never had any."""
        return self.fees.get((settlement, receiver), Fees())


def credit_fee(rules: Rules, settlement: int, receiver: Address, amount: int) -> Rules:
    """Return the rules with ``amount`` credited to a fee receiver."""
    if not amount:
        return rules
    fees = rules.fees_of(settlement, receiver)
    fees = replace(fees, credited=fees.credited + amount)
    return replace(rules, fees={**rules.fees, (settlement, receiver): fees})


def apply_book_event(rules: Rules, event: BookEvent, registry: Address, entry: bytes) -> Rules:
    """Return the rules after an event of the book; ``entry`` is the hash of its log.

    Raises ``BookError``: ``sequence``, ``rules``, ``settlement`` or ``fees``.
    """
    ensure_equal("sequence", "events of the book are numbered", rules.book_seq + 1, event.seq)
    if isinstance(event, BookCreated):
        ensure_equal("rules", "the book uses another registry", registry, event.registry)
    ensure_equal(
        "rules",
        "a book begins with BookCreated and has one",
        rules.book_seq == 0,
        isinstance(event, BookCreated),
    )
    rules = _BOOK_HANDLERS[type(event)](rules, event)
    return replace(rules, book_seq=event.seq, book_head=next_head(rules.book_head, entry))


def _created(rules: Rules, event: BookCreated) -> Rules:
    ensure(event.admin != ZERO_ADDRESS, "rules", "a book has an admin", "an address", event.admin)
    return rules


def _role(rules: Rules, event: RoleChanged) -> Rules:
    return replace(rules, roles=_changed_roles(rules.roles, event))


def _changed_roles(
    roles: frozenset[Role], event: RoleChanged | RegistryRoleChanged
) -> frozenset[Role]:
    role = (event.role, event.account)
    ensure_equal("rules", f"role of {event.account} granted", role in roles, not event.granted)
    return roles ^ {role}


def _pause(rules: Rules, event: PauseChanged) -> Rules:
    return replace(rules, paused=event.paused)


def _policy(rules: Rules, event: PolicyChanged) -> Rules:
    return replace(rules, policy=event.policy)


def _settlement(rules: Rules, event: SettlementChanged) -> Rules:
    listed = list(rules.settlements)
    new = Settlement(event.token, event.currency, event.open)
    pairs = [(known.token, known.currency) for known in listed]
    pair = (new.token, new.currency)
    index = pairs.index(pair) if pair in pairs else len(listed)
    ensure_equal("settlement", f"index of {new.unit}", index, event.settlement)
    listed[index:] = [new, *listed[index + 1 :]]
    return replace(rules, settlements=tuple(listed))


def _fees_withdrawn(rules: Rules, event: FeesWithdrawn) -> Rules:
    fees = rules.fees_of(event.settlement, event.receiver)
    most = fees.credited - fees.withdrawn
    ensure(
        0 < event.amount <= most,
        "fees",
        f"fees withdrawn by {event.receiver}",
        f"1 to {most}",
        event.amount,
    )
    fees = replace(fees, withdrawn=fees.withdrawn + event.amount)
    return replace(rules, fees={**rules.fees, (event.settlement, event.receiver): fees})


_BOOK_HANDLERS: Mapping[type[BookEvent], Callable[[Rules, Any], Rules]] = {
    BookCreated: _created,
    RoleChanged: _role,
    PauseChanged: _pause,
    PolicyChanged: _policy,
    SettlementChanged: _settlement,
    FeesWithdrawn: _fees_withdrawn,
}


def apply_registry_event(
    rules: Rules, parties: Mapping[Address, Party], event: RegistryEvent, entry: bytes
) -> tuple[Rules, Party | None]:
    """Return the rules after an event of the registry, and the wallet's new entry if it has one.

    Raises ``BookError``: ``sequence``, ``rules`` or ``party``.
    """
    ensure_equal(
        "sequence", "events of the registry are numbered", rules.registry_seq + 1, event.seq
    )
    party = None
    if isinstance(event, RegistryRoleChanged):
        rules = replace(rules, registry_roles=_changed_roles(rules.registry_roles, event))
    elif isinstance(event, PartyRegistered):
        party = _registered(parties, event)
    else:
        party = _updated(parties, event)
    head = next_head(rules.registry_head, entry)
    return replace(rules, registry_seq=event.seq, registry_head=head), party


def _registered(parties: Mapping[Address, Party], event: PartyRegistered) -> Party:
    known = parties.get(event.wallet)
    ensure(known is None, "party", f"wallet {event.wallet} is bound once", None, known)
    ensure(event.wallet != ZERO_ADDRESS, "party", "a wallet", "an address", event.wallet)
    ensure(any(event.subject), "party", "a subject's id", "not zero", event.subject)
    ensure(event.kind != Kind.NONE, "party", "a subject's kind", "not None", event.kind.name)
    return Party(event.subject, event.kind, event.related)


def _updated(parties: Mapping[Address, Party], event: PartyUpdated) -> Party:
    known = parties.get(event.wallet)
    if known is None:
        raise BookError("party", f"wallet {event.wallet} was updated", "registered", None)
    ensure(event.kind != Kind.NONE, "party", "a subject's kind", "not None", event.kind.name)
    return replace(known, kind=event.kind, related=event.related)


def participant(parties: Mapping[Address, Party], wallet: Address) -> Party:
    """Return the entry of a wallet that takes part in loans: registered and not the platform.

    Raises ``BookError`` with code ``party``.
    """
    party = parties.get(wallet)
    if party is None:
        raise BookError("party", f"wallet {wallet} takes part in a loan", "registered", None)
    ensure(
        party.kind != Kind.PLATFORM,
        "party",
        f"the platform's wallet {wallet} takes no part in loans",
        "another kind",
        party.kind.name,
    )
    return party
