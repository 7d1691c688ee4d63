"""What each event posts, how entries link, and that the root is the tree over all of them."""

from dataclasses import replace

import pytest

from ledger.core import accounts
from ledger.core.journal import (
    Balances,
    Entry,
    Line,
    Tail,
    append,
    trial_balance,
)
from ledger.core.merkle import EMPTY_ROOT, leaf_hash, tree_root
from ledger.core.types import MinorUnits
from ledger.errors import BookError, JournalError
from tests.replayed import assert_money, entries_of, replay
from tests.simulated_logs import (
    BANK,
    BOOK,
    CHAIN_ID,
    DAY,
    FEES,
    LENDERS,
    START,
    TOKEN,
    agreement,
    rows_of,
)
from tests.simulation import SimulatedChain, SimulatedLoan

ROWS = rows_of((31, 60_000, 1_200, 30), (59, 60_000, 800, 30))
UNIT = TOKEN[0]


@pytest.fixture
def chain() -> SimulatedChain:
    chain = SimulatedChain()
    chain.create()
    return chain


def active(chain: SimulatedChain, settlement: tuple[str, bytes] = TOKEN) -> SimulatedLoan:
    loan = chain.open(agreement(ROWS, settlement=settlement), ROWS)
    chain.fund(loan, 20_000)
    return loan


def entries(chain: SimulatedChain) -> list[Entry]:
    return entries_of(replay(chain.logs)[1])


def lines(entry: Entry) -> dict[str, int]:
    return {line.account: line.amount for line in entry.lines}


def test_post__committed__custody_to_escrow(chain: SimulatedChain) -> None:
    loan = active(chain)
    assert lines(entries(chain)[0]) == {
        f"custody:{UNIT}": 100_000,
        f"escrow:{UNIT}:0x{loan.id.hex()}:{LENDERS[0]}": -100_000,
    }


def test_post__disbursed__each_escrow_and_the_claim(chain: SimulatedChain) -> None:
    loan = active(chain)
    disbursed = entries(chain)[-1]
    assert disbursed.event == "Disbursed"
    assert lines(disbursed) == {
        accounts.escrow(UNIT, loan.id, LENDERS[0]): 100_000,
        accounts.escrow(UNIT, loan.id, LENDERS[1]): 20_000,
        accounts.custody(UNIT): -120_000,
        accounts.receivable(UNIT, loan.id): 120_000,
        accounts.claims(UNIT, loan.id): -120_000,
    }


def test_post__repaid__money_and_principal_legs(chain: SimulatedChain) -> None:
    loan = active(chain)
    chain.travel(31 + 5)
    chain.repay(loan, None)
    penalty = 61_200 * 5 * 500 // 10**6
    assert lines(entries(chain)[-1]) == {
        accounts.custody(UNIT): 61_230 + penalty,
        accounts.payable(UNIT, loan.id): -61_200 - penalty,
        accounts.fees(UNIT, FEES): -30,
        accounts.claims(UNIT, loan.id): 60_000,
        accounts.receivable(UNIT, loan.id): -60_000,
    }


def test_post__repaid_without_principal__no_empty_line(chain: SimulatedChain) -> None:
    loan = active(chain)
    chain.travel(31)
    chain.repay(loan, 40)
    assert lines(entries(chain)[-1]) == {
        accounts.custody(UNIT): 40,
        accounts.payable(UNIT, loan.id): -10,
        accounts.fees(UNIT, FEES): -30,
    }


