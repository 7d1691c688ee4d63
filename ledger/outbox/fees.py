"""What a transaction offers for its place in a block, and when it offers more."""

from dataclasses import dataclass

from ledger.chain.wire import Fees
from ledger.core.intents import Attempt

BUMP_PERCENT = 12
"""Nodes replace a waiting transaction only for at least 10% more of both fees."""


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """How much is offered, in wei per gas.

    ``cap`` is the most ever offered; a transaction that is not mined within ``stuck_after``
    blocks is offered again for more.
    """

    cap: int = 500 * 10**9
    stuck_after: int = 6

    def first(self, suggested: Fees) -> Fees:
        """Return what a new transaction offers."""
        return self._capped(suggested.max_fee_per_gas, suggested.max_priority_fee_per_gas)

    def bumped(self, last: Attempt, suggested: Fees, head: int) -> Fees | None:
        """Return what to offer now; ``None`` while it is too early, or once the cap is reached."""
        if head - last.signed_at_block < self.stuck_after:
            return None
        fee, tip = _more(last.max_fee_per_gas), _more(last.max_priority_fee_per_gas)
        offered = self._capped(
            max(fee, suggested.max_fee_per_gas), max(tip, suggested.max_priority_fee_per_gas)
        )
        enough = offered.max_fee_per_gas >= fee and offered.max_priority_fee_per_gas >= tip
        return offered if enough else None

    def _capped(self, fee: int, tip: int) -> Fees:
        return Fees(min(fee, self.cap), min(tip, fee, self.cap))


def _more(wei: int) -> int:
    return wei * (100 + BUMP_PERCENT) // 100 + 1
