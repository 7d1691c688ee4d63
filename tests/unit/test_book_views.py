"""What follows from a loan and a time, and the contract's storage by name."""

import pytest

from ledger.core.allocation import Split
from ledger.core.loan import Loan
from ledger.core.packing import Row
from ledger.core.storage import loan_fields, rules_fields
from ledger.core.types import ZERO_ADDRESS, Status, Timestamp
from ledger.core.views import (
    ClassPolicy,
    RiskClass,
    RowStatus,
    bucket,
    days_past_due,
    due_at,
    risk_class,
    schedule_view,
)
from ledger.errors import AllocationError
from tests.replayed import replay
from tests.simulated_logs import (
    ADMIN,
    BORROWER,
    DAY,
    FEES,
    LENDERS,
    SHOP,
    START,
    TOKEN,
    ZERO,
    agreement,
    rows_of,
)
from tests.simulation import SimulatedChain, SimulatedLoan

ROWS = rows_of((31, 40_000, 1_200, 10), (59, 40_000, 800, 10), (90, 40_000, 400, 10))


@pytest.fixture
def chain() -> SimulatedChain:
    chain = SimulatedChain()
    chain.create()
    return chain


def active(chain: SimulatedChain, rows: tuple[Row, ...] = ROWS) -> SimulatedLoan:
    loan = chain.open(agreement(rows, default_after_days=400), rows)
    chain.fund(loan)
    return loan


def loan_of(chain: SimulatedChain) -> Loan:
    return replay(chain.logs)[0].loans[chain.loans[0].id]


def on(day: int) -> Timestamp:
    return Timestamp(START + day * DAY + DAY)


def statuses(loan: Loan, day: int) -> list[RowStatus]:
    return [row.status for row in schedule_view(loan, on(day))]


def test_due_at__before_on_and_after_the_due_day__rises(chain: SimulatedChain) -> None:
    active(chain)
    loan = loan_of(chain)
    assert due_at(loan, on(30)) == Split()
    assert due_at(loan, on(31)) == Split(10, 0, 1_200, 40_000)
    assert due_at(loan, on(35)) == Split(10, 41_200 * 4 * 500 // 10**6, 1_200, 40_000)


def test_due_at__funding_or_ended__nothing(chain: SimulatedChain) -> None:
    loan = chain.open(agreement(ROWS), ROWS)
    chain.commit(loan, LENDERS[0], 1_000)
    assert due_at(loan_of(chain), on(59)) == Split()
    assert days_past_due(loan_of(chain), on(59)) == 0
    chain.cancel(loan)
    assert due_at(loan_of(chain), on(59)) == Split()


def test_due_at__before_the_last_payment__refused(chain: SimulatedChain) -> None:
    loan = active(chain)
    chain.travel(40)
    chain.repay(loan, 10)
    with pytest.raises(AllocationError):
        due_at(loan_of(chain), on(39))


def test_days_past_due__counts_from_the_oldest_unpaid_row(chain: SimulatedChain) -> None:
    loan = active(chain)
    assert [days_past_due(loan_of(chain), on(day)) for day in (30, 31, 32, 60)] == [0, 0, 1, 29]
    chain.travel(60)
    chain.repay(loan, 41_210 + 41_200 * 29 * 500 // 10**6)
    assert days_past_due(loan_of(chain), on(60)) == 1


@pytest.mark.parametrize(
    ("days", "name"),
    [
        (0, "current"),
        (1, "1-30"),
        (30, "1-30"),
        (31, "31-60"),
        (60, "31-60"),
        (61, "61-90"),
        (90, "61-90"),
        (91, "91-180"),
        (180, "91-180"),
        (181, "181+"),
        (9_999, "181+"),
    ],
)
def test_bucket__days__named(days: int, name: str) -> None:
    assert bucket(days) == name


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        (0, RiskClass.NORMAL),
        (1, RiskClass.SPECIAL_MENTION),
        (90, RiskClass.SPECIAL_MENTION),
        (91, RiskClass.SUBSTANDARD),
        (180, RiskClass.SUBSTANDARD),
        (181, RiskClass.DOUBTFUL),
        (360, RiskClass.DOUBTFUL),
        (361, RiskClass.LOSS),
    ],
)
def test_risk_class__days_late__five_categories(
    chain: SimulatedChain, late: int, expected: RiskClass
) -> None:
    active(chain)
    assert risk_class(loan_of(chain), on(31 + late)) is expected


def test_risk_class__other_policy__other_class(chain: SimulatedChain) -> None:
    active(chain)
    strict = ClassPolicy(normal=0, special_mention=1, substandard=2, doubtful=3)
    assert risk_class(loan_of(chain), on(35), strict) is RiskClass.LOSS
    assert risk_class(loan_of(chain), on(35)) == "关注"


