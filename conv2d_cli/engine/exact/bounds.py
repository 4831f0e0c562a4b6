"""What is known of float64 sums before they are looked at: a bound on their error, or that they have none.

With K products and a bias, u = 2^-53 and gamma(n) = n u / (1 - n u), a sum that float64 adds in any order, with or
without fused multiply-add, lies within gamma(K + 1) (sum |x||w| + |b|) of the exact one where products are
exact (N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2002, section 3.1). By Cauchy and Schwarz
sum |x||w| is at most |x| |w|, the Euclidean norms of a window and of a filter: one number for each pixel and one for
each filter, instead of a second convolution.

Where K is small the bound need not be close, and the largest magnitude of the image times sum |w| will do.

The factor here is gamma(K + 3) (1 + 2^-20). Two more roundings are those of `sum - bound` and `sum + bound`; the last
part makes up for norms that are themselves rounded, at most by gamma(K + 2) < 2^-21 for K < 2^31.
"""

from __future__ import annotations

from math import frexp, inf
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.arithmetic.window import Axis
    from conv2d_cli.numpy_dtypes import Array

# Bits of float64's significand; values of a sample that is looked at before all are.
_BITS, _SAMPLE = 53, 64


class FilterBounds(NamedTuple):
    """What follows from the parameters alone.

    `norms`, `magnitudes` and `biases` (filters,) are Euclidean norms, sums of magnitudes and magnitudes of biases, all
    times the bound's factor. All
    weights are multiples of 2**`weight_unit`, all biases of 2**`bias_unit`, and `largest` are the largest magnitudes.
    `positive` (filters,) counts the weights without a sign, and `may_be_negative_zero` tells of filters whose bias does
    not keep a sum from being -0.
    """

    norms: Array
    magnitudes: Array
    biases: Array
    weight_unit: float
    bias_unit: float
    largest: tuple[float, float]
    positive: Array
    may_be_negative_zero: Array


def filter_bounds(weight: Array, bias: Array | None) -> FilterBounds:
    """Return what follows from finite parameters: weight (filters, group channels, kh, kw), bias (filters,) or None."""
    rows = weight.reshape(len(weight), -1)
    factor, absent = _factor(rows.shape[1]), np.zeros(len(rows))
    biases = absent if bias is None else bias
    with np.errstate(over="ignore", under="ignore"):
        norms = factor * np.sqrt(np.einsum("fk,fk->f", rows, rows))
    return FilterBounds(
        norms=norms,
        magnitudes=factor * np.abs(rows).sum(1),
        biases=factor * np.abs(biases),
        weight_unit=_unit(rows),
        bias_unit=_unit(biases),
        largest=(largest_magnitude(rows), largest_magnitude(biases)),
        positive=rows.shape[1] - np.signbit(rows).sum(1),
        may_be_negative_zero=np.ones(len(rows), bool) if bias is None else (bias == 0) & np.signbit(bias),
    )


def adds_exactly(image: Array, largest: float, geometry: Geometry, bounds: FilterBounds) -> bool:
    """Whether float64 adds all products of an image and a bias without rounding, in any order.

    It does where all terms are multiples of one power of two, and their magnitudes add up to at most 2^53 times that.
    """
    largest_weight, largest_bias = bounds.largest
    unit = _exponent(geometry.taps_per_output * largest * largest_weight + largest_bias) - _BITS
    sample = image.reshape(-1)[:: max(1, image.size // _SAMPLE)]
    return bounds.bias_unit >= unit and all(
        _are_multiples(values, unit - bounds.weight_unit) for values in (sample, image)
    )


def window_norms(image: Array, geometry: Geometry) -> Array:
    """Return the Euclidean norms of the windows (channels, H, W) of an image as (groups, 1, Ho * Wo)."""
    grouped = image.reshape(geometry.groups, -1, *image.shape[1:])
    sums: Array = _window_sums(np.einsum("gchw,gchw->ghw", grouped, grouped), geometry)
    return np.sqrt(sums, out=sums)


def window_signs(image: Array, geometry: Geometry) -> Array:
    """Return how many elements of each window have a sign, as (groups, 1, Ho * Wo)."""
    grouped = np.signbit(image).reshape(geometry.groups, -1, *image.shape[1:])
    return _window_sums(grouped.sum(1, dtype=np.int64), geometry)


def _window_sums(planes: Array, geometry: Geometry) -> Array:
    """Return the sums of windows of planes (groups, H, W), along one axis after the other."""
    rows = _sum([planes[:, one] for one in _taps(geometry.height)])
    return _sum([rows[..., one] for one in _taps(geometry.width)]).reshape(len(planes), 1, -1)


def _taps(axis: Axis) -> list[slice]:
    """Return the elements that each tap of the windows along an axis meets."""
    span = (axis.output - 1) * axis.stride + 1
    return [slice(start, start + span, axis.stride) for start in range(0, axis.effective_kernel, axis.dilation)]


def _sum(parts: Sequence[Array]) -> Array:
    total: Array = parts[0].copy()
    for part in parts[1:]:
        total += part
    return total


def _factor(products: int) -> float:
    """Return gamma(K + 3) (1 + 2^-20)."""
    roundings = (products + 3) * 2.0**-_BITS
    return roundings / (1 - roundings) * (1 + 2.0**-20)


def largest_magnitude(values: Array) -> float:
    """Return the largest magnitude; NaN where there is a NaN."""
    return max(float(values.max()), -float(values.min())) if values.size else 0.0


def _exponent(value: float) -> float:
    """Return the exponent of a power of two that is no less than a value, which a few roundings have made too small."""
    return frexp(value * (1 + 2.0**-40))[1] if value else -inf


def _unit(values: Array) -> float:
    """Return the exponent of the largest power of two of which all values are multiples; infinity if all are zero."""
    fractions, exponents = np.frexp(values[values != 0])
    whole = np.ldexp(fractions, _BITS).astype(np.int64)
    lowest = np.frexp((whole & -whole).astype(np.float64))[1] - 1
    return float((exponents - _BITS + lowest).min()) if whole.size else inf


def _are_multiples(values: Array, exponent: float) -> bool:
    """Whether all values are multiples of a power of two."""
    if exponent == -inf:
        return True
    if not -1000 < exponent < 1000:  # noqa: PLR2004 - beyond it a power of two and its inverse are not both normal
        return not values.any()
    scaled = values * 2.0**-exponent
    return bool((scaled == np.rint(scaled)).all())
