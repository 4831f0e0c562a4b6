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


class ExactSum:
    """A sum of floats that is rounded once, when it is asked for, as `math.fsum` does: their order does not matter.

    Of any number of them a few are kept, whose sum is the exact one (J. Shewchuk, "Adaptive Precision Floating-Point
    Arithmetic and Fast Robust Geometric Predicates", 1997, section 2.4).

    >>> total = ExactSum()
    >>> for number in (1e100, 1.0, -1e100):
    ...     total.add(number)
    >>> total.value
    1.0
    """

    def __init__(self) -> None:
        """Have the sum 0."""
        self.parts: list[float] = []

    def add(self, number: float) -> None:
        """Add a number; one that is not finite is what the sum is from then on."""
        if self.parts and not math.isfinite(self.parts[0]):
            self.parts = [self.parts[0] + number]
            return
        parts = []
        for part in self.parts:
            large, small = (number, part) if abs(number) >= abs(part) else (part, number)
            number = large + small
            rest = small - (number - large)
            if rest:
                parts.append(rest)
        parts.append(number)
        # A sum beyond the largest float is no more exact than IEEE's.
        self.parts = parts if math.isfinite(number) else [number]

    @property
    def value(self) -> float:
        """The sum."""
        return math.fsum(self.parts)


class Figures(NamedTuple):
    """The figures of a part of an output, as they are kept and travel: numbers of Python alone.

    `sums` are the parts of the exact sums of real numbers, and of imaginary ones.
    """

    least: float | None
    greatest: float | None
    sums: tuple[tuple[float, ...], tuple[float, ...]]
    elements: int
    is_complex: bool
    first_values: tuple[object, ...]


class RunningSummary:
    """The figures of an output that comes chunk by chunk; a NaN in it makes all three NaN, as in NumPy.

    Chunks may be put together in any order, and in parts: least and greatest have none, and sums of blocks are exact.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self._first: tuple[object, ...] | None = None
        self._least: float | None = None
        self._greatest: float | None = None
        self._sums = ExactSum(), ExactSum()
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
                for total, part in zip(self._sums, parts, strict=False):
                    total.add(float(np.sum(part, dtype=np.float64)))
                if not self._complex:
                    self._bound(np.min(_wide(block)).item(), np.max(_wide(block)).item())

    @property
    def figures(self) -> Figures:
        """What has been taken in so far."""
        sums = tuple(self._sums[0].parts), tuple(self._sums[1].parts)
        return Figures(self._least, self._greatest, sums, self._count, self._complex, self._first or ())

    def add_figures(self, figures: Figures, *, is_first: bool) -> None:
        """Take in what another has taken in; `is_first` says that the output begins with it."""
        if is_first:
            self._first = figures.first_values
        self._count += figures.elements
        self._complex = self._complex or figures.is_complex
        for total, other in zip(self._sums, figures.sums, strict=True):
            for part in other:
                total.add(part)
        if figures.least is not None and figures.greatest is not None:
            self._bound(figures.least, figures.greatest)

    def result(self) -> Summary:
        """Return the figures of all chunks."""
        first = self._first or ()
        if not self._count:
            return Summary(None, None, None, first)
        with np.errstate(all="ignore"):
            means = [total.value / self._count for total in self._sums]
        if self._complex:
            return Summary(None, None, means, first)
        return Summary(self._least, self._greatest, means[0], first)

    def _bound(self, least: float, greatest: float) -> None:
        self._least = least if self._least is None else _first_nan(self._least, least) or min(self._least, least)
        self._greatest = (
            greatest
            if self._greatest is None
            else _first_nan(self._greatest, greatest) or max(self._greatest, greatest)
        )


def _first_nan(*numbers: float) -> float | None:
    return next((number for number in numbers if math.isnan(number)), None)


def _wide(block: NDArray[Any]) -> NDArray[Any]:
    """Return 16-bit floats, bfloat16 among them, as float32: the same values, which NumPy can order and print."""
    return (
        block
        if block.dtype.kind in "iuc" or block.itemsize > np.dtype(np.float16).itemsize
        else block.astype(np.float32)
    )