def test_schedule_view__part_paid__says_what_is_left(chain: SimulatedChain) -> None:
    loan = active(chain)
    chain.travel(31)
    chain.repay(loan, 1_000)
    view = schedule_view(loan_of(chain), on(60))
    assert [row.status for row in view] == [
        RowStatus.OVERDUE,
        RowStatus.OVERDUE,
        RowStatus.UPCOMING,
    ]
    assert (view[0].fee, view[0].interest, view[0].principal) == (0, 210, 40_000)
    assert (view[0].signed, view[0].unpaid) == (ROWS[0], 40_210)
    assert statuses(loan_of(chain), 31)[0] is RowStatus.DUE


def test_schedule_view__paid_then_early__later_rows_shrink(chain: SimulatedChain) -> None:
    loan = active(chain)
    chain.travel(31)
    chain.prepay(loan, 50_000)
    view = schedule_view(loan_of(chain), on(31))
    assert [row.status for row in view] == [RowStatus.PAID, RowStatus.UPCOMING, RowStatus.PREPAID]
    assert (view[1].interest, view[1].principal) == (800 * 30_000 // 80_000, 30_000)
    assert view[2].unpaid == 0


def test_schedule_view__ended__nothing_unpaid(chain: SimulatedChain) -> None:
    loan = active(chain)
    chain.travel(31)
    chain.prepay(loan, None)
    assert loan_of(chain).status is Status.REPAID
    assert [row.unpaid for row in schedule_view(loan_of(chain), on(99))] == [0, 0, 0]
    assert statuses(loan_of(chain), 99) == [
        RowStatus.PAID,
        RowStatus.PREPAID,
        RowStatus.PREPAID,
    ]


def test_schedule_view__default_then_recovered__accelerated_then_paid(
    chain: SimulatedChain,
) -> None:
    loan = chain.open(agreement(ROWS), ROWS)
    chain.fund(loan)
    chain.travel(31)
    chain.repay(loan, None)
    chain.travel(90)
    assert chain.default(loan)
    assert statuses(loan_of(chain), 90) == [
        RowStatus.PAID,
        RowStatus.ACCELERATED,
        RowStatus.ACCELERATED,
    ]
    assert days_past_due(loan_of(chain), on(100)) == 41
    chain.repay(loan, None)
    assert statuses(loan_of(chain), 91) == [RowStatus.PAID] * 3


def test_schedule_view__cancelled__no_row_is_owed(chain: SimulatedChain) -> None:
    loan = chain.open(agreement(ROWS), ROWS)
    chain.cancel(loan)
    assert statuses(loan_of(chain), 0) == [RowStatus.CANCELLED] * 3


def test_loan_fields__default__every_slot_of_the_contract(chain: SimulatedChain) -> None:
    loan = chain.open(agreement(ROWS), ROWS)
    chain.fund(loan)
    chain.travel(62)
    chain.default(loan)
    fields = loan_fields(loan_of(chain))
    claim = loan.position.accelerated
    assert claim is not None
    assert fields["head"] == loan.head
    assert fields["state.status"] == 4
    assert fields["state.last_day"] == 62
    assert fields["state.seq"] == 4
    assert (fields["acceleration.fee"], fields["acceleration.interest"]) == (20, claim.interest)
    assert fields["wallets.payee"] == SHOP
    assert fields["wallets.guarantor"] == ZERO_ADDRESS
    assert fields[f"balance_of.{LENDERS[0]}"] == 120_000
    assert fields[f"holding.{LENDERS[0]}.paid_out"] == 0
    assert len(fields) == 39


def test_loan_fields__late_within_grace__marked_late_though_no_penalty_was_paid(
    chain: SimulatedChain,
) -> None:
    loan = active(chain)
    assert loan_fields(loan_of(chain))["state.late"] is False
    chain.travel(31 + 2)
    chain.repay(loan, 10)
    fields = loan_fields(loan_of(chain))
    assert (fields["penalty.numerator"], fields["penalty.settled"]) == (2 * 41_200, 0)
    assert fields["state.late"] is True


def test_loan_fields__payee_is_the_borrower__slot_is_empty(chain: SimulatedChain) -> None:
    chain.open(agreement(ROWS, payee=BORROWER), ROWS)
    assert loan_fields(loan_of(chain))["wallets.payee"] == ZERO_ADDRESS


def test_rules_fields__after_fees__policy_roles_settlements_and_fees(
    chain: SimulatedChain,
) -> None:
    loan = active(chain)
    chain.travel(31)
    chain.repay(loan, None)
    fields = rules_fields(replay(chain.logs)[0].rules)
    assert fields["book_seq"] == 5
    assert fields["registry.seq"] == 7
    assert fields["policy.max_attestation_lag"] == 10
    assert fields["settlement.0.token"] == TOKEN[0]
    assert fields[f"fees.0.{FEES}.credited"] == 10
    assert fields[f"has_role.0x{ZERO.hex()}.{ADMIN}"] is True
    assert fields[f"registry.has_role.0x{ZERO.hex()}.{ADMIN}"] is True
