"""Rounding of exact rationals to whole minor units: the only place where it happens."""

from enum import StrEnum
from fractions import Fraction


class RoundingMode(StrEnum):
    """How a non-negative rational becomes an integer.

    The three half modes take the nearest integer and differ only on an exact tie: away from
    zero, to the even neighbour, towards zero.
    """

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    HALF_DOWN = "half_down"
    UP = "up"
    DOWN = "down"


def round_to(value: Fraction, mode: RoundingMode, multiple: int = 1) -> int:
    """Return ``value`` (>= 0) rounded once to a whole number of ``multiple`` s."""
    step = value.denominator * multiple
    whole, rest = divmod(value.numerator, step)
    twice = 2 * rest - step
    match mode:
        case RoundingMode.UP:
            up = rest > 0
        case RoundingMode.DOWN:
            up = False
        case RoundingMode.HALF_UP:
            up = twice >= 0
        case RoundingMode.HALF_DOWN:
            up = twice > 0
        case RoundingMode.HALF_EVEN:
            up = twice > 0 or (twice == 0 and whole % 2 == 1)
    return (whole + up) * multiple
