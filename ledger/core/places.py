"""Where the contracts store each value of ``ledger.core.storage``, under the same names."""

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from ledger.core.layout import Key, Layout, Place
from ledger.core.loan import Loan
from ledger.core.rules import Party, Rules
from ledger.core.storage import Fields
from ledger.core.types import Address, Subject

Places: TypeAlias = dict[str, Place]

_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")


def _named(prefix: str, places: Mapping[str, Place]) -> Places:
    """Return places with their names in snake_case behind ``prefix``."""
    return {
        ".".join(part for part in (prefix, _snake(name)) if part): place
        for name, place in places.items()
    }


def _snake(name: str) -> str:
    return _CAPITAL.sub(lambda match: "_" + match[1].lower(), name)


def loan_places(layout: Layout, loan: Loan) -> Places:
    """Return the places of all that ``storage.loan_fields`` names."""
    places = _named("", layout.places("_loans", loan.loan_id))
    notes = int.from_bytes(loan.loan_id, "big")
    for holder in loan.holders:
        account = layout.places("_loans", loan.loan_id, "holdings", holder)
        places |= _named(f"holding.{holder}", account)
        places |= _named(f"balance_of.{holder}", layout.places("_balances", holder, notes))
    return places


def book_places(layout: Layout, rules: Rules) -> Places:
    """Return the places in the book of what ``storage.rules_fields`` names."""
    places = _variables(layout, {"book_head": "bookHead", "book_seq": "bookSeq"})
    places |= _variables(layout, {"paused": "paused", "settlement_count": "settlementCount"})
    places |= _named("policy", layout.places("_policy"))
    for index in range(len(rules.settlements)):
        places |= _named(f"settlement.{index}", layout.places("_settlements", index))
    for index, receiver in rules.fees:
        places |= _named(f"fees.{index}.{receiver}", layout.places("_fees", index, receiver))
    return places | _roles(layout, "", rules.roles)


def registry_places(layout: Layout, rules: Rules) -> Places:
    """Return the places in the registry of what ``storage.rules_fields`` names."""
    places = _variables(layout, {"registry.head": "head", "registry.seq": "seq"})
    return places | _roles(layout, "registry.", rules.registry_roles)


def _variables(layout: Layout, names: Mapping[str, Key]) -> Places:
    return {name: layout.places(str(variable))[""] for name, variable in names.items()}


def _roles(layout: Layout, prefix: str, roles: Iterable[tuple[bytes, Address]]) -> Places:
    return {
        f"{prefix}has_role.0x{role.hex()}.{account}": layout.places(
            "_roles", role, "hasRole", account
        )[""]
        for role, account in roles
    }


def party_places(layout: Layout, wallet: Address) -> Places:
    """Return the places of a wallet's entry, named as ``party_fields``."""
    return _named(f"party.{wallet}", layout.places("_parties", wallet))


def party_fields(wallet: Address, party: Party) -> Fields:
    """Return a wallet's entry as the registry stores it."""
    return {
        f"party.{wallet}.subject": party.subject,
        f"party.{wallet}.kind": int(party.kind),
        f"party.{wallet}.related": party.related,
    }


def subject_places(layout: Layout, subject: Subject) -> Places:
    """Return the place of the hash chain over a subject's loans."""
    return _named(f"loans_head.0x{subject.hex()}", layout.places("loansHead", subject))
