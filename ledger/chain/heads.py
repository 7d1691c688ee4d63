"""The hash chains that the contracts keep over their events, read by call at one block."""

from collections.abc import Iterable
from dataclasses import dataclass

from ledger.chain.abi import Call, interface
from ledger.chain.client import Client
from ledger.core.types import Address, BlockRef, LoanId
from ledger.errors import Reverted

NO_CONTRACT = bytes(32)


@dataclass(frozen=True, slots=True)
class Heads:
    """``bookHead``, the registry's ``head`` and ``head`` of some loans; zero for no events."""

    block: BlockRef
    book: bytes
    registry: bytes
    loans: dict[LoanId, bytes]


def read_heads(
    client: Client, book: Address, registry: Address, loans: Iterable[LoanId], block: BlockRef
) -> Heads:
    """Return the heads as of ``block``; a contract that is not there yet has none."""
    wanted = list(loans)
    functions = interface("ILoanBook")
    calls = [
        Call(book, functions["bookHead"].encode()),
        Call(registry, interface("IPartyRegistry")["head"].encode()),
        *(Call(book, functions["head"].encode(loan_id)) for loan_id in wanted),
    ]
    answers = []
    for answer in client.call_many(calls, block):
        if isinstance(answer, Reverted):
            raise answer
        answers.append(functions["bookHead"].decode(answer)[0] if answer else NO_CONTRACT)
    return Heads(block, answers[0], answers[1], dict(zip(wanted, answers[2:], strict=True)))
