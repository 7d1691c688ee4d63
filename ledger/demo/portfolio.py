"""The loans of a play: what each is, and which story it lives through."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from random import Random

from ledger.core.terms import Method, Terms
from ledger.demo import stories
from ledger.demo.stories import Plot
from ledger.origination import Conditions
from ledger.tape import TapeLoan

TIMEZONE = "Asia/Shanghai"
LENDERS = 6

_ANY_DAY = date(2026, 1, 1)
"""Terms need a value date; the play gives each loan its own."""

_CONDITIONS = Conditions(prepayment_fee_bps=100)


@dataclass(frozen=True, slots=True)
class Role:
    """One loan and its story; ``lenders`` and ``others`` by their number in the company."""

    story: str
    plot: Plot
    terms: Terms
    lenders: tuple[int, ...] = (0, 1, 2)
    others: tuple[int, ...] = ()
    bank: bool = False
    to_merchant: bool = False
    from_bank: bool = False
    conditions: Conditions = _CONDITIONS
    product: str = "marketplace/1"
    purpose: str = "general"


def _monthly(
    principal: int, rate_bps: int, rows: int, method: Method = Method.ANNUITY, fee: int = 0
) -> Terms:
    """Return terms with a row a month; amounts in minor units, rate in basis points a year."""
    return Terms(
        principal=principal,
        annual_rate=Fraction(rate_bps, 10_000),
        periods=rows,
        value_date=_ANY_DAY,
        method=method,
        fee_per_period=fee,
        timezone=TIMEZONE,
    )


STORIES: Sequence[Role] = (
    Role("repaid on time 按时结清", stories.on_time, _monthly(1_200_000, 1_075, 6, fee=500)),
    Role(
        "late with penalty 逾期罚息",
        stories.late,
        _monthly(600_000, 1_200, 4),
        lenders=(1, 2, 3),
    ),
    Role(
        "repaid early in full 提前结清",
        stories.early_in_full,
        _monthly(900_000, 1_080, 6, Method.EQUAL_PRINCIPAL),
        lenders=(0, 3, 4, 5),
    ),
    Role(
        "repaid early in part 部分提前还款",
        stories.early_in_part,
        _monthly(1_500_000, 960, 6),
        lenders=(2, 4, 5),
    ),
    Role(
        "in default, part recovered 违约",
        stories.default,
        _monthly(800_000, 1_500, 6),
        lenders=(0, 1, 5),
    ),
    Role("cancelled, refunded 撤销退款", stories.cancelled, _monthly(400_000, 1_100, 3)),
    Role(
        "expired, refunded 流标退款",
        stories.expired,
        _monthly(5_000_000, 900, 6),
        lenders=(3, 4, 5),
    ),
    Role(
        "at the bank, value dates 银行起息日",
        stories.at_the_bank,
        _monthly(2_000_000, 840, 6, Method.EQUAL_PRINCIPAL, fee=1_000),
        lenders=(1, 3, 5),
        bank=True,
    ),
    Role(
        "notes changed hands 债权转让",
        stories.traded,
        _monthly(1_000_000, 1_320, 6),
        others=(3, 4),
    ),
    Role(
        "purchase, merchant paid 消费分期",
        stories.on_time,
        _monthly(360_000, 0, 3, fee=2_160),
        lenders=(2, 3),
        to_merchant=True,
        product="purchase-instalment/1",
        purpose="appliance",
    ),
    Role(
        "bank term loan 先息后本",
        stories.on_time,
        _monthly(3_000_000, 435, 4, Method.INTEREST_ONLY),
        bank=True,
        from_bank=True,
        product="bank-term/1",
        purpose="renovation",
    ),
    Role(
        "cash loan, one row 一次性还本付息",
        stories.on_time,
        _monthly(100_000, 1_800, 1, Method.BULLET),
        lenders=(0, 5),
        product="cash-loan/1",
    ),
    Role("behind with payments 逾期", stories.behind, _monthly(700_000, 1_400, 8), lenders=(1, 4)),
    Role(
        "running to plan 正常还款",
        stories.on_time,
        _monthly(2_400_000, 1_275, 36, fee=300),
        lenders=(0, 1, 2, 3, 4, 5),
    ),
)
"""The stories that a play tells first, in their order."""

_USUAL = (STORIES[0], STORIES[1], STORIES[2])
"""What happens to most loans."""


def portfolio(random: Random, loans: int, tape: Sequence[TapeLoan]) -> list[Role]:
    """Return ``loans`` roles: the stories, then loans of the tape, then usual ones by chance."""
    told = list(STORIES[:loans])
    told += [_from_tape(random, loan) for loan in tape[: loans - len(told)]]
    for index in range(loans - len(told)):
        told.append(_by_chance(random, _USUAL[index % len(_USUAL)]))
    return told


def _lenders(random: Random) -> tuple[int, ...]:
    return tuple(sorted(random.sample(range(LENDERS), random.choice((2, 3, 4)))))


def _from_tape(random: Random, loan: TapeLoan) -> Role:
    """Return a loan of a tape that is repaid to plan; its amounts count in the play's currency."""
    return Role(
        f"from the tape, line {loan.row}",
        stories.on_time,
        loan.schedule.terms,
        lenders=_lenders(random),
        product="tape/1",
    )


def _by_chance(random: Random, usual: Role) -> Role:
    terms = _monthly(
        random.randrange(500, 5_000) * 1_000,
        random.randrange(700, 1_800),
        random.choice((3, 4, 6)),
        random.choice((Method.ANNUITY, Method.EQUAL_PRINCIPAL)),
    )
    return Role(usual.story, usual.plot, terms, lenders=_lenders(random))
