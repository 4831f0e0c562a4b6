"""The operands of an exact convolution in real float64 numbers: complex ones become several channels and filters."""

from __future__ import annotations

from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from conv2d_cli.engine.exact.bounds import Filters, largest_magnitude
from conv2d_cli.engine.exact.slices import SlicedFilters, sliced_filters
from conv2d_cli.engine.executor import Parameters

if TYPE_CHECKING:
    from conv2d_cli.numpy_dtypes import Array


class ExactOperands:
    """Parameters in real float64 numbers: weight (filters, group channels, kh, kw) and bias (filters,).

    `marked` are those that tell which outputs are not finite; None where all are finite, and then `parameters` are the
    same numbers. Else what is not finite is zero in `parameters` and `filters`.
    """

    def __init__(self, weight: Array, bias: Array | None, parts: int) -> None:
        """Hold them, and what follows from them; channels of a group are in `parts` parts."""
        self.marked = None
        if not isfinite(largest_magnitude(weight)) or (bias is not None and not np.isfinite(bias).all()):
            self.marked = marked_parameters(weight, bias)
            weight, bias = finite_part(weight), None if bias is None else finite_part(bias)
        self.parameters = Parameters(weight, bias)
        self.filters = Filters(weight.reshape(len(weight), -1), bias, parts)

    @cached_property
    def sliced(self) -> SlicedFilters:
        """The parameters in slices."""
        return sliced_filters(self.parameters.weight, self.parameters.bias)


def marked_parameters(weight: Array, bias: Array | None) -> Parameters:
    """Return parameters that tell what is not finite, as `marks` does."""
    return Parameters(marks(weight), None if bias is None else marks(bias))


def marks(values: Array) -> Array:
    """Return -1, 0 and 1 for finite numbers, and what is not finite as it is.

    Convolved with others of these it gives a NaN or an infinity where, and only where, a product of the numbers
    themselves is not finite for an operand's sake, and which of them; no product overflows.
    """
    return np.where(np.isfinite(values), np.sign(values), values)


def finite_part(values: Array) -> Array:
    """Return numbers with zeros for what is not finite."""
    return np.where(np.isfinite(values), values, 0.0)


def flushed(values: Array, least: float) -> Array:
    """Return numbers with zeros, of their sign, for those whose magnitude is below the least."""
    if not least:
        return values
    zeros: Array = np.abs(values) < values.dtype.type(least)
    return np.where(zeros, np.copysign(values.dtype.type(0), values), values)


def real_channels(values: Array, groups: int) -> Array:
    """Return channels (the first axis) in real float64 numbers: of each group the real parts, then the imaginary."""
    if values.dtype.kind != "c":
        return values.astype(np.float64, copy=False)
    grouped = values.reshape(groups, 1, -1, *values.shape[1:])
    both = np.concatenate([grouped.real, grouped.imag], axis=1, dtype=np.float64)
    return both.reshape(-1, *values.shape[1:])


def real_weight(weight: Array, groups: int) -> Array:
    """Return the filters that make real parts, then those that make imaginary ones, group by group."""
    if weight.dtype.kind != "c":
        return np.ascontiguousarray(weight, np.float64)
    grouped = weight.reshape(groups, -1, *weight.shape[1:])
    of_real = np.concatenate([grouped.real, -grouped.imag], axis=2, dtype=np.float64)
    of_imaginary = np.concatenate([grouped.imag, grouped.real], axis=2, dtype=np.float64)
    both = np.concatenate([of_real, of_imaginary], axis=1)
    return both.reshape(2 * len(weight), -1, *weight.shape[2:])
