"""How the model says that the contract will refuse."""

from __future__ import annotations

from typing import Any, NoReturn


class Refusal(Exception):
    """The custom error that the contract is expected to give, with its values."""

    def __init__(self, name: str, values: dict[str, Any]) -> None:
        super().__init__(f"{name}({values})")
        self.name = name
        self.values = values


def refuse(name: str, /, **values: Any) -> NoReturn:
    """Predict a refusal; the values carry the names of the error's parameters."""
    raise Refusal(name, values)
