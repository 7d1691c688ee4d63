"""Logs of a range of blocks: in ranges that the node can bear, each tied to its header."""

from collections.abc import Mapping, Sequence
from typing import Any

from ledger.chain.transport import Transport
from ledger.chain.wire import count, log_of, octets, to_hex
from ledger.core.types import Address, BlockRef, Log
from ledger.errors import InconsistentNode, NodeLimit


class LogReader:
    """Reads logs; remembers the widest range that the node has been able to answer."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._span: int | None = None

    def raw_logs(self, first: int, last: int, addresses: Sequence[Address]) -> list[dict[str, Any]]:
        """Return the node's JSON logs, unchecked.

        Raises ``NodeLimit`` if the node cannot answer for a single block.
        """
        items: list[dict[str, Any]] = []
        while first <= last:
            span = min(self._span or last - first + 1, last - first + 1)
            try:
                items += self._ask(first, first + span - 1, addresses)
            except NodeLimit:
                if span == 1:
                    raise
                self._span = span // 2
            else:
                first += span
        return items

    def _ask(self, first: int, last: int, addresses: Sequence[Address]) -> list[dict[str, Any]]:
        question = {
            "fromBlock": to_hex(first),
            "toBlock": to_hex(last),
            "address": list(addresses),
        }
        answer = self._transport.request("eth_getLogs", [question])
        if not isinstance(answer, list):
            raise InconsistentNode(f"the node answered {answer!r} for logs {first} to {last}")
        return answer


def block_numbers(items: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the block number that each JSON log names."""
    return [count(item.get("blockNumber")) for item in items]


def checked_logs(
    items: Sequence[Mapping[str, Any]],
    wanted: range,
    addresses: Sequence[Address],
    headers: Mapping[int, BlockRef],
) -> list[Log]:
    """Return JSON logs as logs of their blocks, in chain order, each once.

    Raises ``InconsistentNode`` for a log that was not asked for, is of another block than the
    header of its number, or contradicts another log at its place.
    """
    by_name = {address.lower(): address for address in addresses}
    by_place: dict[tuple[int, int], Log] = {}
    for number, item in zip(block_numbers(items), items, strict=True):
        address = by_name.get(str(item.get("address")).lower())
        if number not in wanted or address is None or item.get("removed"):
            raise InconsistentNode(f"the node gave a log that was not asked for: {item!r}")
        block = headers[number]
        log = log_of(item, block, address)
        if octets(item.get("blockHash"), 32) != block.hash:
            raise InconsistentNode(
                f"a log of block {number} names block hash {item.get('blockHash')}, "
                f"the header's is 0x{block.hash.hex()}"
            )
        if by_place.setdefault((number, log.index), log) != log:
            raise InconsistentNode(f"two different logs at block {number}, index {log.index}")
    return [by_place[place] for place in sorted(by_place)]
