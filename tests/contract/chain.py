"""Two bare chains with one face: pyrevm for speed, py-evm for the gas of whole transactions."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any, Protocol

from eth_hash.auto import keccak
from eth_keys.datatypes import PrivateKey
from eth_utils.address import to_checksum_address
from pyrevm import EVM, BlockEnv, CfgEnv, Env

from ledger.chain.reverts import decode_revert
from ledger.core.types import Address

CHAIN_ID = 31_337
GENESIS = 1_767_225_600  # 2026-01-01T00:00:00Z, the start of a day
BLOCK_GAS = 60_000_000

_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@dataclass(frozen=True, slots=True)
class RawLog:
    """One log as the EVM wrote it."""

    address: Address
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """What a transaction gave: return data (pyrevm only), logs, gas of the whole transaction."""

    value: bytes
    logs: tuple[RawLog, ...]
    gas: int


class Key:
    """A wallet's key, derived from its name. Signs with one fixed nonce: quick, for tests only.

    A nonce used twice betrays the key; these keys are betrayed by their names already.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.secret = keccak(f"loanbook test key {name}".encode())
        private = PrivateKey(self.secret)
        self.address = Address(private.public_key.to_checksum_address())
        self._d = int.from_bytes(self.secret, "big")
        nonce = int.from_bytes(keccak(self.secret), "big") % _ORDER
        point = PrivateKey(nonce.to_bytes(32, "big")).public_key.to_bytes()
        self._r = int.from_bytes(point[:32], "big") % _ORDER
        self._odd = point[63] & 1
        self._inverse = pow(nonce, -1, _ORDER)

    def sign(self, digest: bytes) -> bytes:
        """Return r ‖ s ‖ v with the lower s."""
        s = self._inverse * (int.from_bytes(digest, "big") + self._r * self._d) % _ORDER
        odd = self._odd
        if s > _ORDER // 2:
            s, odd = _ORDER - s, 1 - odd
        return self._r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([27 + odd])

    def __repr__(self) -> str:
        return f"Key({self.name})"


def malleable_twin(signature: bytes) -> bytes:
    """Return the other signature of the same digest by the same key: the upper s."""
    s = _ORDER - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])


class Chain(Protocol):
    """What the harness needs of a chain. A refused call raises ``Reverted``."""

    chain_id: int

    @property
    def now(self) -> int:
        """Return the time that the next transaction sees (pyrevm) or the head has (py-evm)."""
        ...

    def travel(self, to: int) -> None:
        """Set the time of the next block."""
        ...

    def deploy(self, sender: Key, code: bytes) -> tuple[Address, Sent]:
        """Create a contract."""
        ...

    def send(self, sender: Key, to: Address, data: bytes) -> Sent:
        """Run a transaction."""
        ...

    def call(self, to: Address, data: bytes) -> bytes:
        """Ask without changing anything."""
        ...


class Revm:
    """pyrevm: no blocks, no fees; time stands still until it is moved."""

    def __init__(self, chain_id: int = CHAIN_ID) -> None:
        self.chain_id = chain_id
        self.evm = EVM(env=Env(cfg=CfgEnv(chain_id=chain_id)), spec_id="PRAGUE")
        self._now = GENESIS
        self.travel(GENESIS)

    @property
    def now(self) -> int:
        return self._now

    def travel(self, to: int) -> None:
        self._now = to
        self.evm.set_block_env(BlockEnv(number=1, timestamp=to, gas_limit=BLOCK_GAS, basefee=0))

    def deploy(self, sender: Key, code: bytes) -> tuple[Address, Sent]:
        try:
            address = self.evm.deploy(sender.address, code)
        except RuntimeError as error:
            raise _reverted(error) from None
        return _checksummed(address), self._sent(b"")

    def send(self, sender: Key, to: Address, data: bytes) -> Sent:
        return self._sent(self._run(sender.address, to, data, False))

    def _sent(self, value: bytes) -> Sent:
        result = self.evm.result
        assert result is not None
        logs = tuple(RawLog(_checksummed(log.address), *_parts(log)) for log in result.logs)
        return Sent(value, logs, result.gas_used)

    def call(self, to: Address, data: bytes) -> bytes:
        return self._run("0x" + "00" * 20, to, data, True)

    def _run(self, sender: str, to: Address, data: bytes, static: bool) -> bytes:
        try:
            return bytes(self.evm.message_call(sender, to, data, is_static=static))
        except RuntimeError as error:
            raise _reverted(error) from None

    def snapshot(self) -> Any:
        return self.evm.snapshot(), self._now

    def revert(self, snapshot: Any) -> None:
        checkpoint, now = snapshot
        self.evm.revert(checkpoint)
        self.travel(now)


@functools.cache
def _checksummed(address: str) -> Address:
    return Address(to_checksum_address(address))


def _reverted(error: RuntimeError) -> Exception:
    """Return the contract's refusal; anything else that went wrong stays as it is."""
    found = re.fullmatch(r"Revert \{ gas_used: \d+, output: 0x([0-9a-f]*) \}", str(error))
    return decode_revert(bytes.fromhex(found[1])) if found else error


def _parts(log: Any) -> tuple[tuple[bytes, ...], bytes]:
    topics, data = log.data
    return tuple(bytes(topic) for topic in topics), bytes(data)
