"""The read model: pages without gaps or repetitions, filters, one block for every answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.core.loan import claimable
from ledger.core.types import LoanId, Status
from ledger.errors import CodecError, CursorError, StoreError
from ledger.store import Store
from ledger.store.models import BlockRow, LoanStateRow
from ledger.store.pages import Page
from ledger.store.read import ReadView
from tests.fake_node import FakeNode
from tests.replayed import entries_of, replay
from tests.simulated_logs import BORROWER, LENDERS, SHOP
from tests.simulation import SimulatedChain
from tests.stores import mirror_of, new_store, small_chain

CHAIN = small_chain(5)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with new_store(tmp_path_factory.mktemp("read")) as store:
        mirror_of(FakeNode(CHAIN, finality=2), store).sync()
        yield store


@pytest.fixture
def view(store: Store) -> Iterator[ReadView]:
    with store.read() as view:
        yield view


def every_item(read: Callable[[str | None], Page[Any]]) -> list[Any]:
    page = read(None)
    items = [*page.items]
    while page.next is not None:
        page = read(page.next)
        assert page.items
        items += page.items
    return items


def test_standing__after_a_sync__names_block_and_finality(view: ReadView) -> None:
    standing = view.standing()
    assert standing is not None
    assert (standing.block.number, standing.final) == (CHAIN.number, CHAIN.number - 2)
    assert not standing.is_final
    assert standing.loans == 5


def test_read__nothing_mirrored__is_empty(tmp_path: Path) -> None:
    with new_store(tmp_path) as store, store.read() as view:
        assert view.standing() is None
        assert view.deployment() is None
        assert view.reconciliation() is None
        assert view.loans() == Page((), None)
        assert view.trial_balance() == {}


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 1000])
def test_loans__pages_of_any_size__give_every_loan_once(view: ReadView, limit: int) -> None:
    loans = every_item(lambda after: view.loans(after=after, limit=limit))
    assert [item.loan.loan_id for item in loans] == [loan.id for loan in CHAIN.loans]
    assert [item.ordinal for item in loans] == [1, 2, 3, 4, 5]


def test_loans__filters__combine(view: ReadView) -> None:
    assert len(view.loans(status=Status.ACTIVE).items) == 5
    assert view.loans(status=Status.DEFAULTED).items == ()
    assert len(view.loans(borrower=BORROWER).items) == 5
    assert view.loans(borrower=SHOP).items == ()
    assert len(view.loans(holder=LENDERS[3], borrower=BORROWER).items) == 1


def test_loan__unknown__is_none(view: ReadView) -> None:
    assert view.loan(LoanId(bytes(32))) is None
    assert view.holders(LoanId(bytes(32))) == ()
    assert view.history(LoanId(bytes(32))).items == ()


def test_holders__of_a_loan__are_all_that_ever_held(view: ReadView) -> None:
    simulated = CHAIN.loans[0]
    holders = view.holders(simulated.id)
    assert {item.holder: item.holding.units for item in holders} == simulated.units
    assert {item.holder: item.claimable for item in holders} == {
        holder: simulated.claimable(holder) for holder in simulated.units
    }


@pytest.mark.parametrize("lender", range(4))
def test_positions__of_a_holder__are_its_accounts(view: ReadView, lender: int) -> None:
    holder = LENDERS[lender]
    positions = every_item(lambda after: view.positions(holder, after=after, limit=2))
    held = [loan for loan in CHAIN.loans if holder in loan.units]
    assert [item.loan.loan.loan_id for item in positions] == [loan.id for loan in held]
    for item in positions:
        assert item.holder.claimable == claimable(item.loan.loan, holder)


@pytest.mark.parametrize("limit", [1, 4, 100])
def test_history__of_a_loan__is_its_events_in_order(view: ReadView, limit: int) -> None:
    loan_id = CHAIN.loans[0].id
    events = every_item(lambda after: view.history(loan_id, after=after, limit=limit))
    _, steps = replay(CHAIN.logs)
    expected = [step for step in steps if step.loan_id == loan_id]
    assert [item.event for item in events] == [step.event for step in expected]
    assert [item.head for item in events] == [step.after.head for step in expected if step.after]
    assert [item.seq for item in events] == list(range(1, len(expected) + 1))
    assert [item.name for item in events] == [type(step.event).__name__ for step in expected]


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_events__all__come_in_chain_order(view: ReadView, limit: int) -> None:
    _, steps = replay(CHAIN.logs)
    events = every_item(lambda after: view.events(after=after, limit=limit))
    assert [item.event for item in events] == [step.event for step in steps]
    of_book = every_item(lambda after: view.events(book_only=True, after=after, limit=limit))
    assert [item.event for item in of_book] == [
        step.event for step in steps if step.loan_id is None
    ]


@pytest.mark.parametrize("limit", [1, 5, 1000])
def test_journal__pages__give_every_entry_with_its_lines(view: ReadView, limit: int) -> None:
    _, steps = replay(CHAIN.logs)
    expected = entries_of(steps)
    found = every_item(lambda after: view.journal(after=after, limit=limit))
    assert [(item.number, item.lines) for item in found] == [
        (entry.number, entry.lines) for entry in expected
    ]
    loan_id = CHAIN.loans[1].id
    own = every_item(lambda after: view.journal(loan_id=loan_id, after=after, limit=limit))
    assert [item.number for item in own] == [
        entry.number for entry in expected if entry.loan_id == loan_id
    ]


def test_trial_balance__sums_to_nothing__and_has_no_empty_account(view: ReadView) -> None:
    balances = view.trial_balance()
    assert sum(balances.values()) == 0
    assert all(balances.values())
    custody = view.trial_balance("custody")
    assert custody == {name: sum_ for name, sum_ in balances.items() if name[:8] == "custody:"}


@pytest.mark.parametrize(
    "after", ["", "x", "1-2-3", "-1", "1.5", "１", "9" * 40, "1;DROP TABLE log"]
)
def test_pages__made_up_cursor__is_refused(view: ReadView, after: str) -> None:
    with pytest.raises(CursorError):
        view.loans(after=after)
    with pytest.raises(CursorError):
        view.events(after=after)


@pytest.mark.parametrize("limit", [0, -1, 1001, 10**9])
def test_pages__limit_out_of_bounds__is_refused(view: ReadView, limit: int) -> None:
    with pytest.raises(CursorError, match="1 to 1000"):
        view.loans(limit=limit)


def test_read__record_altered__says_to_rebuild(tmp_path: Path) -> None:
    chain: SimulatedChain = small_chain(1)
    with new_store(tmp_path) as store:
        mirror_of(FakeNode(chain), store).sync()
        with store.write() as session:
            row = session.get(LoanStateRow, (chain.loans[0].id, chain.number))
            assert row is not None
            row.state = row.state.replace(b'"', b"'", 1)
        with store.read() as view, pytest.raises(CodecError, match="rebuild"):
            view.loan(chain.loans[0].id)


def test_standing__block_of_the_cursor_lost__is_an_error(tmp_path: Path) -> None:
    chain = small_chain(1)
    chain.advance()
    with new_store(tmp_path) as store:
        mirror_of(FakeNode(chain), store).sync()
        with store.write() as session:
            session.delete(session.get(BlockRow, chain.number))
        with store.read() as view, pytest.raises(StoreError, match="is gone"):
            view.standing()
