"""Keys: development accounts only where they belong, encrypted files otherwise."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from eth_account import Account
from eth_keys.datatypes import Signature

from ledger.chain.signers import (
    DevelopmentSigner,
    KeystoreSigner,
    Transaction,
    create_keystore,
    development_signers,
)
from ledger.core.types import Address
from ledger.errors import KeyFileError, NotADevelopmentChain

# Printed by Anvil and the Hardhat node when they start.
FIRST = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
LAST = "0x8626f6940E2eb28930eFb4CeF49B2d1F2C9C1199"
HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


def test_development_signers__development_chain__accounts_of_the_nodes() -> None:
    signers = development_signers(31337)

    assert [signers[0].address, signers[-1].address] == [FIRST, LAST]


@pytest.mark.parametrize("chain_id", [1, 56, 100, 11155111])
def test_development_signer__any_other_chain__refused(chain_id: int) -> None:
    with pytest.raises(NotADevelopmentChain, match=f"chain {chain_id} is none"):
        DevelopmentSigner(0, chain_id)


def test_sign_transaction__recovered__is_the_sender_and_the_hash() -> None:
    signer = DevelopmentSigner(0, 31337)

    signed = signer.sign_transaction(
        Transaction(31337, 7, Address(LAST), b"\x01\x02", 21_500, 2 * 10**9, 10**9)
    )

    assert Account.recover_transaction(signed.raw) == FIRST
    assert signed.raw[0] == 2
    assert len(signed.hash) == 32


def test_sign_digest__any_digest__lower_s_and_recoverable() -> None:
    signer = DevelopmentSigner(3, 31337)
    for number in range(20):
        digest = number.to_bytes(32, "big")

        signature = signer.sign_digest(digest)

        assert signature[64] in {27, 28}
        assert int.from_bytes(signature[32:64], "big") <= HALF_ORDER
        vrs = Signature(signature[:64] + bytes([signature[64] - 27]))
        recovered = vrs.recover_public_key_from_msg_hash(digest).to_checksum_address()
        assert recovered == signer.address


def test_signer__printed__shows_no_key() -> None:
    signer = DevelopmentSigner(0, 31337)

    assert repr(signer) == f"DevelopmentSigner({FIRST})"


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Address]:
    path = tmp_path_factory.mktemp("keys") / "sender.json"
    return path, create_keystore(path, "correct horse")


def test_keystore__right_password__signs_as_its_address(key_file: tuple[Path, Address]) -> None:
    path, address = key_file

    signer = KeystoreSigner.load(path, "correct horse")

    assert signer.address == address
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_keystore__wrong_password__refused_without_showing_it(
    key_file: tuple[Path, Address],
) -> None:
    with pytest.raises(KeyFileError) as caught:
        KeystoreSigner.load(key_file[0], "battery staple")

    assert "battery" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_keystore__file_missing_or_malformed__refused(tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_text('{"version": 3}')

    with pytest.raises(KeyFileError, match="No such file"):
        KeystoreSigner.load(tmp_path / "none.json", "x")
    with pytest.raises(KeyFileError, match="not a version 3 key file"):
        KeystoreSigner.load(tmp_path / "odd.json", "x")


def test_create_keystore__file_exists__kept_as_it_is(key_file: tuple[Path, Address]) -> None:
    before = key_file[0].read_bytes()

    with pytest.raises(KeyFileError, match="File exists"):
        create_keystore(key_file[0], "another")

    assert key_file[0].read_bytes() == before


def test_create_keystore__empty_password__refused(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="password is empty"):
        create_keystore(tmp_path / "key.json", "")

    assert not (tmp_path / "key.json").exists()
