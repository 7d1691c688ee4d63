"""open: which schedules are refused, up to the exact day and unit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_hash.auto import keccak

from ledger.core.packing import Row, schedule_hash
from tests.contract.agreed import Draft
from tests.contract.evm import DAY, POLICY
from tests.contract.refusals import expect_refusal
from tests.contract.world import World


def with_rows(world: World, draft: Draft, *rows: Row) -> Draft:
    """Return the draft over other rows, which hash to what is signed."""
    return world.redraft(replace(draft, rows=rows), schedule_hash=schedule_hash(rows))


def test_open__rows_that_do_not_hash__is_refused(world: World) -> None:
    draft = world.draft()
    swapped = [draft.words[1], draft.words[0], draft.words[2]]
    found = keccak(b"".join(swapped))
    expected = draft.agreement.schedule_hash
    with expect_refusal(world, "WrongScheduleHash", expected=expected, found=found):
        world.open(draft, words=swapped)


@pytest.mark.parametrize("count", [0, 601])
def test_open__too_few_or_too_many_rows__is_refused(world: World, count: int) -> None:
    base = world.draft()
    start = base.agreement.value_date
    rows = [Row(start + DAY * (day + 2), 200, 0) for day in range(count)]
    with expect_refusal(world, "RowCount", found=count, most=600):
        world.open(with_rows(world, base, *rows))


def test_open__row_principal_above_the_rest__is_refused(world: World) -> None:
    base = world.draft()
    first, second, third = base.rows
    rows = first, replace(second, principal=80_001), third
    with expect_refusal(world, "PrincipalMismatch", expected=120_000, found=160_001):
        world.open(with_rows(world, base, *rows))


@pytest.mark.parametrize("gap", [0, 1, DAY])
def test_open__first_row_on_the_first_day__is_refused(world: World, gap: int) -> None:
    base = world.draft()
    due_at = base.agreement.value_date + gap
    rows = replace(base.rows[0], due_at=due_at), *base.rows[1:]
    with expect_refusal(world, "DatesMustRise", row=0, dueAt=due_at):
        world.open(with_rows(world, base, *rows))


@pytest.mark.parametrize("back", [0, 1, DAY - 1, 40 * DAY])
def test_open__row_on_the_day_of_the_one_before__is_refused(world: World, back: int) -> None:
    base = world.draft()
    first, second, third = base.rows
    due_at = second.due_at - back
    rows = first, second, replace(third, due_at=due_at)
    with expect_refusal(world, "DatesMustRise", row=2, dueAt=due_at):
        world.open(with_rows(world, base, *rows))


def test_open__row_one_second_into_the_next_day__opens(world: World) -> None:
    base = world.draft()
    first, second, third = base.rows
    third = replace(third, due_at=second.due_at + 1)
    world.open(with_rows(world, base, first, second, third))


def test_open__last_row_without_principal__is_refused(world: World) -> None:
    base = world.draft()
    last = Row(base.rows[-1].due_at + DAY, 0, 5)
    with expect_refusal(world, "LastRowWithoutPrincipal"):
        world.open(with_rows(world, base, *base.rows, last))


def test_open__no_principal_at_all__is_refused(world: World) -> None:
    base = world.redraft(world.draft(), principal=0)
    with expect_refusal(world, "LastRowWithoutPrincipal"):
        world.open(with_rows(world, base, Row(base.rows[0].due_at, 0, 0)))


@pytest.mark.parametrize(("days", "found"), [(18_301, 18_301), (70_000, 65_535)])
def test_open__longer_than_50_years__is_refused(world: World, days: int, found: int) -> None:
    base = world.draft()
    row = Row(base.agreement.value_date + DAY * (days + 1), 120_000, 0)
    with expect_refusal(world, "TermTooLong", termDays=found, most=18_300):
        world.open(with_rows(world, base, row))


def test_open__50_years__opens(world: World) -> None:
    base = world.draft()
    world.open(with_rows(world, base, Row(base.agreement.value_date + DAY * 18_301, 120_000, 0)))


def test_open__cost_one_unit_over_the_legal_cap__is_refused(world: World) -> None:
    draft, most = at_the_cap(world, 1)
    with expect_refusal(world, "CostOverLegalCap", cost=most + 1, most=most):
        world.open(draft)


def test_open__tiny_loan_with_any_interest__is_over_the_cap(world: World) -> None:
    base = world.redraft(world.draft(), principal=1)
    row = Row(base.agreement.value_date + 2 * DAY, 1, 1)
    with expect_refusal(world, "CostOverLegalCap", cost=1, most=0):
        world.open(with_rows(world, base, row))


def test_open__cost_exactly_at_the_legal_cap__opens(world: World) -> None:
    draft, most = at_the_cap(world, 0)
    world.open(draft)
    assert sum(row.interest + row.fee for row in draft.rows) == most


def at_the_cap(world: World, over: int) -> tuple[Draft, int]:
    """Return a loan of one row of 90 days that costs the cap and so much more; and the cap."""
    base = world.draft()
    most = POLICY.legal_annual_rate * 120_000 * 90 // (365 * 1_000_000)
    row = Row(base.agreement.value_date + 91 * DAY, 120_000, most - 7 + over, 7)
    return with_rows(world, base, row), most
