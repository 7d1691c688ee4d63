"""One instalment row as one 32-byte word, exactly as the contract reads it.

Layout from the most significant bit: ``dueAt`` 40 | ``principal`` 88 | ``interest`` 80 |
``fee`` 48 bits. A schedule is committed to by ``keccak256`` of its concatenated words.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eth_hash.auto import keccak

from ledger.errors import TermsError

DUE_AT_BITS, PRINCIPAL_BITS, INTEREST_BITS, FEE_BITS = 40, 88, 80, 48


@dataclass(frozen=True, slots=True)
class Row:
    """One instalment: ``due_at`` in Unix seconds, amounts in minor units."""

    due_at: int
    principal: int
    interest: int
    fee: int = 0

    @property
    def total(self) -> int:
        """What the borrower pays for this row when nothing is early or late."""
        return self.principal + self.interest + self.fee


def pack_row(row: Row) -> bytes:
    """Return the row's 32-byte word. Raises ``TermsError`` if a member does not fit."""
    word = 0
    for name, value, bits in (
        ("due_at", row.due_at, DUE_AT_BITS),
        ("principal", row.principal, PRINCIPAL_BITS),
        ("interest", row.interest, INTEREST_BITS),
        ("fee", row.fee, FEE_BITS),
    ):
        if not 0 <= value < 1 << bits:
            raise TermsError(f"rows.{name}", f"{value} does not fit in {bits} unsigned bits")
        word = word << bits | value
    return word.to_bytes(32, "big")


def unpack_row(word: bytes) -> Row:
    """Read one 32-byte word. Raises ``TermsError`` for any other length."""
    if len(word) != 32:
        raise TermsError("rows", f"a row is 32 bytes, got {len(word)}")
    value = int.from_bytes(word, "big")
    return Row(
        due_at=value >> 216,
        principal=value >> 128 & (1 << PRINCIPAL_BITS) - 1,
        interest=value >> 48 & (1 << INTEREST_BITS) - 1,
        fee=value & (1 << FEE_BITS) - 1,
    )


def pack_rows(rows: Iterable[Row]) -> list[bytes]:
    """Return the words of a schedule, in order."""
    return [pack_row(row) for row in rows]


def schedule_hash(rows: Sequence[Row]) -> bytes:
    """Return ``keccak256`` of the concatenated words: the agreement's ``scheduleHash``."""
    return keccak(b"".join(pack_rows(rows)))
