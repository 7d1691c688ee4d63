"""Who plays in a demonstration: people on stage, each loan with its borrower and its first day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from ledger.core.schedule import schedule
from ledger.core.types import Kind
from ledger.demo.loan import DemoLoan, Part
from ledger.demo.portfolio import LENDERS, TIMEZONE, Role
from ledger.demo.stage import FIRST_BORROWER, Person, Stage
from ledger.demo.stories import Plot
from ledger.origination import dated

DAYS_AHEAD = 5
"""From the chain's day to the first value date: loans open three days before theirs."""

STAGGER_DAYS, STAGGER_CYCLE = 3, 60
"""Loans start some days after each other, all of them within two months."""

_FIRST_LENDER, _BANK, _MERCHANT = 10, 16, 17
_DEPOSIT = 10**9
"""Minor units that every lender brings."""


@dataclass(frozen=True, slots=True)
class Company:
    """The people who are on stage in every play."""

    lenders: tuple[Person, ...]
    bank: Person
    merchant: Person


def cast(stage: Stage, roles: Sequence[Role]) -> list[tuple[DemoLoan, Plot]]:
    """Return the loans with their stories; none is on the chain yet."""
    stage.fund(range(_FIRST_LENDER, FIRST_BORROWER + len(roles)))
    company = _hire(stage)
    borrowers = [
        stage.person(f"borrower {index + 1}", FIRST_BORROWER + index, Kind.PERSON)
        for index in range(len(roles))
    ]
    today = datetime.fromtimestamp(stage.now(), ZoneInfo(TIMEZONE)).date()
    loans = []
    for index, (role, borrower) in enumerate(zip(roles, borrowers, strict=True)):
        days = DAYS_AHEAD + STAGGER_DAYS * index % STAGGER_CYCLE
        part = _part(role, company, borrower, today + timedelta(days=days))
        loans.append((DemoLoan(stage, part), role.plot))
    return loans


def _hire(stage: Stage) -> Company:
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


def _part(role: Role, company: Company, borrower: Person, value_date: date) -> Part:
    lenders = tuple(company.lenders[index] for index in role.lenders)
    return Part(
        story=role.story,
        schedule=schedule(dated(role.terms, value_date)),
        borrower=borrower,
        lenders=(company.bank,) if role.from_bank else lenders,
        others=tuple(company.lenders[index] for index in role.others),
        bank=role.bank,
        payee=company.merchant if role.to_merchant else None,
        conditions=role.conditions,
        product=role.product,
        purpose=role.purpose,
    )
