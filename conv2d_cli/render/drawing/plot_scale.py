"""Where a value lies along an axis, from 0 to 1: in proportion, or by its logarithm where values span decades."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    Number = int | float

# Of values further apart, all but the largest would lie in one heap.
_DECADES = 100
# Along an axis of logarithms zero has a place of its own, at this distance of the smallest value that has one.
_GAP_OF_ZERO = 0.08
_MIDDLE = 0.5


class Scale(NamedTuple):
    """An axis from `least` to `most`; `lowest` is the smallest value above zero.

    Of an axis of logarithms `low` and `high` are those of its ends, zero aside.
    """

    least: Number
    most: Number
    lowest: Number
    is_log: bool
    low: float
    high: float

    @property
    def name(self) -> str:
        """What is said of the scale beside an axis, nothing of a usual one."""
        return "log scale" if self.is_log else ""

    def position(self, value: Number) -> float:
        """Return where a value of the axis lies; a single one in the middle.

        Integers may be too large for a float: their quotient and their logarithm are not.
        """
        least, most, lowest, is_log, low, high = self
        if least == most:
            return _MIDDLE
        if not is_log:
            return (value - least) / (most - least)
        if value <= 0:
            return 0.0
        start = _GAP_OF_ZERO if least < lowest else 0.0
        # Roundings may add up to a little more than the end.
        return min(1.0, start + (1 - start) * (math.log10(value) - low) / (high - low))


def scale_of(values: Iterable[Number]) -> Scale:
    """Return the scale of values, of which there is one at least.

    >>> scale_of([1, 10]).position(10), scale_of([1, 10, 10000]).position(100)
    (1.0, 0.5)
    >>> scale_of([0, 1, 10000]).position(0)
    0.0
    """
    known = {*values}
    least, most = min(known), max(known)
    lowest = min((value for value in known if value > 0), default=least)
    # What is not above zero but for zero itself has no logarithm.
    is_log = least >= 0 and lowest > 0 and most > _DECADES * lowest
    low, high = (math.log10(lowest), math.log10(most)) if is_log else (0.0, 0.0)
    return Scale(least, most, lowest, is_log, low, high)
