"""The documents that parties sign, as EIP-712 typed data, and who signed them.

Digest and struct hash follow EIP-712: ``keccak256(0x1901 ‖ domain ‖ hashStruct(document))``.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

from eth_abi.abi import encode
from eth_abi.exceptions import EncodingError
from eth_hash.auto import keccak
from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.address import is_checksum_address

from ledger.core.allocation import Terms
from ledger.core.solidity import Member, parse_members
from ledger.core.types import Address, LoanId, MinorUnits, Timestamp
from ledger.errors import SignatureError, TermsError

NAME, VERSION = "Loanbook", "1"

HALF_CURVE_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
"""floor(n / 2) of secp256k1: a larger ``s`` is the malleable twin (EIP-2)."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """The agreement (借款合同), signed by borrower and guarantor; its digest is the loan's id.

    ``currency`` 3 bytes of ISO 4217; ``principal`` in minor units; ``daily_rate`` 1e-12 a day,
    0 when interest is as in the rows; ``penalty_rate`` 1e-6 a day; ``guarantor`` and ``asset``
    are the zero address for none and for money at the bank; ``schedule_hash``, ``line``,
    ``product``, ``purpose`` and ``documents`` are 32 bytes.
    """

    borrower: Address
    payee: Address
    guarantor: Address
    fee_receiver: Address
    asset: Address
    currency: bytes
    principal: MinorUnits
    schedule_hash: bytes
    daily_rate: int
    penalty_rate: int
    grace_days: int
    prepayment_fee_bps: int
    default_after_days: int
    write_off_after_days: int
    value_date: Timestamp
    funding_deadline: Timestamp
    line: bytes
    product: bytes
    purpose: bytes
    documents: bytes
    salt: int


@dataclass(frozen=True, slots=True)
class Commitment:
    """A lender's promise (出借承诺) to fund ``amount`` of one loan."""

    loan_id: LoanId
    lender: Address
    amount: MinorUnits
    deadline: Timestamp
    salt: int


@dataclass(frozen=True, slots=True)
class Prepayment:
    """A borrower's order to repay ``amount`` of principal early; 2**128 - 1 means all."""

    loan_id: LoanId
    amount: MinorUnits
    deadline: Timestamp
    salt: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """A transfer of notes (债权转让) for a price, signed by seller and buyer."""

    loan_id: LoanId
    seller: Address
    buyer: Address
    units: MinorUnits
    price: MinorUnits
    deadline: Timestamp
    salt: int


@dataclass(frozen=True, slots=True)
class Cancellation:
    """A borrower's consent to cancel a loan that is still funding."""

    loan_id: LoanId
    deadline: Timestamp


Document: TypeAlias = Agreement | Commitment | Prepayment | Assignment | Cancellation

_DECLARATIONS: dict[type[Document], str] = {
    Agreement: (
        "address borrower, address payee, address guarantor, address feeReceiver, "
        "address asset, bytes3 currency, uint128 principal, bytes32 scheduleHash, "
        "uint64 dailyRate, uint32 penaltyRate, uint16 graceDays, uint16 prepaymentFeeBps, "
        "uint16 defaultAfterDays, uint16 writeOffAfterDays, uint40 valueDate, "
        "uint40 fundingDeadline, bytes32 line, bytes32 product, bytes32 purpose, "
        "bytes32 documents, uint256 salt"
    ),
    Commitment: "bytes32 loanId, address lender, uint128 amount, uint40 deadline, uint256 salt",
    Prepayment: "bytes32 loanId, uint128 amount, uint40 deadline, uint256 salt",
    Assignment: (
        "bytes32 loanId, address seller, address buyer, uint128 units, uint128 price, "
        "uint40 deadline, uint256 salt"
    ),
    Cancellation: "bytes32 loanId, uint40 deadline",
}

MEMBERS: dict[type[Document], tuple[Member, ...]] = {
    kind: parse_members(declaration) for kind, declaration in _DECLARATIONS.items()
}
"""The members of each document in Solidity's order, types and names."""

_DOMAIN_MEMBERS = parse_members(
    "string name, string version, uint256 chainId, address verifyingContract"
)


@dataclass(frozen=True, slots=True)
class Domain:
    """Where a signature counts: one book on one chain."""

    chain_id: int
    book: Address

    @property
    def separator(self) -> bytes:
        """The 32-byte EIP-712 domain separator."""
        types = ["bytes32"] * 3 + ["uint256", "address"]
        type_hash = keccak(_type_string("EIP712Domain", _DOMAIN_MEMBERS).encode())
        name, version = keccak(NAME.encode()), keccak(VERSION.encode())
        return keccak(encode(types, [type_hash, name, version, self.chain_id, self.book]))


