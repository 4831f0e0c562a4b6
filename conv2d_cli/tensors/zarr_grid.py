"""Boxes of an array that lies in chunks on a regular grid: which chunks they touch, and where in them."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.tensors.concurrent import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Array = np.ndarray[Any, Any]
    # A slice of an axis each, with a start and a stop.
    Box = tuple[slice, ...]
    Index = tuple[int, ...]


def chunks_of(box: Box, sides: tuple[int, ...]) -> Iterator[tuple[Index, Box, Box]]:
    """Yield the index of every chunk that a box touches, which part of the chunk is in it, and where in the box.

    >>> [index for index, _, _ in chunks_of((slice(3, 9), slice(0, 2)), (4, 4))]
    [(0, 0), (1, 0), (2, 0)]
    >>> next(chunks_of((slice(3, 9),), (4,)))
    ((0,), (slice(3, 4, None),), (slice(0, 1, None),))
    """
    touched = (range(one.start // side, -(-one.stop // side)) for one, side in zip(box, sides, strict=True))
    for index in product(*touched):
        inside, place = [], []
        for number, one, side in zip(index, box, sides, strict=True):
            begins = number * side
            start, stop = max(begins, one.start), min(begins + side, one.stop)
            inside.append(slice(start - begins, stop - begins))
            place.append(slice(start - one.start, stop - one.start))
        yield index, tuple(inside), tuple(place)


def shape_of(box: Box) -> tuple[int, ...]:
    """Return the shape of a box."""
    return tuple(one.stop - one.start for one in box)


def gathered(
    box: Box,
    sides: tuple[int, ...],
    dtype: np.dtype[Any],
    fill: object,
    part: Callable[[Index, Box], Array | None],
    at_a_time: int = 1,
) -> Array:
    """Return the elements of a box; `part` returns what is asked for of a chunk, None of one that is all `fill`.

    Of as many chunks as `at_a_time` says it is asked by threads.
    """
    elements = np.empty(shape_of(box), dtype)
    if at_a_time == 1:
        for index, inside, place in chunks_of(box, sides):
            found = part(index, inside)
            elements[place] = fill if found is None else found
        return elements

    def placed(chunk: tuple[Index, Box, Box]) -> None:
        index, inside, place = chunk
        found = part(index, inside)
        elements[place] = fill if found is None else found

    side_by_side(placed, chunks_of(box, sides), at_a_time)
    return elements
