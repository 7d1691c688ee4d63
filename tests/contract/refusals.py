"""How tests say that a call is refused: by its error with all values, and nothing changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ledger.core.types import Address
from ledger.errors import Reverted
from tests.contract.agreed import Draft
from tests.contract.world import World


@contextmanager
def expect_refusal(world: World, error: str, /, **values: Any) -> Iterator[None]:
    """Expect exactly this error with exactly these values, and an unchanged world."""
    drafts, owners = list(world.drafts), [key.address for key in world.keys.values()]
    before = fingerprint(world, drafts, owners)
    with pytest.raises(Reverted) as caught:
        yield
    assert (caught.value.name, caught.value.values) == (error, values)
    assert fingerprint(world, drafts, owners) == before


def fingerprint(world: World, drafts: list[Draft], owners: list[Address]) -> list[bytes]:
    """Return what every view says about the book, these drafts and these wallets."""
    found = [world.raw("bookHead"), world.raw("bookSeq"), world.raw("paused"), world.raw("policy")]
    found.append(world.raw("settlementCount"))
    found.append(world.chain.call(world.registry, world.selector("head", world.registry)))
    tokens = [*world.tokens, world.token]
    for token in tokens:
        found += [
            world.balance(owner, token).to_bytes(32, "big") for owner in [*owners, world.book]
        ]
    for settlement in range(3):
        found.append(world.raw("feesOf", settlement, world.receiver.address))
    for draft in drafts:
        loan = int.from_bytes(draft.loan_id, "big")
        found.append(world.raw("loanOf", draft.loan_id))
        for owner in owners:
            found.append(world.raw("holdingOf", draft.loan_id, owner))
            found.append(world.raw("balanceOf", owner, loan))
    return found
