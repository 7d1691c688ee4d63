"""py-evm behind the harness's face: real transactions, so gas is a receipt's gas."""

from __future__ import annotations

from typing import Any

from eth_account import Account
from eth_tester import EthereumTester, PyEVMBackend  # type: ignore[import-untyped]
from eth_tester.backends.pyevm.main import (  # type: ignore[import-untyped]
    get_default_genesis_params,
)
from eth_utils.address import to_checksum_address

from ledger.core.types import Address
from tests.contract.chain import BLOCK_GAS, Key, RawLog, Sent

# 2100-01-01. py-evm's blocks follow the machine's clock until the chain is ahead of it, and the
# gas of calldata depends on every byte of a time.
GENESIS = 4_102_444_800
_GAS = 30_000_000
_FUNDS = 10**22


class PyEvm:
    """A chain of py-evm (Prague); each transaction is a block of its own."""

    def __init__(self) -> None:
        parameters = get_default_genesis_params({"timestamp": GENESIS, "gas_limit": BLOCK_GAS})
        self._tester: Any = EthereumTester(PyEVMBackend(genesis_parameters=parameters))
        self._next: int | None = None
        self._nonces: dict[str, int] = {}
        self.chain_id = int(self._tester.backend.chain.chain_id)

    @property
    def now(self) -> int:
        return int(self._tester.get_block_by_number("latest")["timestamp"])

    def travel(self, to: int) -> None:
        self._tester.time_travel(to)

    def deploy(self, sender: Key, code: bytes) -> tuple[Address, Sent]:
        receipt = self._mined(sender, None, code)
        return Address(to_checksum_address(receipt["contract_address"])), _sent(receipt)

    def send(self, sender: Key, to: Address, data: bytes) -> Sent:
        return _sent(self._mined(sender, to, data))

    def call(self, to: Address, data: bytes) -> bytes:
        account = self._tester.get_accounts()[0]
        answer = self._tester.call({"from": account, "to": to, "data": "0x" + data.hex()})
        return bytes.fromhex(answer[2:])

    def _mined(self, sender: Key, to: Address | None, data: bytes) -> Any:
        if sender.address not in self._nonces:
            self._nonces[sender.address] = 0
            account = self._tester.get_accounts()[0]
            self._tester.send_transaction(
                {"from": account, "to": sender.address, "value": _FUNDS, "gas": 21_000}
            )
        nonce = self._nonces[sender.address]
        self._nonces[sender.address] = nonce + 1
        transaction: dict[str, Any] = {
            "nonce": nonce,
            "gas": _GAS,
            "maxFeePerGas": 10**10,
            "maxPriorityFeePerGas": 10**9,
            "chainId": self.chain_id,
            "value": 0,
            "data": data,
        }
        if to is not None:
            transaction["to"] = to
        signed = Account.sign_transaction(transaction, sender.secret)
        sent = self._tester.send_raw_transaction("0x" + bytes(signed.raw_transaction).hex())
        receipt = self._tester.get_transaction_receipt(sent)
        if receipt["status"] != 1:
            raise AssertionError(f"a transaction of {sender} to {to} failed")
        return receipt


def _sent(receipt: Any) -> Sent:
    logs = tuple(
        RawLog(
            Address(to_checksum_address(log["address"])),
            tuple(bytes.fromhex(topic[2:]) for topic in log["topics"]),
            bytes.fromhex(log["data"][2:]),
        )
        for log in receipt["logs"]
    )
    return Sent(b"", logs, int(receipt["gas_used"]))
