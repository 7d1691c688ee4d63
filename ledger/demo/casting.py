"""Who plays in a demonstration, and in which stories: the portfolio from its seed."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from ledger.core.schedule import schedule
from ledger.core.terms import Method, Terms
from ledger.core.types import Kind
from ledger.demo import stories
from ledger.demo.loan import DemoLoan, Part
from ledger.demo.stage import FIRST_BORROWER, Person, Stage
from ledger.demo.stories import Plot
from ledger.origination import Conditions

TIMEZONE = "Asia/Shanghai"
DAYS_AHEAD = 5
"""From the chain's day to the first value date: loans open three days before theirs."""

STAGGER_DAYS, STAGGER_CYCLE = 3, 60
"""Loans start some days after each other, all of them within two months."""

LENDERS = 6
_FIRST_LENDER, _BANK, _MERCHANT = 10, 16, 17
_DEPOSIT = 10**9
"""Minor units that every lender brings."""

_REGULATION = Conditions(prepayment_fee_bps=100)


@dataclass(frozen=True, slots=True)
class Company:
    """The people who are on stage in every play."""

    lenders: tuple[Person, ...]
    bank: Person
    merchant: Person


@dataclass(frozen=True, slots=True)
class Role:
    """One story with the shape of its loan.

    ``principal`` and ``fee`` (a row) in minor units, a row a month,
    ``rate_bps`` basis points a year, ``lenders`` by their number in the company.
    """

    story: str
    plot: Plot
    principal: int
    rate_bps: int
    rows: int
    method: Method = Method.ANNUITY
    lenders: tuple[int, ...] = (0, 1, 2)
    fee: int = 0
    bank: bool = False
    to_merchant: bool = False
    from_bank: bool = False
    conditions: Conditions = _REGULATION
    product: str = "marketplace/1"
    purpose: str = "general"


def roles(company: Company) -> list[Role]:
    """Return the stories that every play tells, in their order."""
    fourth, fifth = company.lenders[3:5]
    return [
        Role("repaid on time 按时结清", stories.on_time, 1_200_000, 1075, 6, fee=500),
        Role(
            "late with penalty 逾期罚息",
            stories.late,
            600_000,
            1200,
            4,
            lenders=(1, 2, 3),
        ),
        Role(
            "repaid early in full 提前结清",
            stories.early_in_full,
            900_000,
            1080,
            6,
            method=Method.EQUAL_PRINCIPAL,
            lenders=(0, 3, 4, 5),
        ),
        Role(
            "repaid early in part 部分提前还款",
            stories.early_in_part,
            1_500_000,
            960,
            6,
            lenders=(2, 4, 5),
        ),
        Role(
            "in default, part recovered 违约",
            stories.default,
            800_000,
            1500,
            6,
            lenders=(0, 1, 5),
        ),
        Role("cancelled, refunded 撤销退款", stories.cancelled, 400_000, 1100, 3),
        Role(
            "expired, refunded 流标退款",
            stories.expired,
            5_000_000,
            900,
            6,
            lenders=(3, 4, 5),
        ),
        Role(
            "at the bank, value dates 银行起息日",
            stories.at_the_bank,
            2_000_000,
            840,
            6,
            method=Method.EQUAL_PRINCIPAL,
            lenders=(1, 3, 5),
            fee=1_000,
            bank=True,
        ),
        Role(
            "notes changed hands 债权转让",
            stories.traded(fourth, fifth),
            1_000_000,
            1320,
            6,
        ),
        Role(
            "purchase, merchant paid 消费分期",
            stories.on_time,
            360_000,
            0,
            3,
            fee=2_160,
            lenders=(2, 3),
            to_merchant=True,
            product="purchase-instalment/1",
            purpose="appliance",
        ),
        Role(
            "bank term loan 先息后本",
            stories.on_time,
            3_000_000,
            435,
            4,
            method=Method.INTEREST_ONLY,
            from_bank=True,
            bank=True,
            product="bank-term/1",
            purpose="renovation",
        ),
        Role(
            "cash loan, one row 一次性还本付息",
            stories.on_time,
            100_000,
            1800,
            1,
            method=Method.BULLET,
            lenders=(0, 5),
            product="cash-loan/1",
        ),
        Role("behind with payments 逾期", stories.behind, 700_000, 1400, 8, lenders=(1, 4)),
        Role(
            "running to plan 正常还款",
            stories.on_time,
            2_400_000,
            1275,
            36,
            lenders=(0, 1, 2, 3, 4, 5),
            fee=300,
        ),
    ]


def hire(stage: Stage) -> Company:
    """Register lenders, a bank and a merchant; lenders bring money."""
    lenders = tuple(
        stage.person(f"lender {index + 1}", _FIRST_LENDER + index, Kind.PERSON)
        for index in range(LENDERS)
    )
    for lender in lenders:
        stage.deposit(lender, _DEPOSIT)
    return Company(
        lenders=lenders,
        bank=stage.person("lending bank", _BANK, Kind.BANK),
        merchant=stage.person("merchant", _MERCHANT, Kind.COMPANY),
    )


def extra(stage: Stage, count: int) -> list[Role]:
    """Return further loans of the most usual kinds, their terms drawn by the stage's chance."""
    usual = [
        ("repaid on time 按时结清", stories.on_time),
        ("late with penalty 逾期罚息", stories.late),
        ("repaid early in full 提前结清", stories.early_in_full),
    ]
    random = stage.random
    return [
        Role(
            story,
            plot,
            principal=random.randrange(500, 5_000) * 1_000,
            rate_bps=random.randrange(700, 1_800),
            rows=random.choice((3, 4, 6)),
            lenders=tuple(sorted(random.sample(range(LENDERS), random.choice((2, 3, 4))))),
            method=random.choice((Method.ANNUITY, Method.EQUAL_PRINCIPAL)),
        )
        for story, plot in (usual[index % len(usual)] for index in range(count))
    ]


def cast(stage: Stage, count: int) -> list[tuple[DemoLoan, Plot]]:
    """Return ``count`` loans with their stories; none is on the chain yet."""
    stage.fund(range(_FIRST_LENDER, FIRST_BORROWER + count))
    company = hire(stage)
    parts = [*roles(company), *extra(stage, count)][:count]
    borrowers = [
        stage.person(f"borrower {index + 1}", FIRST_BORROWER + index, Kind.PERSON)
        for index in range(len(parts))
    ]
    today = datetime.fromtimestamp(stage.now(), ZoneInfo(TIMEZONE)).date()
    loans = []
    for index, (role, borrower) in enumerate(zip(parts, borrowers, strict=True)):
        days = DAYS_AHEAD + STAGGER_DAYS * index % STAGGER_CYCLE
        part = _part(role, company, borrower, today + timedelta(days=days))
        loans.append((DemoLoan(stage, part), role.plot))
    return loans


def _part(role: Role, company: Company, borrower: Person, value_date: date) -> Part:
    terms = Terms(
        principal=role.principal,
        annual_rate=Fraction(role.rate_bps, 10_000),
        periods=role.rows,
        value_date=value_date,
        method=role.method,
        fee_per_period=role.fee,
        timezone=TIMEZONE,
    )
    lenders = tuple(company.lenders[index] for index in role.lenders)
    return Part(
        story=role.story,
        schedule=schedule(terms),
        borrower=borrower,
        lenders=(company.bank,) if role.from_bank else lenders,
        bank=role.bank,
        payee=company.merchant if role.to_merchant else None,
        conditions=role.conditions,
        product=role.product,
        purpose=role.purpose,
    )
