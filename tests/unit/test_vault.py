"""The vault: facts open at their own place only, and only with the keys."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger.core.types import Subject
from ledger.errors import DuplicateIdentity, InputError, VaultError
from ledger.store import Store
from ledger.store.vault import LEAF, Disclosure, Vault, VaultKeys
from tests.stores import new_store

FIRST, SECOND, INDEX = b"\x11" * 32, b"\x22" * 32, b"\x33" * 32
FACTS = {"name": "李雷 Li Lei", "income": "12000.00", "address": "1 Nanjing Road", "empty": ""}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path) as store:
        yield store


@pytest.fixture
def vault(store: Store) -> Vault:
    return Vault(store.sessions, VaultKeys({1: FIRST}, INDEX))


def change(folder: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(folder / "book.db") as connection:
        assert connection.execute(statement, values).rowcount


def test_put__then_get__gives_back_every_fact(vault: Vault) -> None:
    root = vault.put(vault.enrol("CN 110101199001011234"), FACTS)
    assert {name: vault.get(root, name) for name in FACTS} == FACTS


@pytest.mark.parametrize("name", FACTS)
def test_disclose__one_fact__holds_against_the_root_alone(vault: Vault, name: str) -> None:
    root = vault.put(vault.enrol("a"), FACTS)
    disclosure = vault.disclose(root, name)
    assert (disclosure.value, disclosure.root) == (FACTS[name], root)
    assert disclosure.holds()


def test_disclose__only_fact_of_a_set__holds(vault: Vault) -> None:
    root = vault.put(vault.enrol("a"), {"name": "x"})
    assert vault.disclose(root, "name").holds()


@pytest.mark.parametrize(
    "fake",
    [
        {"value": "99999.00"},
        {"field": "wealth"},
        {"salt": bytes(32)},
        {"root": bytes(32)},
        {"proof": ()},
    ],
)
def test_holds__anything_changed__is_false(vault: Vault, fake: dict[str, object]) -> None:
    disclosure = vault.disclose(vault.put(vault.enrol("a"), FACTS), "income")
    assert not replace(disclosure, **fake).holds()  # type: ignore[arg-type]


def test_put__same_facts_twice__fresh_salts_give_another_root(vault: Vault) -> None:
    subject = vault.enrol("a")
    assert vault.put(subject, FACTS) != vault.put(subject, FACTS)


def test_disclose__salt__has_32_random_bytes(vault: Vault) -> None:
    root = vault.put(vault.enrol("a"), FACTS)
    salts = {vault.disclose(root, name).salt for name in FACTS}
    assert len(salts) == len(FACTS)
    assert {len(salt) for salt in salts} == {32}


def test_enrol__same_identity__is_found_not_doubled(vault: Vault) -> None:
    subject = vault.enrol("CN 1")
    assert len(subject) == 16
    assert vault.find("CN 1") == subject
    assert vault.find("CN 2") is None
    with pytest.raises(DuplicateIdentity) as caught:
        vault.enrol("CN 1")
    assert caught.value.subject == subject
    assert "CN 1" not in str(caught.value)


def test_find__other_index_key__finds_nobody(store: Store, vault: Vault) -> None:
    vault.enrol("CN 1")
    assert Vault(store.sessions, VaultKeys({1: FIRST}, b"\x44" * 32)).find("CN 1") is None


@pytest.mark.parametrize("facts", [{}, {"": "x"}, {"n" * 101: "x"}])
def test_put__unusable_facts__are_refused(vault: Vault, facts: dict[str, str]) -> None:
    subject = vault.enrol("a")
    with pytest.raises(InputError, match="facts need names"):
        vault.put(subject, facts)


def test_put__unknown_subject__is_refused(vault: Vault) -> None:
    with pytest.raises(InputError, match="knows no subject"):
        vault.put(Subject(bytes(16)), FACTS)


def test_get__unknown_set_or_field__is_refused(vault: Vault) -> None:
    root = vault.put(vault.enrol("a"), FACTS)
    with pytest.raises(InputError, match="holds no fact 'age'"):
        vault.get(root, "age")
    with pytest.raises(InputError):
        vault.get(bytes(32), "name")


# ---------------------------------------------------------------- altered records


def test_get__any_bit_of_a_ciphertext_flipped__fails(vault: Vault, tmp_path: Path) -> None:
    root = vault.put(vault.enrol("a"), {"name": "x"})
    with sqlite3.connect(tmp_path / "book.db") as connection:
        ((sealed,),) = connection.execute("SELECT ciphertext FROM vault_fact")
    for bit in range(0, 8 * len(sealed), 3):
        forged = bytearray(sealed)
        forged[bit // 8] ^= 1 << bit % 8
        change(tmp_path, "UPDATE vault_fact SET ciphertext = ?", bytes(forged))
        with pytest.raises(VaultError, match="altered"):
            vault.get(root, "name")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE vault_fact SET field = 'age' WHERE field = 'name'",
        "UPDATE vault_fact SET key_version = 2 WHERE field = 'name'",
        "UPDATE vault_fact SET ciphertext = x'00'",
        "UPDATE vault_subject SET wrapped_key = x'0011'",
        "UPDATE vault_fact SET subject = (SELECT max(subject) FROM vault_subject)",
        "UPDATE vault_fact SET subject = (SELECT min(subject) FROM vault_subject)",
    ],
)
def test_get__record_moved_or_cut__fails(vault: Vault, tmp_path: Path, statement: str) -> None:
    roots = [vault.put(vault.enrol(identity), FACTS) for identity in ("a", "b")]
    change(tmp_path, statement)
    with pytest.raises(VaultError):
        _ = [vault.get(root, "income") for root in roots]


def test_get__two_facts_swapped__fails(vault: Vault, tmp_path: Path) -> None:
    root = vault.put(vault.enrol("a"), FACTS)
    change(
        tmp_path,
        "UPDATE vault_fact SET ciphertext = (SELECT ciphertext FROM vault_fact"
        " WHERE field = 'income') WHERE field = 'name'",
    )
    with pytest.raises(VaultError):
        vault.get(root, "name")


def test_get__data_keys_of_two_subjects_swapped__fails(vault: Vault, tmp_path: Path) -> None:
    root = vault.put(vault.enrol("a"), FACTS)
    vault.enrol("b")
    change(
        tmp_path,
        "UPDATE vault_subject SET wrapped_key ="
        " (SELECT o.wrapped_key FROM vault_subject o WHERE o.subject <> vault_subject.subject)",
    )
    with pytest.raises(VaultError):
        vault.get(root, "name")


def test_disclose__a_fact_of_the_set_lost__says_so(vault: Vault, tmp_path: Path) -> None:
    root = vault.put(vault.enrol("a"), FACTS)
    change(tmp_path, "DELETE FROM vault_fact WHERE field = 'empty'")
    with pytest.raises(VaultError, match="not complete"):
        vault.disclose(root, "name")


# ---------------------------------------------------------------- keys


def test_rotate__every_fact__stays_readable_without_the_old_key(store: Store, vault: Vault) -> None:
    roots = [vault.put(vault.enrol(str(n)), FACTS) for n in range(5)]
    both = Vault(store.sessions, VaultKeys({1: FIRST, 2: SECOND}, INDEX))
    assert [both.get(root, "name") for root in roots] == [FACTS["name"]] * 5
    assert both.rotate() == 5
    assert both.rotate() == 0
    new = Vault(store.sessions, VaultKeys({2: SECOND}, INDEX))
    assert [new.get(root, "name") for root in roots] == [FACTS["name"]] * 5
    assert new.find("3") is not None


def test_rotate__stopped_midway__goes_on(
    store: Store, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots = [vault.put(vault.enrol(str(n)), FACTS) for n in range(4)]
    both = Vault(store.sessions, VaultKeys({1: FIRST, 2: SECOND}, INDEX))
    real, done = both._wrap, []

    def wrap(*arguments: object) -> bytes:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(arguments)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(both, "_wrap", wrap)
    with pytest.raises(KeyboardInterrupt):
        both.rotate()
    monkeypatch.undo()
    assert [both.get(root, "name") for root in roots] == [FACTS["name"]] * 4
    assert both.rotate() == 2


def test_get__key_version_missing__names_it(store: Store, vault: Vault) -> None:
    root = vault.put(vault.enrol("a"), FACTS)
    with pytest.raises(VaultError, match="key version 1 is needed, there are 2"):
        Vault(store.sessions, VaultKeys({2: SECOND}, INDEX)).get(root, "name")


def test_get__wrong_key__fails_without_telling_anything(store: Store, vault: Vault) -> None:
    root = vault.put(vault.enrol("a"), FACTS)
    with pytest.raises(VaultError) as caught:
        Vault(store.sessions, VaultKeys({1: SECOND}, INDEX)).get(root, "name")
    assert caught.value.__cause__ is None
    for secret in (FIRST, SECOND, INDEX):
        assert secret.hex() not in repr(caught.value)


@pytest.mark.parametrize("keys", [({}, INDEX), ({1: b"short"}, INDEX), ({1: FIRST}, b"")])
def test_keys__of_wrong_length__are_refused(keys: tuple[dict[int, bytes], bytes]) -> None:
    with pytest.raises(VaultError, match="32 bytes"):
        VaultKeys(*keys)


def test_keys__shown__show_nothing() -> None:
    assert repr(VaultKeys({1: FIRST}, INDEX)) == "VaultKeys()"


def test_database__holds_no_key_fact_or_identity_in_the_clear(
    store: Store, vault: Vault, tmp_path: Path
) -> None:
    root = vault.put(vault.enrol("CN 110101199001011234"), FACTS)
    salt = vault.disclose(root, "name").salt
    store.close()
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    planted = [value.encode() for value in FACTS.values() if value]
    for secret in (FIRST, INDEX, salt, b"110101199001011234", *planted):
        assert secret not in raw


GOLDEN = json.loads((Path(__file__).parents[1] / "golden/openzeppelin_merkle.json").read_text())
DOCUMENTS = [tree for tree in GOLDEN["trees"] if tuple(tree["leafEncoding"]) == LEAF]


def octets(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


@pytest.mark.parametrize("tree", DOCUMENTS, ids=lambda tree: str(len(tree["values"])))
def test_disclosure__of_openzeppelins_package__holds(tree: dict[str, Any]) -> None:
    for (name, value, salt), proof in zip(tree["values"], tree["proofs"], strict=True):
        nodes = tuple(map(octets, proof))
        assert Disclosure(name, value, octets(salt), nodes, octets(tree["root"])).holds()
