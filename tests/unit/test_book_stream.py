"""Dropped, repeated, reordered and foreign logs, and forged rules, are refused."""

from dataclasses import replace
from typing import Any

import pytest

from ledger.core.book import apply, book_digest
from ledger.core.decode import decode_book, decode_registry
from ledger.core.types import ZERO_ADDRESS, Kind
from ledger.errors import DecodeError
from tests.replayed import replay
from tests.scenes import (
    STRANGER,
    assert_refused,
    chain_with,
    changed,
    committed,
    fees_withdrawn,
    last_event,
    opened,
    repaid,
)
from tests.simulated_logs import (
    BOOK,
    BORROWER,
    REGISTRY,
    SHOP,
    TOKEN,
)
from tests.simulation import SimulatedChain


def test_apply__dropped_log_of_a_loan__refused_by_number() -> None:
    chain = chain_with(repaid)
    index = last_event(chain)
    assert_refused(
        [
            log
            for log in chain.logs[:index]
            if log.block.number != chain.logs[index].block.number - 2
        ],
        chain.logs[index],
        "sequence",
    )


def test_apply__loan_never_opened__refused() -> None:
    chain = chain_with(committed)
    index = last_event(chain)
    unopened = [log for log in chain.logs[:index] if log.block.number != chain.number - 1]
    assert_refused(unopened, changed(chain.logs[index], seq=1), "unknown_loan")


def test_apply__opened_twice__refused() -> None:
    chain = chain_with(opened)
    later = replace(chain.logs[-1].block, number=chain.number + 1)
    error = assert_refused(chain.logs, replace(chain.logs[-1], block=later), "sequence")
    assert (error.expected, error.found) == ("2", "1")


def test_apply__log_of_another_contract__refused() -> None:
    chain = chain_with(opened)
    error = assert_refused(chain.logs[:-1], replace(chain.logs[-1], address=STRANGER), "address")
    assert error.found == STRANGER


def test_apply__unknown_topic__refused_by_decoding() -> None:
    chain = chain_with(opened)
    book, _ = replay(chain.logs[:-1])
    digest = book_digest(book)
    with pytest.raises(DecodeError):
        apply(book, replace(chain.logs[-1], topics=(b"\1" * 32,)))
    assert book_digest(book) == digest


def test_apply__book_event_from_the_registry__refused_by_decoding() -> None:
    chain = chain_with(opened)
    book, _ = replay(chain.logs[:-1])
    with pytest.raises(DecodeError):
        apply(book, replace(chain.logs[-1], address=REGISTRY))


# ---------------------------------------------------------------- book and registry


def first_book_event(chain: SimulatedChain, name: str) -> int:
    for index, log in enumerate(chain.logs):
        decode = decode_book if log.address == BOOK else decode_registry
        if type(decode(log.topics, log.data)).__name__ == name:
            return index
    raise LookupError(name)


FORGED_RULES: dict[str, tuple[str, dict[str, Any], str]] = {
    "another registry": ("BookCreated", {"registry": STRANGER}, "rules"),
    "no admin": ("BookCreated", {"admin": ZERO_ADDRESS}, "rules"),
    "book number": ("PolicyChanged", {"seq": 9}, "sequence"),
    "role revoked that was not granted": ("RoleChanged", {"granted": False}, "rules"),
    "settlement out of order": ("SettlementChanged", {"settlement": 1}, "settlement"),
    "fees withdrawn over the credit": ("FeesWithdrawn", {"amount": 11}, "fees"),
    "fees withdrawn by another": ("FeesWithdrawn", {"receiver": SHOP}, "fees"),
    "fees of an unknown settlement": ("FeesWithdrawn", {"settlement": 7}, "fees"),
    "no fees withdrawn": ("FeesWithdrawn", {"amount": 0}, "fees"),
    "registry number": ("PartyRegistered", {"seq": 9}, "sequence"),
    "no wallet": ("PartyRegistered", {"wallet": ZERO_ADDRESS}, "party"),
    "no subject": ("PartyRegistered", {"subject": bytes(16)}, "party"),
    "no kind": ("PartyRegistered", {"kind": Kind.NONE}, "party"),
    "registry role revoked": ("RegistryRoleChanged", {"granted": False}, "rules"),
}


@pytest.mark.parametrize("name", FORGED_RULES)
def test_apply__forged_rule__refused(name: str) -> None:
    event, fields, code = FORGED_RULES[name]
    chain = chain_with(fees_withdrawn)
    index = first_book_event(chain, event)
    error = assert_refused(chain.logs[:index], changed(chain.logs[index], **fields), code)
    assert error.loan_id is None


def test_apply__book_does_not_begin_with_its_creation__refused() -> None:
    chain = chain_with(opened)
    index = first_book_event(chain, "RoleChanged")
    forged = changed(chain.logs[index], seq=1)
    assert_refused(chain.logs[: index - 1], forged, "rules")


def test_apply__created_twice__refused() -> None:
    chain = chain_with(opened)
    index = first_book_event(chain, "BookCreated")
    again = replace(changed(chain.logs[index], seq=2), index=chain.logs[index].index + 1)
    assert_refused(chain.logs[: index + 1], again, "rules")


def test_apply__wallet_bound_twice__refused() -> None:
    chain = chain_with(lambda chain: chain.register(BORROWER, 3, Kind.BANK))
    assert_refused(chain.logs[:-1], chain.logs[-1], "party")


@pytest.mark.parametrize(
    ("fields", "code"), [({"wallet": STRANGER}, "party"), ({"kind": Kind.NONE}, "party")]
)
def test_apply__party_updated_wrongly__refused(fields: dict[str, Any], code: str) -> None:
    chain = chain_with(lambda chain: chain.update(SHOP, Kind.COMPANY, related=True))
    assert replay(chain.logs)[0].parties[SHOP].related
    assert_refused(chain.logs[:-1], changed(chain.logs[-1], **fields), code)


def test_apply__settlement_closed__no_new_loan_in_it() -> None:
    def closed(chain: SimulatedChain) -> None:
        chain.list_settlement(0, *TOKEN, open_=False)
        opened(chain)

    chain = chain_with(closed)
    assert_refused(chain.logs[:-1], chain.logs[-1], "settlement")


def test_apply__loan_before_any_policy__refused() -> None:
    chain = SimulatedChain()
    chain.advance()
    chain.emit_book_created()
    chain.register(BORROWER, 1, Kind.PERSON)
    chain.register(SHOP, 2, Kind.PERSON)
    opened(chain)
    assert_refused(chain.logs[:-1], chain.logs[-1], "rules")
