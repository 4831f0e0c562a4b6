"""The Pareto front: what nothing else is at least as good as in everything, and better in something."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import le
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    Number = int | float | Fraction
    Point = tuple[Number, ...]


def front(points: Sequence[tuple[Number, ...]]) -> list[int]:
    """Return the indices, in ascending order, of the points that no other dominates; less is better on every axis.

    A point dominates another when it is no larger on any axis and smaller on one, so equal points stay together. All
    points have as many axes, one at least.

    In the order of tuples no point is dominated by a later one, so each is compared only with the front before it. Up
    to three axes that takes n log n steps; with more, n times the size of the front at worst. H. T. Kung, F. Luccio and
    F. P. Preparata, "On finding the maxima of a set of vectors", 1975.

    >>> front([(3, 1), (2, 2), (3, 2), (1, 3), (2, 2)])
    [0, 1, 3, 4]
    """
    if not points:
        return []
    places: dict[Point, list[int]] = {}
    for place, point in enumerate(points):
        places.setdefault(point, []).append(place)
    # The first axis is in order already.
    others = len(points[0]) - 1
    before: _Front = _Staircase() if others <= len(("x", "y")) else _List()
    return sorted(place for point in sorted(places) if before.admits(point[1:]) for place in places[point])


class _Front(Protocol):
    """The points of the front so far, without their first axis."""

    def admits(self, point: Point) -> bool:
        """Keep a point and return true, unless one that is kept is no larger on any axis."""


class _Staircase:
    """Points of at most two axes: those that are still of use fall in y where they rise in x."""

    def __init__(self) -> None:
        self._xs: list[Number] = []
        self._ys: list[Number] = []

    def admits(self, point: Point) -> bool:
        x, y = (*point, 0, 0)[:2]
        left = bisect_right(self._xs, x)
        # Of the steps that are no further right, the last is the lowest.
        if left and self._ys[left - 1] <= y:
            return False
        first = last = bisect_left(self._xs, x)
        while last < len(self._ys) and self._ys[last] >= y:
            last += 1
        self._xs[first:last], self._ys[first:last] = [x], [y]
        return True


class _List:
    """Points of any number of axes; what turned a point away is tried first on the next, which is often like it."""

    def __init__(self) -> None:
        self._points: list[Point] = []

    def admits(self, point: Point) -> bool:
        for place, kept in enumerate(self._points):
            if all(map(le, kept, point)):
                self._points[place], self._points[0] = self._points[0], kept
                return False
        self._points.append(point)
        return True
