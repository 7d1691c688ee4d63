"""The vault: private facts encrypted under a key of each subject, committed to by salted leaves.

A subject's data key encrypts its facts (AES-256-GCM; the associated data names subject, set,
field and key version, so that a ciphertext opens at its own place only). Key-encryption keys, by
version, wrap the data keys. Neither kind is ever stored, logged or shown in the clear. What goes
on chain is the root of a Merkle tree over leaves ``(field, value, salt)`` in the format of
OpenZeppelin's ``StandardMerkleTree``, each with a fresh salt of 32 bytes.
"""

import hmac
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlmodel import Session, col, select

from ledger.core.merkle import standard_leaf, standard_proof, standard_tree, verify_standard
from ledger.core.types import Subject
from ledger.errors import DuplicateIdentity, InputError, VaultError
from ledger.store.engine import Sessions
from ledger.store.private_models import FIELD_LENGTH, VaultFactRow, VaultSubjectRow

KEY_BYTES = 32
NONCE_BYTES = 12
SALT_BYTES = 32
SUBJECT_BYTES = 16
LEAF = ("string", "string", "bytes32")
FIRST_KEY = 1


@dataclass(frozen=True, slots=True)
class VaultKeys:
    """Key-encryption keys by version, the highest in use, and the key of the identity index.

    Each is 32 random bytes. Raises ``VaultError`` for another length or no key.
    """

    encryption: Mapping[int, bytes] = field(repr=False)
    index: bytes = field(repr=False)

    def __post_init__(self) -> None:
        keys = (*self.encryption.values(), self.index)
        if not self.encryption or any(len(key) != KEY_BYTES for key in keys):
            raise VaultError(f"the vault needs keys of {KEY_BYTES} bytes: check its secret files")

    @property
    def current(self) -> int:
        """The version that wraps new data keys."""
        return max(self.encryption)

    def cipher(self, version: int) -> AESGCM:
        """Return the cipher of one version. Raises ``VaultError`` if its key is not there."""
        if version not in self.encryption:
            known = ", ".join(map(str, sorted(self.encryption)))
            raise VaultError(f"key version {version} is needed, there are {known}: add it")
        return AESGCM(self.encryption[version])


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One fact opened to a reader, who checks it against the agreement's ``documents``."""

    field: str
    value: str
    salt: bytes
    proof: tuple[bytes, ...]
    root: bytes

    def holds(self) -> bool:
        """Whether the fact is one that the root commits to."""
        return verify_standard(self.root, _leaf(self.field, self.value, self.salt), self.proof)


