"""Sums of float64 products beyond float64: image and filters are cut into slices whose products float64 adds exactly.

Numbers of an image are at most 1 when divided by a power of two, as are those of a filter. Slice i of n holds the
multiples of 2^(-i b) that the slices before it have left, of magnitude 2^(-(i - 1) b) at most. With K n 2^(2 b) <= 2^53
all sums of products of two slices i and j with the same i + j are exact, in any order; convolutions make them.
Those with i + j <= n + 1 are added in doubled precision.

What is left out of a product is at most (n + 1) 2^(-n b - 1): x w - sum x_i w_j is the sum over i of x_i times what the
first n + 1 - i slices leave of w, and what all slices leave of x, times w.

Source: K. Ozaki, T. Ogita, S. Oishi and S. M. Rump, "Error-free transformations of matrix multiplication by using fast
routines of matrix multiplication and its applications", Numerical Algorithms 59, 2012.
"""

from __future__ import annotations

from math import frexp
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from conv2d_cli.engine.exact.bounds import window_counts
from conv2d_cli.engine.exact.planning import slicing_of
from conv2d_cli.engine.exact.rounding import bits_of, rounded_to_odd, two_sum
from conv2d_cli.engine.executor import Parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.engine.exact.planning import Slicing
    from conv2d_cli.numpy_dtypes import Array

# The smallest normal number, and what is below all numbers of 52 bits and more.
_SMALLEST, _FEW_BITS = 2.0**-1022, 2.0**-1023
# A power of two that takes normal numbers to subnormal ones, and an exponent below which all numbers vanish.
_DOWN, _VANISHES = 200, -1300


class SlicedFilters(NamedTuple):
    """Slices of filters, each with 2^`exponents` (filters,) taken out, and the biases; None without them.

    `has_weights` says of which filters not all weights are zero.
    """

    slicing: Slicing
    parameters: list[Parameters]
    exponents: Array
    has_weights: Array
    bias: Array | None


def sliced_filters(weight: Array, bias: Array | None) -> SlicedFilters:
    """Cut finite parameters, weight (filters, group channels, kh, kw) and bias (filters,) or None."""
    slicing = slicing_of(weight[0].size)
    largest = np.abs(weight).max((1, 2, 3))
    exponents = np.frexp(largest)[1]
    scaled = np.ldexp(weight, -exponents[:, None, None, None])
    parameters = [Parameters(one, None) for one in _slices(scaled, slicing)]
    return SlicedFilters(slicing, parameters, exponents, largest > 0, bias)


def round_sliced_sums(
    image: Array,
    largest: float,
    geometry: Geometry,
    filters: SlicedFilters,
    convolve: Callable[[Array, Parameters], Array],
    out: Array,
) -> Array:
    """Fill `out` (filters, Ho * Wo) with sums rounded to float64; `convolve` has no bias, `largest` is of the image.

    Returns:
        The flat indices of those that are in doubt.
    """
    exponent = frexp(largest)[1]
    high, low = _doubled_sums(np.ldexp(image, -exponent), filters, convolve)
    high, low = high.reshape(out.shape), low.reshape(out.shape)
    exponents = (filters.exponents + exponent)[:, None]
    given = np.zeros((1, 1)) if filters.bias is None else filters.bias[:, None]
    bias = np.ldexp(given, -exponents)
    high, error = two_sum(high, bias)
    low += error
    bound = filters.slicing.left_out(geometry.taps_per_output) + 2.0**-100 * np.abs(bias)
    # A window of zeros has a sum that is exact, and so has a filter of zeros.
    counts = np.repeat(window_counts(image != 0, geometry)[:, 0], len(out) // geometry.groups, axis=0)
    bound = bound * ((counts > 0) & filters.has_weights[:, None])
    unequal = _round_within(high, (low - bound, low + bound), exponents, out)
    # Nothing is known where a bias was too large or too small beside the products.
    return np.flatnonzero(unequal | (np.ldexp(bias, exponents) != given))


def _round_within(high: Array, ends: tuple[Array, Array], exponents: Array, out: Array) -> Array:
    """Fill `out` with `(high + end) * 2**exponents` rounded; return for which the two ends may round differently."""
    rounded, other = (high + end for end in ends)
    unequal: Array = bits_of(rounded) != bits_of(other)
    np.ldexp(rounded, exponents, out=out)
    small = (np.abs(out) <= _SMALLEST) & (rounded != 0)
    if small.any():
        some = np.broadcast_to(exponents, out.shape)[small]
        least, most = (_rounded_once(high[small], end[small], some) for end in ends)
        out[small] = least
        unequal[small] = (bits_of(least) != bits_of(most)) | (np.abs(least) >= _FEW_BITS)
    return unequal


def _rounded_once(high: Array, low: Array, exponents: Array) -> Array:
    """Return `(high + low) * 2**exponents` rounded to float64, where that leaves 51 bits at most."""
    scaled: Array = np.ldexp(rounded_to_odd(high, low), np.maximum(exponents, _VANISHES) + _DOWN)
    return scaled * 2.0**-_DOWN


def _doubled_sums(
    image: Array, filters: SlicedFilters, convolve: Callable[[Array, Parameters], Array]
) -> tuple[Array, Array]:
    """Return the sums of all products of slices that are not left out, as `high + low`."""
    slices, count = _slices(image, filters.slicing), filters.slicing.slices
    high = convolve(slices[0], filters.parameters[0])
    low = np.zeros_like(high)
    for last in range(1, count):
        total = convolve(slices[0], filters.parameters[last])
        for number in range(1, last + 1):
            total += convolve(slices[number], filters.parameters[last - number])
        high, error = two_sum(high, total)
        low += error
    return high, low


def _slices(values: Array, slicing: Slicing) -> list[Array]:
    """Cut numbers of magnitude 1 at most."""
    slices, left = [], values
    for number in range(1, slicing.slices + 1):
        # Beside this float64 has no bit below 2^(-number bits).
        large = 1.5 * 2.0 ** (52 - number * slicing.bits)
        part = (left + large) - large
        slices.append(part)
        left = left - part
    return slices
