"""The Pareto front: of several points, those that no other one beats."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Point = tuple[int | float, ...]


def front(points: Sequence[Point]) -> list[int]:
    """Return the indices, ascending, of the points that no other dominates; every coordinate is better when smaller.

    A point dominates another if it is nowhere larger and somewhere smaller: equal points stand or fall together. Of
    two coordinates this sorts once, of more each point is held against those that stand.

    >>> front([(1, 4), (2, 2), (3, 3), (4, 1), (2, 2)])
    [0, 1, 3, 4]
    """
    # In this order a point can be dominated by an earlier one alone.
    order = sorted(range(len(points)), key=points.__getitem__)
    kept: list[int] = []
    standing: list[Point] = []
    for point, equal in groupby(order, key=points.__getitem__):
        # Of two coordinates the last that stands has the smallest second one.
        rivals = standing[-1:] if len(point) <= 2 else standing  # noqa: PLR2004 - two coordinates
        if not any(all(one <= other for one, other in zip(rival, point, strict=True)) for rival in rivals):
            standing.append(point)
            kept += equal
    return sorted(kept)
