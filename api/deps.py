"""What routes ask for: checked parameters, and one answer on one snapshot with its ETag."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib.metadata import version
from typing import Annotated

from eth_utils.address import is_checksum_address, to_checksum_address
from fastapi import Depends, Path, Request, Response
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from api import present
from api.schemas.base import Block
from api.units import Wallet
from ledger.core.types import Address, LoanId, Timestamp
from ledger.errors import NotReady, UnknownRecord
from ledger.store import Store
from ledger.store.pages import LoanView, Standing
from ledger.store.read import ReadView

CODE_VERSION = version("loanbook")
_HASH = re.compile("0x[0-9a-fA-F]{64}")
_ADDRESS = re.compile("0x[0-9a-fA-F]{40}")
DEFAULT_LIMIT, MAX_LIMIT = 50, 200


# -------------------------------------------------------------------------- parameters


def _hash(value: object) -> bytes:
    if isinstance(value, str) and _HASH.fullmatch(value):
        return bytes.fromhex(value[2:])
    raise ValueError("must be 0x and 64 hex digits")


def _wallet(value: str) -> Address:
    """Accept EIP-55, and hex in one case, which carries no checksum."""
    if not _ADDRESS.fullmatch(value):
        raise ValueError("must be 0x and 40 hex digits")
    digits = value[2:]
    if digits in (digits.lower(), digits.upper()) or is_checksum_address(value):
        return Address(to_checksum_address(value))
    raise ValueError("has a wrong checksum: copy it again, or write it in lower case")


def _digits(value: object) -> object:
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise ValueError("must be a number in plain digits")
    return value


LoanIdPath = Annotated[
    bytes,
    BeforeValidator(_hash),
    WithJsonSchema({"type": "string", "pattern": f"^{_HASH.pattern}$"}),
    Path(alias="loan_id", description="The EIP-712 digest of the agreement."),
]
WalletText = Annotated[Wallet, AfterValidator(_wallet)]
WalletPath = Annotated[WalletText, Path(description="A wallet's address.")]


class Paging(BaseModel):
    """Where a page begins and how much it holds. Unknown parameters are refused."""

    model_config = ConfigDict(extra="forbid")

    after: Annotated[str, Field(pattern="^[0-9]{1,18}$")] | None = Field(
        default=None, description="`next` of the page before."
    )
    limit: Annotated[int, BeforeValidator(_digits)] = Field(
        default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Items on a page."
    )


# -------------------------------------------------------------------------- one answer


@dataclass(frozen=True)
class Snapshot:
    """One consistent state of the book, at one block: all that an answer may read."""

    view: ReadView
    standing: Standing

    @property
    def at(self) -> Timestamp:
        """The block's time."""
        return self.standing.block.timestamp

    @cached_property
    def block(self) -> Block:
        """The block that the answer names."""
        return present.block(self.standing)

    def loan(self, loan_id: bytes) -> LoanView:
        """Return a loan. Raises ``UnknownRecord``."""
        found = self.view.loan(LoanId(loan_id))
        if found is None:
            raise UnknownRecord("loan", "0x" + loan_id.hex())
        return found


class Reader:
    """Answers one request from one snapshot of the store."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._store: Store = request.app.state.store

    def json(self, build: Callable[[Snapshot], BaseModel], *, reconciled: bool = False) -> Response:
        """Answer with the model that ``build`` makes; see ``answer``."""
        return self.answer(
            lambda snapshot: Response(
                build(snapshot).model_dump_json().encode(), media_type="application/json"
            ),
            reconciled=reconciled,
        )

    def answer(
        self, build: Callable[[Snapshot], Response], *, variant: str = "", reconciled: bool = False
    ) -> Response:
        """Answer with ``build``'s response, or 304 if the reader has it already.

        ``variant`` names what the address does not: the language. ``reconciled``: the answer
        shows the latest reconciliation, which changes while the block stays. Raises ``NotReady``
        before the first block is mirrored.
        """
        with self._store.read() as view:
            standing = view.standing()
            if standing is None:
                raise NotReady("no block is mirrored yet: run `loanbook mirror`")
            run = view.reconciliation() if reconciled else None
            tag = self._tag(standing, variant, repr(run and (run.block_hash, run.result)))
            if tag in self._request.headers.get("if-none-match", ""):
                response = Response(status_code=304)
            else:
                response = build(Snapshot(view, standing))
        response.headers["ETag"] = tag
        response.headers["Cache-Control"] = "no-cache"
        return response

    def _tag(self, standing: Standing, *parts: str) -> str:
        """Return the weak ETag of this address's representation at a block."""
        url = self._request.url
        stands_on = (standing.block.hash.hex(), str(standing.final), url.path, url.query)
        digest = sha256("\n".join((CODE_VERSION, *stands_on, *parts)).encode())
        return f'W/"{digest.hexdigest()[:32]}"'


Read = Annotated[Reader, Depends(Reader)]
