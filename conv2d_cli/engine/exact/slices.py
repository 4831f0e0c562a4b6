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
from conv2d_cli.engine.exact.rounding import bits_of, two_sum
from conv2d_cli.engine.executor import Parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.engine.exact.planning import Slicing
    from conv2d_cli.numpy_dtypes import Array

# The smallest and largest normal numbers whose neighbours are normal too.
_SMALLEST, _LARGEST = 2.0**-1021, 2.0**1023


class SlicedFilters(NamedTuple):
    """Slices of filters, each with 2^`exponents` (filters,) taken out, and so the biases; None without them."""

    slicing: Slicing
    parameters: list[Parameters]
    exponents: Array
    bias: Array | None


def sliced_filters(weight: Array, bias: Array | None) -> SlicedFilters:
    """Cut finite parameters, weight (filters, group channels, kh, kw) and bias (filters,) or None."""
    slicing = slicing_of(weight[0].size)
    exponents = np.frexp(np.abs(weight).max((1, 2, 3)))[1]
    scaled = np.ldexp(weight, -exponents[:, None, None, None])
    return SlicedFilters(slicing, [Parameters(one, None) for one in _slices(scaled, slicing)], exponents, bias)


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
    # A window of zeros has a sum that is exact.
    counts = np.repeat(window_counts(image != 0, geometry)[:, 0], len(out) // geometry.groups, axis=0)
    bound = bound * (counts > 0)
    rounded = high + (low - bound)
    unequal = bits_of(rounded) != bits_of(high + (low + bound))
    np.ldexp(rounded, exponents, out=out)
    magnitude = np.abs(out)
    # Nothing is known where a bias was too large or too small beside the products.
    known = (np.ldexp(bias, exponents) == given) & (magnitude <= _LARGEST)
    known &= ((magnitude >= _SMALLEST) | (rounded == 0)) & ~unequal
    return np.flatnonzero(~known)


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
