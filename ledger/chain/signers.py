"""Keys: who signs transactions, and who signs documents. Keys never appear in text."""

import functools
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from eth_account import Account
from eth_account.hdaccount import key_from_seed, seed_from_mnemonic
from eth_account.signers.local import LocalAccount
from eth_keys.datatypes import PrivateKey

from ledger.core.types import Address
from ledger.errors import KeyFileError, NotADevelopmentChain

DEVELOPMENT_CHAIN_IDS: Final = frozenset({1337, 31337, 131277322940537})
"""Chains whose keys are public and whose clock anyone may move: Ganache and geth --dev,
Anvil and Hardhat, eth-tester."""

# Published by Anvil and Hardhat: whoever reads this owns these accounts on every chain.
DEVELOPMENT_MNEMONIC: Final = "test test test test test test test test test test test junk"
DEVELOPMENT_PATH: Final = "m/44'/60'/0'/0"
DEVELOPMENT_ACCOUNTS: Final = 20
"""How many of them the Hardhat node and the embedded chain start with ether for; Anvil: 10."""

EIP_1559: Final = 2


@dataclass(frozen=True, slots=True)
class Transaction:
    """What a sender signs; moves no ether. ``to`` is ``None`` to create a contract."""

    chain_id: int
    nonce: int
    to: Address | None
    data: bytes
    gas: int
    max_fee_per_gas: int
    max_priority_fee_per_gas: int
    value: int = 0


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """The bytes to broadcast and their hash, which names the transaction."""

    hash: bytes
    raw: bytes


class Signer(Protocol):
    """A key that sends transactions."""

    @property
    def address(self) -> Address:
        """The account that the transactions come from."""

    def sign_transaction(self, transaction: Transaction) -> SignedTransaction:
        """Return the transaction with this key's signature."""


class PartySigner(Protocol):
    """A key that a party signs documents with."""

    @property
    def address(self) -> Address:
        """The party's wallet."""

    def sign_digest(self, digest: bytes) -> bytes:
        """Return r ‖ s ‖ v of a 32-byte EIP-712 digest, v 27 or 28, s in the lower half."""


class LocalSigner:
    """A key in this process's memory; both kinds of signer."""

    def __init__(self, key: bytes) -> None:
        self._account: LocalAccount = Account.from_key(key)
        self._key = PrivateKey(key)
        self.address: Address = Address(self._account.address)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.address})"

    def sign_transaction(self, transaction: Transaction) -> SignedTransaction:
        """Return the EIP-1559 transaction with this key's signature."""
        fields: dict[str, Any] = {
            "type": EIP_1559,
            "chainId": transaction.chain_id,
            "nonce": transaction.nonce,
            "value": transaction.value,
            "data": transaction.data,
            "gas": transaction.gas,
            "maxFeePerGas": transaction.max_fee_per_gas,
            "maxPriorityFeePerGas": transaction.max_priority_fee_per_gas,
        }
        if transaction.to is not None:
            fields["to"] = transaction.to
        signed = self._account.sign_transaction(fields)
        return SignedTransaction(hash=bytes(signed.hash), raw=bytes(signed.raw_transaction))

    def sign_digest(self, digest: bytes) -> bytes:
        """Return r ‖ s ‖ v of a 32-byte digest, v 27 or 28, s in the lower half."""
        signature = self._key.sign_msg_hash(digest).to_bytes()
        return signature[:64] + bytes([27 + signature[64]])


class DevelopmentSigner(LocalSigner):
    """One of the accounts that Anvil, the Hardhat node and the embedded chain start with.

    Raises ``NotADevelopmentChain`` for the id of any other chain: the keys are public.
    """

    def __init__(self, index: int, chain_id: int) -> None:
        if chain_id not in DEVELOPMENT_CHAIN_IDS:
            raise NotADevelopmentChain(f"chain {chain_id}", f"development account {index}")
        super().__init__(_development_key(index))


def development_signers(
    chain_id: int, count: int = DEVELOPMENT_ACCOUNTS, first: int = 0
) -> list[DevelopmentSigner]:
    """Return ``count`` development accounts; those from 20 on start without ether."""
    return [DevelopmentSigner(index, chain_id) for index in range(first, first + count)]


class KeystoreSigner(LocalSigner):
    """A key from an encrypted file (Web3 Secret Storage, version 3)."""

    @classmethod
    def load(cls, path: Path, password: str) -> "KeystoreSigner":
        """Decrypt the file. Raises ``KeyFileError``."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return cls(bytes(Account.decrypt(content, password)))
        except OSError as error:
            raise KeyFileError(path, error.strerror or "cannot be read") from None
        except (ValueError, KeyError, TypeError, NotImplementedError):
            # Without the cause: it could carry what was decrypted.
            raise KeyFileError(path, "not a version 3 key file, or not its password") from None


def create_keystore(path: Path, password: str) -> Address:
    """Write a new random key to a new file that its owner alone may read; return its address.

    Raises ``KeyFileError`` if the file exists or the password is empty.
    """
    if not password:
        raise KeyFileError(path, "the password is empty")
    key = secrets.token_bytes(32)
    content = json.dumps(Account.encrypt(key, password))
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise KeyFileError(path, error.strerror or "cannot be written") from None
    return LocalSigner(key).address


@functools.cache
def _development_key(index: int) -> bytes:
    return bytes(key_from_seed(_development_seed(), f"{DEVELOPMENT_PATH}/{index}"))


@functools.cache
def _development_seed() -> bytes:
    return bytes(seed_from_mnemonic(DEVELOPMENT_MNEMONIC, ""))
