"""A transport that loses what the outbox sends, or what the node answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ledger.chain.transport import Question, Transport
from ledger.errors import NodeUnreachable

SEND = "eth_sendRawTransaction"


class Mishaps:
    """A transport that loses broadcasts, or the replies to them, while it is told to."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.lose_broadcasts = False
        self.lose_replies = False
        self.broadcast: list[bytes] = []

    @property
    def name(self) -> str:
        return self.transport.name

    def request(self, method: str, params: Sequence[Any]) -> Any:
        return self.transport.request(method, params)

    def batch(self, questions: Sequence[Question]) -> list[Any]:
        raws = [bytes.fromhex(params[0][2:]) for method, params in questions if method == SEND]
        self.broadcast += raws
        if raws and self.lose_broadcasts:
            raise NodeUnreachable(self.name, "cable pulled")
        answers = self.transport.batch(questions)
        if raws and self.lose_replies:
            raise NodeUnreachable(self.name, "reply lost")
        return answers
