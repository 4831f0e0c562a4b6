"""Some images of both results, and of the input where the operation is known: what hypotheses are tried on."""

from __future__ import annotations

from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.jobs.compare.mistakes.base import Output, same
from conv2d_cli.jobs.compare.mistakes.values import infinite_from, made_infinite
from conv2d_cli.jobs.compare.operation import wide
from conv2d_cli.jobs.compare.scales import Candidate, Magnitudes

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.jobs.compare.mistakes.base import Variant
    from conv2d_cli.jobs.compare.operation import Operation

    Array = np.ndarray[Any, Any]

# Fewer values at an end of their range may be there by chance.
_LEAST_AT_END = 3
# What costs fewer products is not worth a look at some channels first.
_CHEAP_PRODUCTS = 1 << 22


class Images:
    """Arrays of one shape each; with an operation `expected` has its output's shape."""

    def __init__(self, expected: Array, actual: Array, operation: Operation | None, types: tuple[str, str]) -> None:
        """Take both results, as they are stored, and our names of their types."""
        self.expected, self.actual, self.operation = wide(expected), wide(actual), operation
        self._stored = actual
        self._expected_dtype, self._actual_dtype = types

    @cached_property
    def output(self) -> Output:
        """What mistakes may know of the results."""
        numbers = self.actual.reshape(-1)
        ends: tuple[float | None, float | None] = (None, None)
        has_infinities = bool(np.isinf(numbers).any())
        is_complex = "c" in {self.expected.dtype.kind, numbers.dtype.kind}
        if not is_complex:
            numbers = numbers[np.isfinite(numbers)]
            ends = _ends(numbers) if numbers.size else ends
        return Output(self.expected.shape, self.actual.shape, self._actual_dtype, *ends, has_infinities, is_complex)

    @cached_property
    def right(self) -> Candidate:
        """What is right: the operation's own output, else what is expected."""
        operation = self.operation
        if operation is None:
            return Candidate(self.expected, None, 0, self.expected)
        # What was worked out to see what becomes of sums out of range.
        return self._changed(self._exact, _magnitudes_of(operation), operation.products)

    @cached_property
    def _exact(self) -> Array:
        assert self.operation is not None  # noqa: S101 - asked for with an operation alone
        return self.operation.values()

    @cached_property
    def _in_range(self) -> Callable[[Array], Array]:
        """What becomes of sums that the expected type cannot hold: as the expected result has it."""
        exact = self._exact
        limit = infinite_from(self._expected_dtype)
        if exact.dtype.kind == "f" and limit is not None and np.isinf(self.expected).any():
            return partial(made_infinite, limit=limit)
        if exact.dtype.kind != "i" or self.expected.dtype.kind != "i" or not exact.size:
            return same
        bounds = np.iinfo(self._expected_dtype)
        low, high, span = int(bounds.min), int(bounds.max), 2**bounds.bits
        if bounds.bits == np.iinfo(exact.dtype).bits or (exact.min() >= low and exact.max() <= high):
            return same

        def wrapped(values: Array) -> Array:
            around: Array = (values - low) % span + low
            return around

        def clipped(values: Array) -> Array:
            return np.clip(values, low, high)

        ways = (way for way in (wrapped, clipped) if np.array_equal(way(exact), self.expected))
        return next(ways, same)

    def candidate(self, variant: Variant) -> Candidate | None:
        """Return what a variant makes of the images; None where that is no convolution, or has another shape."""
        operation = None if self.operation is None else variant.operation(self.operation)
        if operation is None or (variant.operation is same and variant.summed is None):
            values, magnitudes, products = self.right[:3]
            if variant.changed is not same:
                values = self.right.sums
        elif not operation.is_possible or (variant.keeps_places and operation.output_shape != self.actual.shape):
            return None
        else:
            values = operation.values() if variant.summed is None else variant.summed(operation)
            magnitudes, products = _magnitudes_of(operation), operation.products
        if variant.moved is not same:
            values = variant.moved(values)
            magnitudes = None if magnitudes is None else _moved(magnitudes, variant.moved)
        if values.shape != self.actual.shape:
            return None
        if variant.fitted is not None:
            values = variant.fitted(values, self.actual)
        return self._changed(values, magnitudes, products, variant.changed)

    def _changed(
        self, sums: Array, magnitudes: Magnitudes | None, products: int, changed: Callable[[Array], Array] = same
    ) -> Candidate:
        """Return what a change of values, and the expected type's range, make of sums."""
        in_range = same if self.operation is None else self._in_range
        if changed is same and in_range is same:
            return Candidate(sums, magnitudes, products, sums)

        def change(values: Array) -> Array:
            out: Array = in_range(changed(values))
            return out

        return Candidate(change(sums), magnitudes, products, sums, change)

    def reread(self, variant: Variant) -> Array:
        """Return the actual result as a variant would have it read."""
        # What is stored, not what is wide: a signalling NaN becomes a quiet one on the way.
        return self.actual if variant.reread is same else wide(variant.reread(self._stored))

    def is_right(self, candidate: Candidate, variant: Variant) -> bool:
        """Whether a variant changes nothing here: it could not be told from what is right."""
        return variant.reread is same and np.array_equal(candidate.values, self.right.values)

    def glance(self, variant: Variant) -> tuple[Candidate, Array] | None:
        """Return what a variant makes of a few output channels of the first image, and the actual values there.

        What does not fit there fits nowhere. None where there is nothing to save by that.
        """
        if self.operation is None or not variant.keeps_places or self.actual.shape != self.expected.shape:
            return None
        if variant.operation is same or self.operation.products * self.actual.size < _CHEAP_PRODUCTS:
            return None
        operation = variant.operation(self.operation)
        if not operation.is_possible or operation.output_shape != self.actual.shape:
            return None
        part, channels = operation.some_channels()
        values = part.values() if variant.summed is None else variant.summed(part)
        return self._changed(values, _magnitudes_of(part), part.products, variant.changed), self.actual[:1, channels]


def _magnitudes_of(operation: Operation) -> Magnitudes:
    return Magnitudes(cache(operation.magnitudes), operation.most_magnitude)


def _moved(magnitudes: Magnitudes, move: Callable[[Array], Array]) -> Magnitudes:
    return Magnitudes(lambda: move(magnitudes.of_each()), magnitudes.most)


def _ends(numbers: Array) -> tuple[float | None, float | None]:
    """Return the least and the greatest number, each where several are equal to it and not all."""
    least, greatest = numbers.min(), numbers.max()
    several = (least < greatest and np.count_nonzero(numbers == end) >= _LEAST_AT_END for end in (least, greatest))
    first, second = (end.item() if many else None for end, many in zip((least, greatest), several, strict=True))
    return first, second
