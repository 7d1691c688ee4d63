"""The play from the first block to the last check: what happened, and who agrees that it did."""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from ledger.chain.client import Client
from ledger.chain.deploy import Deployment
from ledger.chain.loan_book import ALL
from ledger.core.allocation import DAY_SECONDS
from ledger.core.types import ZERO_ADDRESS, LoanId
from ledger.demo.casting import cast
from ledger.demo.loan import DemoLoan
from ledger.demo.portfolio import Role
from ledger.demo.stage import Stage
from ledger.demo.stories import Plot
from ledger.errors import ConfigError
from ledger.senders import Senders
from ledger.store import Store
from ledger.store.vault import Vault

Step: TypeAlias = Callable[[int, int], None]
"""Told how much is done, of how much."""

PLAY_DAYS = 270
MOST_LOANS = 500


@dataclass(frozen=True, slots=True)
class Played:
    """What the play left on the chain: stories by loan, and how many transactions it took."""

    deployment: Deployment
    stories: dict[LoanId, str]
    transactions: int


def play(
    client: Client,
    store: Store,
    vault: Vault,
    random: Random,
    roles: Sequence[Role],
    step: Step,
) -> Played:
    """Deploy a book and live through the loans; ``random`` decides what they leave open.

    ``step`` is told how many days have passed, of how many. Raises ``ConfigError`` for a
    database that holds a book already, ``NotADevelopmentChain``, and what sending raises.
    """
    with store.read() as view:
        known = view.deployment()
    if known is not None:
        raise ConfigError(
            "database_url",
            f"the database holds book {known.book} of chain {known.chain_id}; the demo starts a "
            "book of its own: give it another database with --db, or none",
        )
    with Senders(client, store.outbox) as senders:
        stage = Stage(client, senders, vault, random)
        parts = cast(stage, roles)
        perform(stage, parts, step)
        withdraw_fees(stage)
        return Played(
            deployment=stage.deployment,
            stories={loan.loan_id: loan.part.story for loan, _ in parts},
            transactions=senders.transactions,
        )


def perform(stage: Stage, parts: Iterable[tuple[DemoLoan, Plot]], step: Step) -> None:
    """Tell all stories at once, in the order of chain time, until the play's last day."""
    start = stage.now()
    end = start + PLAY_DAYS * DAY_SECONDS
    stories = [plot(loan) for loan, plot in parts]
    waiting: list[tuple[int, int]] = [(start, number) for number in range(len(stories))]
    while waiting:
        time, number = heapq.heappop(waiting)
        if time > end:
            break
        stage.wait_until(time)
        step((time - start) // DAY_SECONDS, PLAY_DAYS)
        following = next(stories[number], None)
        if following is not None:
            heapq.heappush(waiting, (following, number))
    stage.wait_until(end)
    step(PLAY_DAYS, PLAY_DAYS)


def withdraw_fees(stage: Stage) -> None:
    """Pay the fees to their receiver: from the book in tokens, by the custodian at the bank."""
    receiver = stage.fee_receiver
    for asset, index in stage.settlements.items():
        fees = stage.book.fees_of([(index, receiver.address)], stage.head())[0]
        amount = fees.credited - fees.withdrawn
        if amount:
            bank = asset == ZERO_ADDRESS
            call = stage.book.withdraw_fees(
                index, receiver.address, amount, fees.withdrawn if bank else ALL
            )
            stage.send(stage.custodian if bank else receiver, f"fees:{index}", call)