class Vault:
    """Private facts of subjects. ``root`` names a set of facts that was committed together.

    ``draw`` gives the bytes of subjects and salts, of which people could be found again if they
    were not random: only a demonstration that must repeat itself gives another source.
    """

    def __init__(
        self,
        sessions: Sessions,
        keys: VaultKeys,
        *,
        draw: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._sessions = sessions
        self._keys = keys
        self._draw = draw

    def enrol(self, identity: str) -> Subject:
        """Return a new random subject for a person or company.

        ``identity`` is whatever names it for sure, such as country and number of a document,
        always written the same way. Raises ``DuplicateIdentity`` if it is known.
        """
        index = self._index(identity)
        subject = Subject(self._draw(SUBJECT_BYTES))
        with self._sessions.write() as session:
            known = _by_index(session, index)
            if known is not None:
                raise DuplicateIdentity(known.subject)
            row = VaultSubjectRow(
                subject=subject,
                identity_index=index,
                key_version=FIRST_KEY,
                wrapped_by=self._keys.current,
                wrapped_key=self._wrap(subject, FIRST_KEY, secrets.token_bytes(KEY_BYTES)),
            )
            session.add(row)
        return subject

    def find(self, identity: str) -> Subject | None:
        """Return the subject of an identity, if it is known."""
        with self._sessions.read() as session:
            row = _by_index(session, self._index(identity))
            return None if row is None else Subject(row.subject)

    def put(self, subject: Subject, facts: Mapping[str, str]) -> bytes:
        """Encrypt a set of facts and return the root that commits to them: ``documents``.

        Raises ``InputError`` for no facts or a field without a name or too long a one.
        """
        if not facts or not all(0 < len(name) <= FIELD_LENGTH for name in facts):
            raise InputError(f"facts need names of 1 to {FIELD_LENGTH} characters, and one fact")
        salts = {name: self._draw(SALT_BYTES) for name in facts}
        root = standard_tree(_leaf(name, facts[name], salts[name]) for name in facts)[0]
        with self._sessions.write() as session:
            owner = _required(session, subject)
            cipher = AESGCM(self._data_key(owner))
            for name, value in facts.items():
                place = _place(subject, root, name, owner.key_version)
                plain = salts[name] + value.encode()
                row = VaultFactRow(
                    root=root,
                    field=name,
                    subject=subject,
                    key_version=owner.key_version,
                    ciphertext=_seal(cipher, plain, place),
                )
                session.add(row)
        return root

    def get(self, root: bytes, name: str) -> str:
        """Return one fact of a set. Raises ``InputError`` if there is none."""
        return self.disclose(root, name).value

    def disclose(self, root: bytes, name: str) -> Disclosure:
        """Open one fact of a set, with the proof that it was committed to.

        Raises ``InputError`` if there is no such fact, ``VaultError`` if a record was altered.
        """
        with self._sessions.read() as session:
            opened = {row.field: self._open(session, row) for row in _facts(session, root)}
        if name not in opened:
            raise InputError(f"set 0x{root.hex()} holds no fact {name!r}")
        leaves = {field: _leaf(field, value, salt) for field, (value, salt) in opened.items()}
        nodes = standard_tree(leaves.values())
        if nodes[0] != root:
            raise VaultError(f"set 0x{root.hex()} is not complete: restore the vault from backup")
        value, salt = opened[name]
        return Disclosure(name, value, salt, tuple(standard_proof(nodes, leaves[name])), root)

    def rotate(self) -> int:
        """Wrap every data key under the current version; returns how many were not yet.

        Each is a transaction of its own: an interrupted rotation goes on where it stopped.
        """
        with self._sessions.read() as session:
            old = session.exec(
                select(VaultSubjectRow.subject).where(
                    VaultSubjectRow.wrapped_by != self._keys.current
                )
            ).all()
        for subject in old:
            with self._sessions.write() as session:
                row = _required(session, Subject(subject))
                key = self._data_key(row)
                row.wrapped_key = self._wrap(subject, row.key_version, key)
                row.wrapped_by = self._keys.current
                session.add(row)
        return len(old)

    # ---------------------------------------------------------------- keys

    def _index(self, identity: str) -> bytes:
        return hmac.digest(self._keys.index, identity.encode(), "sha256")

    def _wrap(self, subject: bytes, version: int, key: bytes) -> bytes:
        cipher = self._keys.cipher(self._keys.current)
        return _seal(cipher, key, _place(subject, b"", "data key", version))

    def _data_key(self, row: VaultSubjectRow) -> bytes:
        place = _place(row.subject, b"", "data key", row.key_version)
        return _unseal(self._keys.cipher(row.wrapped_by), row.wrapped_key, place)

    def _open(self, session: Session, row: VaultFactRow) -> tuple[str, bytes]:
        """Return a fact's value and salt."""
        cipher = AESGCM(self._data_key(_required(session, Subject(row.subject))))
        place = _place(row.subject, row.root, row.field, row.key_version)
        plain = _unseal(cipher, row.ciphertext, place)
        return plain[SALT_BYTES:].decode(), plain[:SALT_BYTES]


def _by_index(session: Session, index: bytes) -> VaultSubjectRow | None:
    query = select(VaultSubjectRow).where(VaultSubjectRow.identity_index == index)
    return session.exec(query).first()


def _required(session: Session, subject: Subject) -> VaultSubjectRow:
    row = session.get(VaultSubjectRow, subject)
    if row is None:
        raise InputError(f"the vault knows no subject 0x{subject.hex()}")
    return row


def _facts(session: Session, root: bytes) -> Iterator[VaultFactRow]:
    query = select(VaultFactRow).where(VaultFactRow.root == root).order_by(col(VaultFactRow.field))
    return iter(session.exec(query).all())


def _leaf(name: str, value: str, salt: bytes) -> bytes:
    return standard_leaf(LEAF, (name, value, salt))


def _place(subject: bytes, root: bytes, name: str, version: int) -> bytes:
    """Return the associated data: every part behind its length, so that none can run over."""
    parts = (subject, root, name.encode(), str(version).encode())
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _seal(cipher: AESGCM, plain: bytes, place: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, place)


def _unseal(cipher: AESGCM, sealed: bytes, place: bytes) -> bytes:
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place)
    except (InvalidTag, ValueError):
        # The cause would carry key or text into a traceback.
        raise VaultError(
            "a private record was altered, moved or encrypted under another key: restore it from "
            "backup or give the right key"
        ) from None
