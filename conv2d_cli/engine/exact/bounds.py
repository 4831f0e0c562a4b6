"""What is known of float64 sums before they are looked at: a bound on their error, or that they have none.

With K products and a bias, u = 2^-53 and gamma(n) = n u / (1 - n u), a sum that float64 adds in any order, with or
without fused multiply-add, lies within gamma(K + 1) (sum |x||w| + |b|) of the exact one where products are
exact (N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2002, section 3.1). By Cauchy and Schwarz
sum |x||w| is at most |x| |w|, the Euclidean norms of a window and of a filter: one number for each pixel and one for
each filter, instead of a second convolution. Of complex numbers real and imaginary parts have norms of their own, whose
products are added: one part is often zero.

Where K is small the bound need not be close: no window's norm is more than sqrt(K) times the largest magnitude.

The factor here is gamma(K + 3) (1 + 2^-20). Two more roundings are those of `sum - bound` and `sum + bound`; the last
part makes up for norms that are themselves rounded, at most by gamma(K + 2) < 2^-21 for K < 2^31.
"""

from __future__ import annotations

from functools import cached_property, reduce
from math import frexp, inf, isfinite, log2
from operator import or_
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from conv2d_cli.arithmetic.rounding import FLOAT_FORMATS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.arithmetic.window import Axis
    from conv2d_cli.numpy_dtypes import Array

# Bits of float64's significand; values of a sample that is looked at before all are.
_BITS, _SAMPLE = 53, 8
# The exponent of the smallest subnormal number of float64: what is no multiple of it underflows.
_LEAST = FLOAT_FORMATS["float64"].least_exponent


class Filters:
    """Finite parameters, weight (filters, K) and bias (filters,) or None, and what follows from them alone.

    Each is worked out when it is first asked for. The K weights are in `parts` parts, as the channels of a group are.
    """

    def __init__(self, weight: Array, bias: Array | None, parts: int = 1) -> None:
        """Hold both; they must not change."""
        self.weight, self.bias, self.parts = weight, bias, parts

    @cached_property
    def norms(self) -> Array:
        """The Euclidean norms of the parts of filters (filters, parts), times the bound's factor."""
        parts = self.weight.reshape(len(self.weight), self.parts, -1)
        norms: Array = np.sqrt(np.einsum("fpk,fpk->fp", parts, parts))
        return _factor(self.weight.shape[1]) * norms

    @cached_property
    def biases(self) -> Array:
        """The magnitudes of biases, times the bound's factor."""
        return np.zeros(len(self.weight)) if self.bias is None else _factor(self.weight.shape[1]) * np.abs(self.bias)

    @cached_property
    def positive(self) -> Array:
        """How many weights of each filter have no sign."""
        positive: Array = self.weight.shape[1] - np.signbit(self.weight).sum(1)
        return positive

    @cached_property
    def may_be_negative_zero(self) -> Array:
        """Of which filters the bias keeps no sum from being -0."""
        return np.ones(len(self.weight), bool) if self.bias is None else (self.bias == 0) & np.signbit(self.bias)

    @cached_property
    def sample(self) -> Array:
        """A few of the weights."""
        return sample_of(self.weight)


def sample_of(values: Array) -> Array:
    """Return a few of the values of an array."""
    return values.reshape(-1)[:: values.size // _SAMPLE + 1].copy()


class _Bits(NamedTuple):
    """Of values the exponents of a power of two above all, and of the largest that all are multiples of."""

    above: float
    unit: float


def _bits_of(sample: Array) -> _Bits:
    """Return the bits of a few values; in plain numbers, since an array's functions take longer for so few."""
    values = sample.tolist()
    ratios = [value.as_integer_ratio() for value in values]
    denominator = max(below for _, below in ratios)
    bits = reduce(or_, [above * (denominator // below) for above, below in ratios])
    return _Bits(_exponent(max(map(abs, values))), (bits & -bits).bit_length() - denominator.bit_length())


def adds_exactly(image: Array, largest: float, filters: Filters) -> bool:
    """Whether float64 adds all products of an image and a bias without rounding, in any order.

    It does where all terms are multiples of one power of two that float64 has, and their magnitudes add up to at most
    2^53 times that. `largest` is the largest magnitude in the image.
    """
    # Most data are known by a few values: some of their products alone have more bits.
    products, of_image, of_weight = filters.weight.shape[1], _bits_of(sample_of(image)), _bits_of(filters.sample)
    bits = of_image.above - of_image.unit + of_weight.above - of_weight.unit + log2(products)
    if not isfinite(bits) or bits > _BITS + 2:
        return False
    bias = np.zeros(1) if filters.bias is None else filters.bias
    most = products * largest * largest_magnitude(filters.weight) + largest_magnitude(bias)
    if not isfinite(most):
        return False
    unit = _exponent(most) - _BITS
    # What is left of the bits is shared by values that the samples have missed.
    unused_bits = of_image.unit + of_weight.unit - unit
    weight_unit = of_weight.unit - unused_bits // 2
    return (
        unused_bits >= 0
        and unit >= _LEAST
        and _are_multiples(bias, unit)
        and _are_multiples(filters.weight, weight_unit)
        and _are_multiples(image, unit - weight_unit)
    )


def window_norms(image: Array, geometry: Geometry, parts: int = 1) -> Array:
    """Return the Euclidean norms of the windows (channels, H, W) of an image as (groups, parts, Ho * Wo)."""
    grouped = image.reshape(geometry.groups * parts, -1, *image.shape[1:])
    sums: Array = _window_sums(np.einsum("gchw,gchw->ghw", grouped, grouped), geometry)
    return np.sqrt(sums, out=sums).reshape(geometry.groups, parts, -1)


def window_counts(chosen: Array, geometry: Geometry) -> Array:
    """Return how many elements of each window are chosen by a mask of an image, as (groups, 1, Ho * Wo)."""
    grouped = chosen.reshape(geometry.groups, -1, *chosen.shape[1:])
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


def _are_multiples(values: Array, exponent: float) -> bool:
    """Whether all values are multiples of a power of two."""
    if exponent == -inf:
        return True
    if not -1000 < exponent < 1000:  # noqa: PLR2004 - beyond it a power of two and its inverse are not both normal
        return not values.any()
    scaled = values * 2.0**-exponent
    return bool((scaled == np.rint(scaled)).all())
