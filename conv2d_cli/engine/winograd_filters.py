"""The matrices of Winograd's transforms, and filters brought to points by them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.engine.layouts.winograd import KERNEL, PITCH, SHARED_FILTERS, TRANSFORMED, transform
from conv2d_cli.engine.scratch import shaped
from conv2d_cli.engine.task import even_slices
from conv2d_cli.engine.threads import do_all

if TYPE_CHECKING:
    from conv2d_cli.engine.plan import Plan

    Array = np.ndarray[Any, Any]


class Matrices(NamedTuple):
    """The output (2 m, 4 a), filter (4 a, 9) and input (a, a) transforms, the first two of both axes at once."""

    output: Array
    filter: Array
    input: Array


@cache
def matrices(tile_rows: int, dtype: np.dtype[Any]) -> Matrices:
    """Return the transforms of tiles of so many rows."""
    down = [np.array(matrix, np.float64) for matrix in transform(tile_rows)]
    output, filters = np.kron(down[0], _ACROSS_OUTPUT), np.kron(down[1], _ACROSS_FILTER)
    return Matrices(output.astype(dtype), filters.astype(dtype), down[2].astype(dtype))


# F(2,3) with the signs that the sums in `winograd.py` have.
_ACROSS_FILTER = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
_ACROSS_OUTPUT = np.array([[1, 1, 1, 0], [0, 1, -1, -1]])


class Filters:
    """A weight (filters, channels, 3, 3) in parts, and the bias.

    Parts are transformed in the room of the thread that multiplies by them, where they stay near. Those that are used
    again, for another image or in another call, are kept.
    """

    def __init__(self, plan: Plan, weight: Array, bias: Array | None) -> None:
        """Keep both; they must not change."""
        self.parts = even_slices(len(weight), plan.layout.blocks.filter_parts)
        self.bias = bias
        self._weight, self._matrix = weight, matrices(plan.layout.blocks.tile_rows, weight.dtype).filter
        self._kept: dict[int, Array] = {}
        self._used = False

    def used_again(self) -> bool:
        """Return whether this was asked before."""
        before, self._used = self._used, True
        return before

    def keep(self, number: int, workers: int = 1) -> None:
        """Transform a part, unless it is there, and keep it."""
        if number not in self._kept:
            taps = self._taps(number)
            room = np.empty((len(self._matrix), len(taps) + PITCH), taps.dtype)
            self._kept[number] = self._transform(taps, room, workers)

    def transformed(self, number: int, room: Array) -> Array:
        """Return a part as (m + 2, 4, filters, channels): the one that is kept, or made in this flat room."""
        kept = self._kept.get(number)
        if kept is not None:
            return kept
        taps = self._taps(number)
        return self._transform(taps, shaped(room, len(self._matrix), len(taps) + PITCH))

    def _taps(self, number: int) -> Array:
        return self._weight[self.parts[number]].reshape(-1, KERNEL * KERNEL)

    def _transform(self, taps: Array, room: Array, workers: int = 1) -> Array:
        def work(start: int) -> None:
            part = slice(start, min(start + TRANSFORMED, len(taps)))
            np.matmul(self._matrix, taps[part].T, out=room[:, part])

        do_all(range(0, len(taps), TRANSFORMED), [lambda: work] * (workers if len(taps) > SHARED_FILTERS else 1))
        return room[:, : len(taps)].reshape(-1, 4, len(taps) // self._weight.shape[1], self._weight.shape[1])
