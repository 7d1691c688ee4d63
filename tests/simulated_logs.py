"""Logs of a loan book and its registry, written by hand: blocks, heads, rules, agreements."""

from collections import defaultdict
from typing import Protocol

from eth_hash.auto import keccak
from eth_utils.address import to_checksum_address

from ledger.core import events
from ledger.core.agreement import Agreement
from ledger.core.decode import encode
from ledger.core.packing import Row, schedule_hash
from ledger.core.types import (
    ZERO_ADDRESS,
    Address,
    BlockRef,
    Kind,
    LoanId,
    Log,
    Policy,
    Subject,
)

CHAIN_ID = 31337
START = 1_767_225_600  # 2026-01-01
DAY = 86_400
ZERO = bytes(32)
EVERYTHING = 2**128 - 1
POLICY = Policy(1_000_000, 10_000, 1_000, 10)
BANK = (ZERO_ADDRESS, b"CNY")


def address(name: str) -> Address:
    """Return the wallet that a name stands for."""
    return Address(to_checksum_address(keccak(name.encode())[:20]))


BOOK, REGISTRY, ADMIN = address("book"), address("registry"), address("admin")
TOKEN = (address("token"), b"CNY")
BORROWER, SHOP, FEES = address("borrower"), address("shop"), address("fees")
LENDERS = tuple(address(f"lender {n}") for n in range(4))
OUTSIDE = keccak(b"Transfer(address,address,address,uint256,uint256)")


def rows_of(*rows: tuple[int, int, int, int]) -> tuple[Row, ...]:
    """Return rows from (days after the value date, principal, interest, fee)."""
    return tuple(Row(START + days * DAY + DAY, *amounts) for days, *amounts in rows)


def agreement(
    rows: tuple[Row, ...], *, settlement: tuple[Address, bytes] = TOKEN, salt: int = 0, **terms: int
) -> Agreement:
    """Return an agreement over ``rows``; ``terms`` replace single members."""
    members = {
        "borrower": BORROWER, "payee": SHOP, "guarantor": ZERO_ADDRESS, "fee_receiver": FEES,
        "asset": settlement[0], "currency": settlement[1],
        "principal": sum(row.principal for row in rows), "schedule_hash": schedule_hash(rows),
        "daily_rate": 0, "penalty_rate": 500, "grace_days": 3, "prepayment_fee_bps": 100,
        "default_after_days": 30, "write_off_after_days": 360, "value_date": START,
        "funding_deadline": START + DAY, "line": ZERO, "product": ZERO, "purpose": ZERO,
        "documents": ZERO, "salt": salt,
    }  # fmt: skip
    return Agreement(**{**members, **terms})


class Chained(Protocol):
    """What a loan needs so that its events can be numbered and chained."""

    id: LoanId
    seq: int
    head: bytes


class LogWriter:
    """Writes logs in blocks and keeps the heads a second time."""

    def __init__(self) -> None:
        self.logs: list[Log] = []
        self.now = START - 5 * DAY
        self.number = 0
        self.book_seq = self.registry_seq = 0
        self.book_head = self.registry_head = ZERO
        self.fees: dict[int, int] = defaultdict(int)
        self.money: dict[Address, int] = defaultdict(int)
        self._index = 0

    # ------------------------------------------------------------ blocks and logs

    def advance(self, seconds: int = 1) -> None:
        """Begin a block that is ``seconds`` later, with one transaction."""
        self.now += seconds
        self.number += 1
        self._index = 0

    def travel(self, day: int) -> None:
        """Begin a block on a day of the loans."""
        self.advance(START + day * DAY + DAY // 2 - self.now)

    def block(self) -> BlockRef:
        def name(number: int) -> bytes:
            return keccak(f"block {number}".encode())

        return BlockRef(self.number, name(self.number), name(self.number - 1), self.now)

    def _log(self, sender: Address, topics: tuple[bytes, ...], data: bytes) -> bytes:
        tx_hash = keccak(f"tx {self.number}".encode())
        self.logs.append(Log(self.block(), tx_hash, 0, self._index, sender, topics, data))
        self._index += 1
        return keccak(b"".join(topics) + keccak(data))

    def emit_loan(self, loan: Chained, kind: type, /, **fields: object) -> None:
        """Write an event of a loan, numbered and chained."""
        loan.seq += 1
        event = kind(loan_id=loan.id, seq=loan.seq, at=self.now, **fields)
        entry = self._log(BOOK, *encode(event))
        loan.head = keccak(loan.head + entry)
        if kind is events.Opened:
            self.book_head = keccak(self.book_head + entry)

    def emit_book(self, kind: type, /, **fields: object) -> None:
        self.book_seq += 1
        entry = self._log(BOOK, *encode(kind(seq=self.book_seq, at=self.now, **fields)))
        self.book_head = keccak(self.book_head + entry)

    def emit_registry(self, kind: type, /, **fields: object) -> None:
        self.registry_seq += 1
        entry = self._log(REGISTRY, *encode(kind(seq=self.registry_seq, at=self.now, **fields)))
        self.registry_head = keccak(self.registry_head + entry)

    def outside(self) -> None:
        self._log(BOOK, (OUTSIDE, ZERO, ZERO, ZERO), ZERO * 2)

    # ------------------------------------------------------------ book and registry

    def create(self) -> None:
        """Deploy registry and book, list both settlements, register everybody."""
        self.advance()
        self.emit_registry(events.RegistryRoleChanged, role=ZERO, account=ADMIN, granted=True)
        self.emit_book_created()
        self.emit_book(events.RoleChanged, role=ZERO, account=ADMIN, granted=True)
        self.emit_book(events.PolicyChanged, policy=POLICY)
        for index, (token, currency) in enumerate((TOKEN, BANK)):
            self.list_settlement(index, token, currency)
        for number, wallet in enumerate((BORROWER, SHOP, *LENDERS)):
            self.register(wallet, number + 1, Kind.PERSON)

    def emit_book_created(self) -> None:
        self.emit_book(events.BookCreated, registry=REGISTRY, admin=ADMIN)

    def list_settlement(
        self, index: int, token: Address, currency: bytes, *, open_: bool = True
    ) -> None:
        self.emit_book(
            events.SettlementChanged, settlement=index, token=token, currency=currency, open=open_
        )

    def register(self, wallet: Address, subject: int, kind: Kind) -> None:
        self.emit_registry(
            events.PartyRegistered,
            wallet=wallet,
            subject=Subject(subject.to_bytes(16, "big")),
            kind=kind,
            related=False,
        )

    def update(self, wallet: Address, kind: Kind, *, related: bool) -> None:
        self.emit_registry(events.PartyUpdated, wallet=wallet, kind=kind, related=related)

    def pause(self, paused: bool) -> None:
        self.advance()
        self.emit_book(events.PauseChanged, paused=paused)

    def withdraw_fees(self, settlement: int, amount: int) -> None:
        self.advance()
        self.fees[settlement] -= amount
        self.money[(TOKEN, BANK)[settlement][0]] -= amount
        self.emit_book(
            events.FeesWithdrawn, settlement=settlement, receiver=FEES, amount=amount, ref=ZERO
        )
