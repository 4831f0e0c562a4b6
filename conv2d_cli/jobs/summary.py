"""The figures of an output, a block at a time, so that they need no memory of their own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Number = int | float | list[float] | None

_BLOCK = 1 << 18
_FIRST = 8


class Summary(NamedTuple):
    """Least, greatest and mean value, and the first few; None where an output has none."""

    min: Number
    max: Number
    mean: Number
    first_values: tuple[object, ...]


def summary_of(output: NDArray[Any]) -> Summary:
    """Return the figures of a dense array; a NaN in it makes all three NaN, as in NumPy."""
    flat = output.reshape(-1)
    first = tuple(_wide(flat[:_FIRST]).tolist())
    if not flat.size:
        return Summary(None, None, None, first)
    blocks = [flat[start : start + _BLOCK] for start in range(0, flat.size, _BLOCK)]
    with np.errstate(all="ignore"):
        if np.iscomplexobj(flat):
            mean = [
                _mean((block.real for block in blocks), flat.size),
                _mean((block.imag for block in blocks), flat.size),
            ]
            return Summary(None, None, mean, first)
        least = np.min([np.min(_wide(block)) for block in blocks]).item()
        greatest = np.max([np.max(_wide(block)) for block in blocks]).item()
        return Summary(least, greatest, _mean(blocks, flat.size), first)


def _wide(block: NDArray[Any]) -> NDArray[Any]:
    """Return 16-bit floats, bfloat16 among them, as float32: the same values, which NumPy can order and print."""
    return (
        block
        if block.dtype.kind in "iuc" or block.itemsize > np.dtype(np.float16).itemsize
        else block.astype(np.float32)
    )


def _mean(blocks: Iterable[NDArray[Any]], count: int) -> float:
    sums = [float(np.sum(block, dtype=np.float64)) for block in blocks]
    # fsum refuses a sum that holds both infinities, where IEEE has NaN.
    return (math.fsum(sums) if all(map(math.isfinite, sums)) else sum(sums)) / count
