"""Single elements of an output, summed exactly from the terms that they are made of."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from conv2d_cli.engine.exact.planning import TERMS_TOGETHER
from conv2d_cli.engine.exact.sums import FEW_TERMS, rounded_products, rounded_sums

if TYPE_CHECKING:
    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.numpy_dtypes import Array

# Splits a float64 number into two of 26 bits.
_SPLITTER = 2.0**27 + 1
# Terms by which most windows are told from the one before.
_FIRST = 4
# Products and factors between these neither overflow nor lose bits when they are split, multiplied and added.
_SMALLEST, _LARGEST = 2.0**-900, 2.0**900


class Terms(NamedTuple):
    """What outputs are made of: an image (channels, H, W) with its padding, filters (filters, K) and biases, float64.

    `exact_products` says that products are exact in float64, as those of narrower types are.
    """

    geometry: Geometry
    image: Array
    weight: Array
    bias: Array | None
    exact_products: bool


def exact_elements(terms: Terms, indices: Array, dtype: str) -> Array:
    """Return the elements at flat indices of an output (filters, Ho, Wo), correctly rounded to a real type.

    Everything is finite. Zero is +0, unless all terms are -0.
    """
    together = max(1, TERMS_TOGETHER // terms.weight.shape[1])
    parts = [_some(terms, indices[first : first + together], dtype) for first in range(0, len(indices), together)]
    return np.concatenate(parts)


def _some(terms: Terms, indices: Array, dtype: str) -> Array:
    x, filters = _windows(terms, indices)
    # In flat parts of an image a window is that of the pixel before; of few terms the look would take longer.
    if x.size <= FEW_TERMS or _differ(x[:, :_FIRST], filters).all() or (other := _differ(x, filters)).all():
        return _of_windows(terms, x, filters, dtype)
    once: Array = _of_windows(terms, x[other], filters[other], dtype)[np.cumsum(other) - 1]
    return once


def _differ(x: Array, filters: Array) -> Array:
    """Return which windows (outputs, terms), or filters, are not those of the output before."""
    bits = np.ascontiguousarray(x).view(np.int64)
    unlike: Array = (bits[1:] != bits[:-1]).any(1) | (filters[1:] != filters[:-1])
    return np.concatenate([[True], unlike])


def _of_windows(terms: Terms, x: Array, filters: Array, dtype: str) -> Array:
    """Return the sums of windows (outputs, K) with one filter each."""
    weight = terms.weight[filters]
    bias = np.empty((len(x), 0)) if terms.bias is None else terms.bias[filters][:, None]
    products = x * weight
    if terms.exact_products:
        result = rounded_sums(_side_by_side(products, bias), dtype)
    else:
        result = _of_rounded_products(x, weight, products, bias, dtype)
    zeros = np.flatnonzero(result == 0)
    if not len(zeros):
        return result
    # A product that is not exact may have underflowed; a sum that is not zero has its sign already.
    negative = np.signbit(products[zeros]).all(1) & np.signbit(bias[zeros]).all(1) & ~np.signbit(result[zeros])
    result[zeros[negative]] = -0.0
    return result


def _of_rounded_products(x: Array, weight: Array, products: Array, bias: Array, dtype: str) -> Array:
    """Return the sums of products that float64 rounds: with what each lacks, or in integers where that is not known."""
    known = _is_moderate(x, weight, products, bias)
    result = np.empty(len(known), dtype)
    some = slice(None) if known.all() else known
    lacking = _product_errors(x[some], weight[some], products[some])
    result[some] = rounded_sums(_side_by_side(products[some], lacking, bias[some]), dtype)
    for row in np.flatnonzero(~known):
        pairs = [*zip(x[row].tolist(), weight[row].tolist(), strict=True)]
        result[row] = rounded_products([*pairs, *((one, 1.0) for one in bias[row].tolist())], dtype)[0]
    return result


def _windows(terms: Terms, indices: Array) -> tuple[Array, Array]:
    """Return the input elements (outputs, K) and the numbers of the filters that outputs are made of."""
    geometry, (_, rows, columns) = terms.geometry, terms.image.shape
    height, width = geometry.height, geometry.width
    filters, places = np.divmod(indices, height.output * width.output)
    row, column = np.divmod(places, width.output)
    group_channels = geometry.in_channels // geometry.groups
    channel = filters // (geometry.out_channels // geometry.groups) * group_channels
    first = (channel * rows + row * height.stride) * columns + column * width.stride
    return terms.image.reshape(-1).take(first[:, None] + _taps(geometry, rows, columns)), filters


@lru_cache(maxsize=16)
def _taps(geometry: Geometry, rows: int, columns: int) -> Array:
    """Return how far elements of a window lie behind its first, in channels of a number of rows and columns."""
    height, width, channels = geometry.height, geometry.width, geometry.in_channels // geometry.groups
    down = np.arange(height.kernel)[:, None] * (height.dilation * columns)
    taps = np.arange(channels)[:, None, None] * (rows * columns) + down + np.arange(width.kernel) * width.dilation
    return taps.reshape(-1)


def _side_by_side(*parts: Array) -> Array:
    """Return rows of terms as columns, one below the other."""
    return np.concatenate([part.T for part in parts], axis=0)


def _is_moderate(x: Array, weight: Array, products: Array, bias: Array) -> Array:
    """Return for which outputs (outputs, terms) no step of exact arithmetic on float64 overflows or underflows."""
    vanished = (products == 0) & (x != 0) & (weight != 0)
    small = ~vanished & ((products == 0) | (np.abs(products) >= _SMALLEST))
    largest = np.maximum(np.maximum(np.abs(x), np.abs(weight)), np.abs(products))
    moderate: Array = small.all(1) & (largest <= _LARGEST).all(1) & (np.abs(bias) <= _LARGEST).all(1)
    return moderate


def _product_errors(left: Array, right: Array, products: Array) -> Array:
    """Return what float64 products lack of the exact ones, which float64 holds.

    Source: T. J. Dekker, "A floating-point technique for extending the available precision", Numer. Math. 18, 1971.
    """
    left_high, left_low = _split(left)
    right_high, right_low = _split(right)
    error: Array = left_high * right_high - products
    error += left_high * right_low
    error += left_low * right_high
    error += left_low * right_low
    return error


def _split(values: Array) -> tuple[Array, Array]:
    scaled = _SPLITTER * values
    high: Array = scaled - (scaled - values)
    return high, values - high
