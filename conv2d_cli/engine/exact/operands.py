"""The operands of an exact convolution in real float64 numbers: complex ones become several channels and filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from conv2d_cli.engine.exact.bounds import FilterBounds, filter_bounds
from conv2d_cli.engine.executor import Parameters

if TYPE_CHECKING:
    from conv2d_cli.numpy_dtypes import Array


class ExactOperands(NamedTuple):
    """Weight (filters, group channels, kh, kw) and bias (filters,) in real float64 numbers, and what is known of them.

    `marked` are those that the values of outputs that are not finite follow from; None where all are finite, and then
    `parameters` are the same. Else what is not finite is zero in `parameters`.
    """

    parameters: Parameters
    marked: Parameters | None
    bounds: FilterBounds

    @property
    def weight(self) -> Array:
        """The weight, all of it finite."""
        weight: Array = self.parameters.weight
        return weight

    @property
    def bias(self) -> Array | None:
        """The bias, all of it finite."""
        return self.parameters.bias


def exact_operands(weight: Array, bias: Array | None, groups: int) -> ExactOperands:
    """Return the operands that a weight (out_channels, in_channels / groups, kh, kw) and a bias become."""
    real, real_bias = real_weight(weight, groups), None if bias is None else real_channels(bias, groups)
    finite = bool(np.isfinite(real).all() and (real_bias is None or np.isfinite(real_bias).all()))
    marked = None if finite else marked_parameters(real, real_bias)
    if not finite:
        real = finite_part(real)
        real_bias = None if real_bias is None else finite_part(real_bias)
    return ExactOperands(Parameters(real, real_bias), marked, filter_bounds(real, real_bias))


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
