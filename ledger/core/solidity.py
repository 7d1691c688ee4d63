"""Solidity declarations as text, read once: the common ground of events and signed structs."""

import re
from dataclasses import dataclass
from keyword import iskeyword


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a struct or parameter of an event, named as in Solidity."""

    type: str
    name: str
    indexed: bool

    @property
    def field(self) -> str:
        """The name of the dataclass field: snake_case, ``from_`` for the keyword ``from``."""
        name = re.sub("[A-Z]", lambda capital: "_" + capital.group().lower(), self.name)
        return name + "_" if iskeyword(name) else name


def parse_members(declaration: str) -> tuple[Member, ...]:
    """Read ``"bytes32 indexed loanId, uint32 seq"``; the declarations are our own text."""
    members = []
    for part in declaration.split(","):
        words = part.split()
        members.append(Member(words[0], words[-1], words[1:-1] == ["indexed"]))
    return tuple(members)
