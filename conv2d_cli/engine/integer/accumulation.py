"""Sums brought into the accumulator: how large they were, and what becomes of those that it cannot hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from conv2d_cli.arithmetic.accumulator import Range
from conv2d_cli.engine.integer.specification import ACCUMULATORS, range_of
from conv2d_cli.errors import DataError

if TYPE_CHECKING:
    from conv2d_cli.numpy_dtypes import Array


class Overflow(NamedTuple):
    """A sum, its bias included, that the accumulator cannot hold, and its place (N, C, H, W) or (C, H, W)."""

    place: tuple[int, ...]
    value: int


class SumFigures(NamedTuple):
    """What came into an accumulator, as it is kept and travels: integers alone."""

    least: int | None
    greatest: int | None
    overflowed: int
    place: tuple[int, ...] | None
    value: int | None


class Accumulated:
    """What has come into an accumulator so far.

    Overflow is that of the exact final sum, its bias included: partial sums have no order, and may pass it.
    """

    def __init__(self, accumulator: str, on_overflow: str) -> None:
        """Have seen nothing."""
        self.accumulator, self.on_overflow = accumulator, on_overflow
        self.range: Range | None = None
        self.overflowed = 0
        self.first: Overflow | None = None
        self._holds, self._dtype = range_of(accumulator), np.dtype(accumulator)

    @property
    def bits(self) -> int | None:
        """Bits of the smallest signed accumulator that holds all sums; None where there was none."""
        return None if self.range is None else self.range.signed_bits

    def add(self, low: Array, high: Array | None, start: tuple[int, ...]) -> Array:
        """Return exact sums `low + 2^64 * high` of channels (C, H, W) in the accumulator's type.

        `low` is in int64, or without `high` in a float type; `start` is the index of its first element.
        """
        if not low.size:
            return low.astype(self._dtype)
        found = _range_of_sums(low, high)
        self.range = found if self.range is None else found.joined(self.range)
        if self._holds.holds(found):
            return low.astype(self._dtype)
        return self._overflowing(low, high, start)

    @property
    def figures(self) -> SumFigures:
        """What has come so far."""
        least, greatest = (None, None) if self.range is None else self.range
        place, value = (None, None) if self.first is None else self.first
        return SumFigures(least, greatest, self.overflowed, place, value)

    def add_figures(self, figures: SumFigures) -> None:
        """Take in what has come into another accumulator of the same kind, of another part of the output."""
        if figures.least is not None and figures.greatest is not None:
            found = Range(figures.least, figures.greatest)
            self.range = found if self.range is None else found.joined(self.range)
        self.overflowed += figures.overflowed
        if figures.place is not None and figures.value is not None:
            first = Overflow(tuple(figures.place), figures.value)
            self.first = first if self.first is None else min(first, self.first)

    def check(self) -> None:
        """Refuse sums that the accumulator could not hold, unless they may wrap or saturate.

        Raises:
            DataError: there are some.
        """
        if self.first is not None and self.on_overflow == "error":
            ways = ["accumulate=int64"] * ("64" not in self.accumulator)
            # Another type is no accumulator that could be asked for.
            ways += ["on_overflow=saturate"] * (self.accumulator in ACCUMULATORS)
            raise DataError(
                f"the sum at {self._place} is {self.first.value}: it overflows {self.accumulator}, which holds "
                f"{self._holds.least} to {self._holds.greatest}",
                ", or ".join(ways) or "accuracy=strict, which wraps",
            )

    @property
    def words(self) -> str | None:
        """Say what became of sums that the accumulator could not hold; None where there was none."""
        if self.first is None:
            return None
        became = "wrapped" if self.on_overflow == "wrap" else "took the nearest bound"
        number = f"{self.overflowed} sum{'' if self.overflowed == 1 else 's'}"
        return f"{number} overflowed {self.accumulator} and {became}; the first is {self.first.value} at {self._place}"

    @property
    def _place(self) -> str:
        """Where the first is, and by which axes."""
        place = () if self.first is None else self.first.place
        return f"{','.join('NCHW'[-len(place) :])} = {','.join(map(str, place))}"

    def _overflowing(self, low: Array, high: Array | None, start: tuple[int, ...]) -> Array:
        if high is None:
            above, below = low > self._holds.greatest, low < self._holds.least
        else:
            # The bits of a greatest or least value, and the multiple of 2^64 that they stand for.
            above, below = (
                _compared(low, high, bound) == sign
                for bound, sign in ((self._holds.greatest, 1), (self._holds.least, -1))
            )
        outside = above | below
        self.overflowed += int(np.count_nonzero(outside))
        index = np.unravel_index(int(np.argmax(outside)), outside.shape)
        place = (*start[:-3], *(int(one) + first for one, first in zip(index, start[-3:], strict=True)))
        if self.first is None or place < self.first.place:
            value = int(low[index]) + (0 if high is None else int(high[index]) << 64)
            self.first = Overflow(place, value)
        wrapped: Array = low.astype(np.int64).astype(self._dtype)
        if self.on_overflow == "saturate":
            wrapped[above], wrapped[below] = self._holds.greatest, self._holds.least
        return wrapped


def _range_of_sums(low: Array, high: Array | None) -> Range:
    if high is None:
        return Range(int(low.min()), int(low.max()))
    ends = []
    for choose in (np.min, np.max):
        multiple = choose(high)
        ends.append(int(choose(low[high == multiple])) + (int(multiple) << 64))
    return Range(*ends)


def _compared(low: Array, high: Array, bound: int) -> Array:
    """Return the signs of sums less a bound."""
    words = (bound + 2**63 >> 64, (bound + 2**63) % 2**64 - 2**63)
    first = np.sign(high - words[0])
    signs: Array = np.where(first == 0, (low > words[1]).astype(int) - (low < words[1]), first)
    return signs
