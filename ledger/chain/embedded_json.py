"""Blocks and receipts of py-evm as the JSON that nodes give."""

from collections.abc import Sequence
from typing import Any

from eth.abc import BlockHeaderAPI, ReceiptAPI, SignedTransactionAPI
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from rlp import encode as rlp_encode  # type: ignore[import-untyped]

from ledger.chain.wire import to_hex

_SUCCESS = b"\x01"


def block_json(header: BlockHeaderAPI, transactions: Sequence[str]) -> dict[str, Any]:
    """Return a header with every field that enters its hash, and its transactions' hashes."""
    fields: Any = header
    return {
        "hash": to_hex(header.hash),
        "parentHash": to_hex(header.parent_hash),
        "sha3Uncles": to_hex(header.uncles_hash),
        "miner": to_hex(header.coinbase),
        "stateRoot": to_hex(header.state_root),
        "transactionsRoot": to_hex(header.transaction_root),
        "receiptsRoot": to_hex(header.receipt_root),
        "logsBloom": to_hex(header.bloom.to_bytes(256, "big")),
        "difficulty": hex(header.difficulty),
        "number": hex(header.block_number),
        "gasLimit": hex(header.gas_limit),
        "gasUsed": hex(header.gas_used),
        "timestamp": hex(header.timestamp),
        "extraData": to_hex(header.extra_data),
        "mixHash": to_hex(header.mix_hash),
        "nonce": to_hex(header.nonce),
        "baseFeePerGas": hex(fields.base_fee_per_gas),
        "withdrawalsRoot": to_hex(fields.withdrawals_root),
        "blobGasUsed": hex(fields.blob_gas_used),
        "excessBlobGas": hex(fields.excess_blob_gas),
        "parentBeaconBlockRoot": to_hex(fields.parent_beacon_block_root),
        "requestsHash": to_hex(fields.requests_hash),
        "transactions": list(transactions),
    }


def receipts_json(
    header: BlockHeaderAPI,
    transactions: Sequence[SignedTransactionAPI],
    receipts: Sequence[ReceiptAPI],
) -> list[dict[str, Any]]:
    """Return the receipts of a block, logs numbered through the block."""
    items: list[dict[str, Any]] = []
    gas_before = logs_before = 0
    for index, (transaction, receipt) in enumerate(zip(transactions, receipts, strict=True)):
        place = {
            "blockHash": to_hex(header.hash),
            "blockNumber": hex(header.block_number),
            "transactionHash": to_hex(transaction.hash),
            "transactionIndex": hex(index),
        }
        logs = [
            {
                **place,
                "logIndex": hex(logs_before + offset),
                "address": to_hex(log.address),
                "topics": [to_hex(topic.to_bytes(32, "big")) for topic in log.topics],
                "data": to_hex(log.data),
                "removed": False,
            }
            for offset, log in enumerate(receipt.logs)
        ]
        items.append(
            {
                **place,
                "type": hex(getattr(transaction, "type_id", None) or 0),
                "status": "0x1" if receipt.state_root == _SUCCESS else "0x0",
                "gasUsed": hex(receipt.gas_used - gas_before),
                "cumulativeGasUsed": hex(receipt.gas_used),
                "contractAddress": None if transaction.to else _created(transaction),
                "logs": logs,
            }
        )
        gas_before = receipt.gas_used
        logs_before += len(logs)
    return items


def _created(transaction: SignedTransactionAPI) -> str:
    return to_checksum_address(keccak(rlp_encode([transaction.sender, transaction.nonce]))[-20:])
