"""The figures of an output, a block at a time, so that they need no memory of their own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
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


class RunningSummary:
    """The figures of an output that comes chunk by chunk; a NaN in it makes all three NaN, as in NumPy."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._first: tuple[object, ...] | None = None
        self._least: list[Any] = []
        self._greatest: list[Any] = []
        self._sums: tuple[list[float], list[float]] = [], []
        self._count = 0
        self._complex = False

    def add(self, chunk: NDArray[Any], *, in_order: bool = True) -> None:
        """Take a dense chunk in. The first begins with the first values; unless `in_order`, its first row does."""
        flat = chunk.reshape(-1)
        if self._first is None:
            self._first = tuple(_wide(flat[: _FIRST if in_order else min(_FIRST, chunk.shape[-1])]).tolist())
        self._count += flat.size
        self._complex = np.iscomplexobj(flat)
        with np.errstate(all="ignore"):
            for start in range(0, flat.size, _BLOCK):
                block = flat[start : start + _BLOCK]
                parts = (block.real, block.imag) if self._complex else (block,)
                for sums, part in zip(self._sums, parts, strict=False):
                    sums.append(float(np.sum(part, dtype=np.float64)))
                if not self._complex:
                    self._least.append(np.min(_wide(block)))
                    self._greatest.append(np.max(_wide(block)))

    def result(self) -> Summary:
        """Return the figures of all chunks."""
        first = self._first or ()
        if not self._count:
            return Summary(None, None, None, first)
        with np.errstate(all="ignore"):
            if self._complex:
                return Summary(None, None, [_mean(sums, self._count) for sums in self._sums], first)
            least, greatest = np.min(self._least).item(), np.max(self._greatest).item()
            return Summary(least, greatest, _mean(self._sums[0], self._count), first)


def _wide(block: NDArray[Any]) -> NDArray[Any]:
    """Return 16-bit floats, bfloat16 among them, as float32: the same values, which NumPy can order and print."""
    return (
        block
        if block.dtype.kind in "iuc" or block.itemsize > np.dtype(np.float16).itemsize
        else block.astype(np.float32)
    )


def _mean(sums: list[float], count: int) -> float:
    # fsum refuses a sum that holds both infinities, where IEEE has NaN.
    return (math.fsum(sums) if all(map(math.isfinite, sums)) else sum(sums)) / count
