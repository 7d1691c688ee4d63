"""Probes: the process answers; its answers can be relied on."""

from collections.abc import Callable

from fastapi import APIRouter, Request

from api import present
from api.deps import CODE_VERSION
from api.schemas.book import Health, Readiness
from ledger.core.types import BlockRef
from ledger.errors import NotReady
from ledger.store import Store

router = APIRouter(tags=["probes"])


@router.get("/healthz")
def healthz() -> Health:
    """Say that the process answers."""
    return Health(version=CODE_VERSION)


@router.get("/readyz")
def readyz(request: Request) -> Readiness:
    """Say how far the mirror is behind the chain, and how the last reconciliation ended.

    503 before the first block is mirrored, while the mirror is too far behind, and when the last
    reconciliation found something wrong.
    """
    state = request.app.state
    return readiness(state.store, state.head, state.max_lag)


def readiness(store: Store, head: Callable[[], BlockRef] | None, max_lag: int) -> Readiness:
    """Return the state of the service. Raises ``NotReady`` with the reason."""
    with store.read() as view:
        standing, run = view.standing(), view.reconciliation()
    if standing is None:
        raise NotReady("no block is mirrored yet: run `loanbook mirror`")
    chain = head().number if head else None
    lag = None if chain is None else max(0, chain - standing.block.number)
    if lag is not None and lag > max_lag:
        raise NotReady(
            f"the mirror stands at block {standing.block.number}, {lag} behind the chain: "
            f"{max_lag} are allowed"
        )
    if run is not None and not run.ok:
        raise NotReady(
            f"the reconciliation at block {run.block} has findings: see /v1/reconciliation"
        )
    return Readiness(
        block=present.block(standing),
        chain_block=chain,
        lag=lag,
        reconciled_block=run and run.block,
        reconciled_ok=run and run.ok,
    )
