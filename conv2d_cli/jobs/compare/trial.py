"""One hypothesis measured on some images: its largest difference from the actual result, beside what rounding allows."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.arithmetic.rounding import error_limit, rounding_of
from conv2d_cli.jobs.compare.mistakes.base import Output, same

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.jobs.compare.mistakes.base import Variant
    from conv2d_cli.jobs.compare.operation import Operation
    from conv2d_cli.jobs.compare.tolerance import Tolerance

    Array = np.ndarray[Any, Any]

# Fewer values at an end of their range may be there by chance.
_LEAST_AT_END = 3
# What two output channels of one image cost less than is not worth a look at them first.
_CHEAP_PRODUCTS = 1 << 22
_CHANNELS_LOOKED_AT = 2


class Images:
    """Some images of both results, and of the input where the operation is known: what hypotheses are tried on.

    `dtype` is the type that the actual result is judged in, `actual_dtype` the one that it is stored in.
    """

    def __init__(
        self,
        expected: Array,
        actual: Array,
        operation: Operation | None,
        *,
        dtype: str,
        actual_dtype: str,
        tolerance: Tolerance,
        equal_nan: bool,
    ) -> None:
        """Take the arrays, of any shape; with an operation those of the expected one are its output's."""
        self.expected, self.actual, self.operation = expected, actual, operation
        self._dtype, self._actual_dtype = dtype, actual_dtype
        self._tolerance, self._equal_nan = tolerance, equal_nan

    @cached_property
    def output(self) -> Output:
        """What mistakes may know of the results."""
        numbers = self.actual[np.isfinite(self.actual)] if self.actual.dtype.kind == "f" else self.actual.reshape(-1)
        ends: list[float | None] = [None, None]
        if numbers.size and numbers.dtype.kind != "c":
            extremes = numbers.min(), numbers.max()
            ends = [
                end.item() if np.count_nonzero(numbers == end) >= _LEAST_AT_END and extremes[0] < extremes[1] else None
                for end in extremes
            ]
        return Output(self.expected.shape, self.actual.shape, self._actual_dtype, *ends)

    @cached_property
    def right(self) -> Array:
        """What is right: the operation's own output, else what is expected."""
        return self.expected if self.operation is None else self._kept_in_range(self.operation.values())

    @cached_property
    def magnitudes(self) -> Array:
        """`sum|x||w| + |b|` of each element."""
        assert self.operation is not None  # noqa: S101 - asked for with an operation alone
        return self.operation.magnitudes()

    @cached_property
    def _in_range(self) -> Callable[[Array], Array]:
        """What becomes of whole sums that the expected type cannot hold, as the expected result has it."""
        exact = self.operation.values() if self.operation is not None else self.expected
        if exact.dtype.kind != "i" or self._expected_integers is None:
            return same
        bounds = self._expected_integers
        low, span = int(bounds.min), 2**bounds.bits
        if bounds.bits < np.iinfo(np.int64).bits and (exact.min() < low or exact.max() > bounds.max):
            if np.array_equal((exact - low) % span + low, self.expected):
                return lambda values: (values - low) % span + low
            if np.array_equal(np.clip(exact, low, bounds.max), self.expected):
                return lambda values: np.clip(values, low, bounds.max)
        return same
