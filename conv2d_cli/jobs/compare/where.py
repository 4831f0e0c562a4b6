"""Where differences lie: in which channels, at the borders, in every k-th column, in one region, from an index on."""

from __future__ import annotations

from itertools import pairwise
from math import gcd, prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Array = np.ndarray[Any, Any]

# Places of an axis are counted one by one up to this size; of longer axes only the first and the last.
_COUNTED = 1 << 16
_SPATIAL = ("H", "W")
_NAMES = {1: ("element",), 2: ("H", "W"), 3: ("C", "H", "W"), 4: ("N", "C", "H", "W")}
_WORDS = {"N": "image", "C": "channel", "H": "row", "W": "column"}
# Places in a row that are named one by one.
_LISTED = 6
_SEVERAL = 3


class Axis(NamedTuple):
    """One axis: its letter, its size, and how many differences lie at each place of it (None where it is too long)."""

    name: str
    size: int
    counts: Array | None


def axis_names(axes: int, layout: str = "NCHW") -> tuple[str, ...]:
    """Return the names of a tensor's axes in the order of its file.

    >>> axis_names(4), axis_names(3, "NHWC"), axis_names(5)
    (('N', 'C', 'H', 'W'), ('H', 'W', 'C'), ('axis 0', 'axis 1', 'axis 2', 'axis 3', 'axis 4'))
    """
    if layout == "NHWC" and axes in {3, 4}:
        return tuple("NHWC"[-axes:])
    return _NAMES.get(axes, tuple(f"axis {number}" for number in range(axes)))


class Whereabouts:
    """Where the elements that differ by more than is allowed lie, of a tensor of this shape."""

    def __init__(self, shape: Sequence[int], names: Sequence[str]) -> None:
        """Start with none."""
        self._shape, self._names = tuple(shape), tuple(names)
        self._counts = [np.zeros(size, np.int64) if size <= _COUNTED else None for size in shape]
        self._total = self._deepest = 0
        self._first: int | None = None
        self._last = -1

    def add(self, places: Array) -> None:
        """Take the places, in C order, of some more such elements."""
        self._total += places.size
        self._first = int(places[0]) if self._first is None else self._first
        self._last = int(places[-1])
        if len(self._shape) <= 1:
            return
        indices = np.unravel_index(places, self._shape)
        for counts, index in zip(self._counts, indices, strict=True):
            if counts is not None:
                np.add(counts, np.bincount(index, minlength=counts.size), out=counts)
        if set(_SPATIAL) <= {*self._names}:
            depths = (
                np.minimum(index, size - 1 - index)
                for index, size, name in zip(indices, self._shape, self._names, strict=True)
                if name in _SPATIAL
            )
            self._deepest = max(self._deepest, int(np.minimum(*depths).max()))

    def sentences(self) -> tuple[str, ...]:
        """Return what can be said of where they lie, in words."""
        if self._first is None:
            return ()
        run = self._last - self._first + 1
        said = []
        if self._total == prod(self._shape):
            return ("everywhere",)
        is_tail = self._last == prod(self._shape) - 1
        # What lies in one row the axes say.
        if run == self._total > 1 and (is_tail or len(self._shape) == 1 or run > self._shape[-1]):
            end = "to the end" if is_tail else f"to {self._last}"
            said.append(f"one run of elements, from number {self._first} {end}, and nowhere else")
        said += [sentence for axis in self._axes() for sentence in _of_axis(axis)]
        said += self._border()
        return tuple(said)

    def _axes(self) -> Iterator[Axis]:
        for name, size, counts in zip(self._names, self._shape, self._counts, strict=True):
            if size > 1 and len(self._shape) > 1:
                yield Axis(_WORDS.get(name, name), size, counts)

    def _border(self) -> list[str]:
        sizes = [size for size, name in zip(self._shape, self._names, strict=True) if name in _SPATIAL]
        depth = self._deepest + 1
        if len(sizes) < len(_SPATIAL) or self._total < 2 * _SEVERAL or 2 * depth > min(sizes) // 2:
            return []
        return [f"only at the borders: in the outer {depth} {'row and column' if depth == 1 else 'rows and columns'}"]


def _of_axis(axis: Axis) -> Iterator[str]:
    """Yield what one axis says: that all differences lie in a few of its places, or at regular ones."""
    if axis.counts is None:
        return
    held = np.flatnonzero(axis.counts)
    if held.size == axis.size:
        return
    first, last = int(held[0]), int(held[-1])
    steps = [int(after - before) for before, after in pairwise(held[:_COUNTED])]
    step = gcd(*steps) if steps else 0
    if held.size == 1:
        yield f"only in {axis.name} {first}"
    elif step > 1 and held.size >= _SEVERAL and held.size == (last - first) // step + 1:
        yield f"only in every {_ordinal(step)} {axis.name}, from {first} to {last}"
    elif held.size == last - first + 1:
        yield f"only in {axis.name}s {first} to {last}"
    elif held.size <= _LISTED:
        yield f"only in {axis.name}s {', '.join(map(str, held))}"
    elif 2 * held.size < axis.size:
        yield f"only in {held.size} of {axis.size} {axis.name}s"


def _ordinal(number: int) -> str:
    endings = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if number % 100 in range(11, 14) else endings.get(number % 10, 'th')}"