def test_post__prepaid__like_a_repayment(chain: SimulatedChain) -> None:
    loan = active(chain)
    chain.travel(10)
    chain.prepay(loan, 50_000)
    interest = -(-1_200 * 50_000 * 10 // (120_000 * 31))
    assert lines(entries(chain)[-1]) == {
        accounts.custody(UNIT): 50_500 + interest,
        accounts.payable(UNIT, loan.id): -50_000 - interest,
        accounts.fees(UNIT, FEES): -500,
        accounts.claims(UNIT, loan.id): 50_000,
        accounts.receivable(UNIT, loan.id): -50_000,
    }


def test_post__paid_out__names_the_holder(chain: SimulatedChain) -> None:
    loan = active(chain)
    chain.travel(31)
    chain.repay(loan, None)
    chain.pay_out(loan, LENDERS[1])
    paid = entries(chain)[-1]
    assert (paid.event, paid.holder) == ("PaidOut", LENDERS[1])
    assert lines(paid) == {accounts.payable(UNIT, loan.id): 10_200, accounts.custody(UNIT): -10_200}


def test_post__refunded__escrow_back_out_of_custody(chain: SimulatedChain) -> None:
    loan = chain.open(agreement(ROWS), ROWS)
    chain.commit(loan, LENDERS[0], 5)
    chain.cancel(loan)
    chain.refund(loan, LENDERS[0])
    assert [entry.event for entry in entries(chain)] == ["Committed", "Refunded"]
    assert trial_balance(entries(chain)) == {}


def test_post__fees_withdrawn__from_the_receiver(chain: SimulatedChain) -> None:
    loan = active(chain)
    chain.travel(31)
    chain.repay(loan, None)
    chain.withdraw_fees(0, 30)
    entry = entries(chain)[-1]
    assert (entry.event, entry.loan_id) == ("FeesWithdrawn", None)
    assert lines(entry) == {accounts.fees(UNIT, FEES): 30, accounts.custody(UNIT): -30}


def test_post__events_without_value__no_entry(chain: SimulatedChain) -> None:
    loan = active(chain)
    count = len(entries(chain))
    chain.assign(loan, LENDERS[0], LENDERS[2], 7)
    chain.travel(62)
    chain.default(loan)
    chain.pause(True)
    assert len(entries(chain)) == count


def test_post__bank_mode__counts_in_the_currency_at_the_value_date(chain: SimulatedChain) -> None:
    loan = active(chain, BANK)
    chain.travel(31 + 4)
    chain.repay(loan, None, days_ago=4)
    entry = entries(chain)[-1]
    assert entry.unit == "CNY"
    assert entry.effective == chain.now - 4 * DAY
    assert accounts.custody("CNY") in lines(entry)
    assert_money(chain, entries(chain))


def test_post__defaulted_and_recovered__every_account_ends_at_zero(chain: SimulatedChain) -> None:
    loan = active(chain)
    chain.travel(62)
    chain.default(loan)
    chain.travel(90)
    chain.repay(loan, None)
    for holder in LENDERS[:2]:
        chain.pay_out(loan, holder)
    chain.withdraw_fees(0, chain.fees[0])
    rest = trial_balance(entries(chain))
    payable = -rest.get(accounts.payable(UNIT, loan.id), 0)
    assert 0 <= payable < 2
    assert rest.keys() <= {accounts.payable(UNIT, loan.id), accounts.custody(UNIT)}


def test_entry__identity_and_canonical_bytes__decision_data_alone(chain: SimulatedChain) -> None:
    active(chain)
    first = entries(chain)[0]
    assert (first.number, first.chain_id, first.book) == (0, CHAIN_ID, BOOK)
    assert (first.previous, first.seq) == (bytes(32), 2)
    loan = chain.loans[0].id.hex()
    assert first.canonical().decode() == (
        f'{{"block":"{first.block}","book":"{BOOK}","chain_id":"31337","effective":'
        f'"{START - 5 * DAY + 3}","event":"Committed","holder":null,"index":"1","lines":'
        f'[{{"account":"custody:{UNIT}","amount":"100000"}},'
        f'{{"account":"escrow:{UNIT}:0x{loan}:{LENDERS[0]}","amount":"-100000"}}],'
        f'"loan_id":"0x{loan}","number":"0","previous":"0x{bytes(32).hex()}","seq":"2",'
        f'"unit":"{UNIT}"}}'
    )


def test_tail__root__is_the_tree_over_all_entries(chain: SimulatedChain) -> None:
    assert Tail().root == EMPTY_ROOT
    active(chain)
    book, steps = replay(chain.logs)
    leaves = [leaf_hash(entry.canonical()) for entry in entries_of(steps)]
    assert [entry.hash for entry in entries_of(steps)] == leaves
    assert book.journal.root == tree_root(leaves)
    assert (book.journal.count, book.journal.hash) == (3, leaves[-1])
    assert [step.journal.count for step in steps if step.entry] == [1, 2, 3]


def test_append__altered_entry__breaks_the_chain(chain: SimulatedChain) -> None:
    active(chain)
    first, second, third = entries(chain)
    tail = append(append(Tail(), first), second)
    assert append(tail, third).count == 3
    altered = append(append(Tail(), first), replace(second, effective=second.effective + 1))
    with pytest.raises(JournalError, match="follow each other") as caught:
        append(altered, third)
    assert caught.value.code == "link"
    with pytest.raises(JournalError):
        append(append(Tail(), first), third)


@pytest.mark.parametrize(
    "altered",
    [
        (),
        (Line("custody:CNY", MinorUnits(1)),),
        (Line("custody:CNY", MinorUnits(0)), Line("fees:CNY", MinorUnits(0))),
    ],
)
def test_append__unbalanced_or_empty_entry__refused(
    chain: SimulatedChain, altered: tuple[Line, ...]
) -> None:
    active(chain)
    first = entries(chain)[0]
    with pytest.raises(BookError) as caught:
        append(Tail(), replace(first, lines=altered))
    assert caught.value.code == "balance"


def test_balances__posted__keeps_only_what_is_not_zero(chain: SimulatedChain) -> None:
    loan = active(chain)
    balances = Balances({"custody:USD": 5})
    for entry in entries(chain):
        balances.post(entry)
    assert balances.of(accounts.receivable(UNIT, loan.id)) == 120_000
    assert balances.of(accounts.custody(UNIT)) == 0
    assert dict(balances.items()) == {
        "custody:USD": 5,
        accounts.claims(UNIT, loan.id): -120_000,
        accounts.receivable(UNIT, loan.id): 120_000,
    }


def test_chart__kinds_of_accounts__are_all_described(chain: SimulatedChain) -> None:
    loan = active(chain)
    chain.travel(31)
    chain.repay(loan, None)
    kinds = {line.account.split(":")[0] for entry in entries(chain) for line in entry.lines}
    assert kinds == accounts.CHART.keys()