def type_string(kind: type[Document]) -> str:
    """Return the EIP-712 ``encodeType`` of a document."""
    return _type_string(kind.__name__, MEMBERS[kind])


def _type_string(name: str, members: tuple[Member, ...]) -> str:
    return f"{name}({','.join(f'{member.type} {member.name}' for member in members)})"


def _word(member: Member, value: Any) -> bytes:
    """Return the 32-byte word of one member; refuse what Solidity could not hold."""
    if member.type == "address":
        fits = is_checksum_address(value)
    elif member.type.startswith("bytes"):
        fits = isinstance(value, bytes) and len(value) == int(member.type[5:])
    else:
        fits = isinstance(value, int)
    try:
        if fits:
            return encode([member.type], [value])
    except EncodingError:
        pass  # out of the type's range
    raise TermsError(member.field, f"{value!r} is no {member.type}")


def struct_hash(document: Document) -> bytes:
    """Return EIP-712's ``hashStruct``. Raises ``TermsError`` naming a member that does not fit."""
    kind = type(document)
    words = [_word(member, getattr(document, member.field)) for member in MEMBERS[kind]]
    return keccak(keccak(type_string(kind).encode()) + b"".join(words))


def digest(document: Document, domain: Domain) -> bytes:
    """Return the 32 bytes that are signed. Raises ``TermsError``."""
    return keccak(b"\x19\x01" + domain.separator + struct_hash(document))


def loan_id(agreement: Agreement, domain: Domain) -> LoanId:
    """Return the loan's id: the digest that borrower and guarantor sign."""
    return LoanId(digest(agreement, domain))


def typed_data(document: Document, domain: Domain) -> dict[str, Any]:
    """Return the JSON document for a wallet's ``eth_signTypedData_v4``.

    Bytes are ``0x`` hex; integers of the message are decimal strings, because JSON readers
    round above 2**53. Raises ``TermsError`` for what no wallet could sign.
    """
    struct_hash(document)
    kind = type(document)
    return {
        "types": {
            "EIP712Domain": _json_members(_DOMAIN_MEMBERS),
            kind.__name__: _json_members(MEMBERS[kind]),
        },
        "primaryType": kind.__name__,
        "domain": {
            "name": NAME,
            "version": VERSION,
            "chainId": domain.chain_id,
            "verifyingContract": domain.book,
        },
        "message": {
            member.name: _json_value(getattr(document, member.field)) for member in MEMBERS[kind]
        },
    }


def _json_members(members: tuple[Member, ...]) -> list[dict[str, str]]:
    return [{"name": member.name, "type": member.type} for member in members]


def _json_value(value: str | bytes | int) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


def recover(digest: bytes, signature: bytes) -> Address:
    """Return the address whose plain key signed ``digest``.

    As strict as OpenZeppelin's ECDSA: 65 bytes ``r ‖ s ‖ v``, ``v`` 27 or 28, ``s`` in the lower
    half. Raises ``SignatureError``. A contract wallet (ERC-1271) cannot be checked this way.
    """
    if len(digest) != 32:
        raise SignatureError(f"a digest is 32 bytes: got {len(digest)} bytes")
    if len(signature) != 65:
        raise SignatureError(f"a signature is 65 bytes r, s, v: got {len(signature)} bytes")
    v, s = signature[64], int.from_bytes(signature[32:64], "big")
    if v not in (27, 28):
        raise SignatureError(f"v is {v}: it must be 27 or 28")
    if s > HALF_CURVE_ORDER:
        raise SignatureError(f"s is {s:#x}, in the upper half: malleable, sign with the lower s")
    try:
        key = Signature(signature[:64] + bytes([v - 27])).recover_public_key_from_msg_hash(digest)
    except BadSignature as error:
        raise SignatureError(f"signature 0x{signature.hex()} belongs to no key: {error}") from error
    return Address(key.to_checksum_address())


def terms_of(agreement: Agreement) -> Terms:
    """Return what servicing needs of the agreement."""
    return Terms(
        principal=agreement.principal,
        value_date=agreement.value_date,
        penalty_rate=agreement.penalty_rate,
        grace_days=agreement.grace_days,
        prepayment_fee_bps=agreement.prepayment_fee_bps,
        default_after_days=agreement.default_after_days,
        write_off_after_days=agreement.write_off_after_days,
        daily_rate=agreement.daily_rate,
    )
