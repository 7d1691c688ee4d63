"""Where a random history gets its choices: a seeded generator, or Hypothesis."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


class Source(Protocol):
    """Three ways to choose."""

    def integer(self, low: int, high: int) -> int:
        """Return an integer between the bounds, both included."""
        ...

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of the choices."""
        ...

    def chance(self, percent: int) -> bool:
        """Return true so often."""
        ...


class Seeded:
    """Choices of one seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def integer(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    def pick(self, choices: Sequence[T]) -> T:
        return choices[int(self._random.random() * len(choices))]

    def chance(self, percent: int) -> bool:
        return self._random.random() * 100 < percent


class Drawn:
    """Choices that Hypothesis draws, and shrinks."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data

    def integer(self, low: int, high: int) -> int:
        return self._data.draw(st.integers(low, high))

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self._data.draw(st.integers(0, len(choices) - 1))]

    def chance(self, percent: int) -> bool:
        return self._data.draw(st.integers(0, 99)) >= 100 - percent
