"""The calls of a random history, each with parts that are mostly right, and their weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.contract.evm import ALL
from tests.property.differential.driver import History
from tests.property.differential.opening_calls import (
    cancel,
    commit,
    disburse,
    expire,
    open_loan,
    refund,
)
from tests.property.differential.owing_calls import (
    assign,
    declare_default,
    pay_out,
    prepay,
    repay,
    transfer,
)
from tests.property.differential.source import Source


def withdraw_fees(history: History, source: Source) -> None:
    """Pay fees out."""
    world, model = history.world, history.model
    settlement = source.integer(0, 2)
    receiver = world.receiver
    credited, withdrawn = model.fees[settlement, receiver.address]
    left = credited - withdrawn
    amount = source.pick((left, source.integer(1, max(1, left)), 1))
    if source.chance(5):
        amount = source.pick((0, left + 1))
    expected = withdrawn if settlement or source.chance(30) else ALL
    if source.chance(5):
        expected = source.pick((withdrawn + 1, ALL))
    sender = history.sender(source, world.custodian if settlement else receiver)
    history.step(
        "withdrawFees",
        lambda: model.withdraw_fees(sender.address, settlement, receiver.address, amount, expected),
        lambda: world.withdraw_fees(
            settlement, amount, receiver=receiver, sender=sender, expected=expected
        ),
    )


def change_rules(history: History, source: Source) -> None:
    """Pause, resume, move a limit, close a settlement, change a party, or donate tokens."""
    model = history.model
    if model.paused or model.closed or history.demoted:
        # Most of the time all doors stand open.
        _restore(history, source)
        return
    source.pick((_pause, _move_lag, _close_settlement, _demote, _donate))(history, source)


def _restore(history: History, source: Source) -> None:
    if history.model.paused:
        _pause(history, source)
    for index in sorted(history.model.closed):
        _set_settlement(history, index, is_open=True)
    history.promote()


def _pause(history: History, source: Source) -> None:
    model, world = history.model, history.world
    paused = not model.paused
    sender = history.sender(source, world.guardian)
    history.step(
        "setPaused",
        lambda: model.set_paused(sender.address, paused),
        lambda: world.act(sender, "setPaused", paused),
    )


def _move_lag(history: History, source: Source) -> None:
    policy = replace(history.model.policy, max_attestation_lag=source.integer(0, 10))
    history.step(
        "setPolicy",
        lambda: history.model.set_policy(policy),
        lambda: history.world.set_policy(policy),
    )


def _close_settlement(history: History, source: Source) -> None:
    _set_settlement(history, source.integer(0, 1), is_open=False)


def _set_settlement(history: History, index: int, *, is_open: bool) -> None:
    world, model = history.world, history.model
    token, currency = model.settlements[index]
    history.step(
        "setSettlement",
        lambda: model.set_settlement(index, is_open),
        lambda: world.act(world.admin, "setSettlement", token, currency, is_open),
    )


def _demote(history: History, source: Source) -> None:
    history.demote(source.pick(history.people))


def _donate(history: History, source: Source) -> None:
    history.donate(source.integer(1, 1_000))


def travel(history: History, source: Source) -> None:
    """Let time pass."""
    history.travel(source)


CALLS: dict[str, tuple[int, Callable[[History, Source], None]]] = {
    "open": (6, open_loan),
    "commit": (4, commit),
    "disburse": (2, disburse),
    "cancel": (1, cancel),
    "expire": (1, expire),
    "refund": (3, refund),
    "repay": (34, repay),
    "prepay": (5, prepay),
    "default": (3, declare_default),
    "payOut": (12, pay_out),
    "transfer": (5, transfer),
    "assign": (5, assign),
    "withdrawFees": (2, withdraw_fees),
    "rules": (2, change_rules),
    "travel": (11, travel),
}
"""Each call with its weight."""

_DECK = [name for name, (weight, _) in CALLS.items() for _ in range(weight)]


def play(history: History, source: Source) -> None:
    """Make one random call."""
    name = "open" if not history.model.loans else source.pick(_DECK)
    CALLS[name][1](history, source)
