"""The matrices of Winograd's transforms, and filters brought to points by them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.engine.layouts.winograd import KERNEL, PITCH, SHARED_FILTERS, TRANSFORMED, transform
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
    """A weight (filters, channels, 3, 3) in parts, each transformed when it is first asked for, and the bias.

    So each thread transforms the filters that it multiplies by.
    """

    def __init__(self, plan: Plan, weight: Array, bias: Array | None) -> None:
        """Keep both; they must not change."""
        self.parts = even_slices(len(weight), plan.layout.blocks.parts)
        self.bias = bias
        self._weight, self._matrix = weight, matrices(plan.layout.blocks.tile_rows, weight.dtype).filter
        self._transformed: dict[int, Array] = {}

    def transformed(self, number: int, workers: int = 1) -> Array:
        """Return a part as (m + 2, 4, filters, channels)."""
        if number not in self._transformed:
            self._transformed[number] = self._transform(self._weight[self.parts[number]], workers)
        return self._transformed[number]

    def _transform(self, weight: Array, workers: int) -> Array:
        taps = weight.reshape(-1, KERNEL * KERNEL)
        transformed = np.empty((len(self._matrix), len(taps) + PITCH), weight.dtype)

        def work(start: int) -> None:
            part = slice(start, min(start + TRANSFORMED, len(taps)))
            np.matmul(self._matrix, taps[part].T, out=transformed[:, part])

        do_all(range(0, len(taps), TRANSFORMED), [lambda: work] * (workers if len(taps) > SHARED_FILTERS else 1))
        return transformed[:, : len(taps)].reshape(-1, 4, *weight.shape[:2])
