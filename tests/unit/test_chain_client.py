"""The client's own judgement, over a transport whose answers are written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ledger.chain.client import BATCH, Client
from ledger.chain.transport import Question
from ledger.core.types import Address, BlockRef, Timestamp
from ledger.errors import (
    BlockUnknown,
    ChainError,
    InconsistentNode,
    MethodMissing,
    NodeLimit,
    NodeRefused,
    WrongChain,
)

BOOK = Address("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266")
OTHER = Address("0x70997970C51812dc3A010C7d01b50e0d17dc79C8")


class Node:
    """Twenty linked blocks and some logs; counts what it is asked."""

    name = "by hand"

    def __init__(self, chain_id: int = 31337, limit: int = 10**6) -> None:
        self.chain_id = chain_id
        self.limit = limit
        self.blocks = [_header(number) for number in range(20)]
        self.logs = [_log(number, index) for number in (3, 3, 9, 17) for index in (0, 1)]
        self.asked: list[tuple[str, Sequence[Any]]] = []
        self.batches: list[int] = []

    def request(self, method: str, params: Sequence[Any]) -> Any:
        self.asked.append((method, params))
        if method == "eth_chainId":
            return hex(self.chain_id)
        if method == "eth_getBlockByNumber":
            return self._block(str(params[0]))
        if method == "eth_getLogs":
            return self._logs(params[0])
        raise MethodMissing(method, -32601, "not here")

    def batch(self, questions: Sequence[Question]) -> list[Any]:
        self.batches.append(len(questions))
        answers: list[Any] = []
        for method, params in questions:
            try:
                answers.append(self.request(method, params))
            except ChainError as error:
                answers.append(error)
        return answers

    def _block(self, tag: str) -> dict[str, Any] | None:
        if tag == "finalized":
            return self.blocks[12]
        number = len(self.blocks) - 1 if tag == "latest" else int(tag, 16)
        return self.blocks[number] if number < len(self.blocks) else None

    def _logs(self, question: dict[str, Any]) -> list[dict[str, Any]]:
        first, last = int(question["fromBlock"], 16), int(question["toBlock"], 16)
        if last - first + 1 > self.limit:
            raise NodeLimit("eth_getLogs", -32005, "block range is too large")
        return [log for log in self.logs if first <= int(log["blockNumber"], 16) <= last]


def _hash(number: int, branch: int = 0) -> str:
    return f"0x{branch:02x}{number:062x}"


def _header(number: int, branch: int = 0) -> dict[str, Any]:
    return {
        "number": hex(number),
        "hash": _hash(number, branch),
        "parentHash": _hash(number - 1, branch) if number else _hash(0xFF),
        "timestamp": hex(1_000 + number),
    }


def _log(number: int, index: int) -> dict[str, Any]:
    return {
        "address": BOOK.lower(),
        "blockNumber": hex(number),
        "blockHash": _hash(number),
        "transactionHash": _hash(number, 7),
        "transactionIndex": "0x0",
        "logIndex": hex(index),
        "topics": [_hash(index, 9)],
        "data": "0x01",
        "removed": False,
    }


def test_require_chain__another_chain__refused() -> None:
    with pytest.raises(WrongChain, match="expected chain id 1, the node is on 31337"):
        Client(Node()).require_chain(1)


# -------------------------------------------------------------------------- finality


@pytest.mark.parametrize(
    ("chain_id", "finality", "expected"),
    [(31337, None, 19), (1, None, 12), (1, 5, 14), (31337, 5, 14), (1, 100, 0), (1, 0, 19)],
)
def test_final__by_chain_and_depth__right_block(
    chain_id: int, finality: int | None, expected: int
) -> None:
    client = Client(Node(chain_id), finality=finality)

    assert client.final().number == expected


# -------------------------------------------------------------------------- blocks


def test_blocks__linked__every_one_in_order() -> None:
    blocks = Client(Node()).blocks(4, 8)

    assert [block.number for block in blocks] == [4, 5, 6, 7, 8]
    assert blocks[0] == BlockRef(
        4, bytes.fromhex(_hash(4)[2:]), bytes.fromhex(_hash(3)[2:]), Timestamp(1_004)
    )


def test_blocks__another_branch_in_between__refused() -> None:
    node = Node()
    node.blocks[6] = _header(6, branch=1)

    with pytest.raises(InconsistentNode, match=r"block 6 .* does not follow block 5"):
        Client(node).blocks(4, 8)


def test_blocks__missing__raised_not_skipped() -> None:
    with pytest.raises(BlockUnknown, match="block 20") as caught:
        Client(Node()).blocks(18, 20)

    assert caught.value.retry


def test_block__other_number_than_asked__refused() -> None:
    node = Node()
    node.blocks[5] = _header(4)

    with pytest.raises(InconsistentNode, match="asked for block 5, got 4"):
        Client(node).headers([5])


def test_blocks__many__asked_in_batches() -> None:
    node = Node()
    node.blocks = [_header(number) for number in range(2 * BATCH + 1)]

    Client(node).blocks(0, 2 * BATCH)

    assert node.batches == [BATCH, BATCH, 1]


@pytest.mark.parametrize("member", ["number", "hash", "parentHash", "timestamp"])
@pytest.mark.parametrize("value", [None, "0x", "zz", 7, "-0x5", hex(1 << 63)])
def test_block__malformed_header__refused(member: str, value: object) -> None:
    node = Node()
    node.blocks[5][member] = value

    with pytest.raises(InconsistentNode):
        Client(node).block(5)


# -------------------------------------------------------------------------- logs


def test_logs__range__in_chain_order_with_their_blocks() -> None:
    node = Node()
    node.logs.reverse()

    logs = Client(node).logs(0, 19, [BOOK])

    assert [(log.block.number, log.index) for log in logs] == [
        (3, 0), (3, 1), (9, 0), (9, 1), (17, 0), (17, 1),
    ]  # fmt: skip
    assert logs[0].address == BOOK
    assert logs[0].block.timestamp == 1_003


@pytest.mark.parametrize("limit", [1, 3, 7, 19, 20])
def test_logs__node_limits_the_range__split_to_the_same_answer(limit: int) -> None:
    whole = Client(Node()).logs(0, 19, [BOOK])

    assert Client(Node(limit=limit)).logs(0, 19, [BOOK]) == whole


def test_logs__limit_found_once__remembered() -> None:
    node = Node(limit=5)
    client = Client(node)
    client.logs(0, 19, [BOOK])
    node.asked.clear()

    client.logs(0, 19, [BOOK])

    ranges = [params for method, params in node.asked if method == "eth_getLogs"]
    assert len(ranges) == 4


def test_logs__not_even_one_block_allowed__limit_raised() -> None:
    with pytest.raises(NodeLimit):
        Client(Node(limit=0)).logs(0, 19, [BOOK])


def test_logs__beyond_the_head__not_taken_for_empty() -> None:
    with pytest.raises(BlockUnknown, match="block 25"):
        Client(Node()).logs(0, 25, [BOOK])


def test_logs__headers_given__not_asked_again() -> None:
    node = Node()
    client = Client(node)
    headers = {block.number: block for block in client.blocks(0, 19)}
    node.batches.clear()

    client.logs(0, 19, [BOOK], headers)

    assert node.batches == []


def test_logs__of_another_branch__refused() -> None:
    node = Node()
    node.logs[2]["blockHash"] = _hash(3, branch=1)

    with pytest.raises(InconsistentNode, match="a log of block 3 names block hash"):
        Client(node).logs(0, 19, [BOOK])


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("address", OTHER),
        ("address", None),
        ("blockNumber", "0x2"),
        ("removed", True),
        ("topics", None),
        ("topics", ["0x12"]),
        ("data", "0x1"),
        ("logIndex", None),
        ("logIndex", hex(1 << 70)),
        ("transactionIndex", hex(1 << 70)),
        ("transactionIndex", "-0x1"),
        ("transactionHash", "0x00"),
    ],
)
def test_logs__one_not_asked_for_or_malformed__refused(member: str, value: object) -> None:
    node = Node()
    node.logs[0][member] = value
    honest = Node._logs
    node._logs = lambda question: node.logs if value == "0x2" else honest(node, question)  # type: ignore[method-assign]

    with pytest.raises(InconsistentNode):
        Client(node).logs(3, 19, [BOOK])


def test_logs__two_different_ones_at_a_place__refused() -> None:
    node = Node()
    node.logs[2]["data"] = "0x02"

    with pytest.raises(InconsistentNode, match="two different logs at block 3, index 0"):
        Client(node).logs(0, 19, [BOOK])


# -------------------------------------------------------------------------- the rest


def test_fees__node_without_suggestion__default_tip() -> None:
    node = Node()
    node.blocks[-1]["baseFeePerGas"] = hex(7)

    fees = Client(node).fees()

    assert (fees.max_fee_per_gas, fees.max_priority_fee_per_gas) == (10**9 + 14, 10**9)


def test_ask_many__one_refused__raised() -> None:
    class Refusing(Node):
        def request(self, method: str, _params: Sequence[Any]) -> Any:
            raise NodeRefused(method, -32000, "no")

    with pytest.raises(NodeRefused):
        Client(Refusing()).receipts([bytes(32)])
