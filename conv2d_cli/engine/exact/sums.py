"""Correctly rounded sums of float64 terms: each column is a sum, first in doubled precision, then exactly."""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING

import numpy as np

from conv2d_cli.arithmetic.rounding import FLOAT_FORMATS, rounded_bits
from conv2d_cli.engine.exact.rounding import bits_of, rounded, rounded_to_odd, two_sum

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conv2d_cli.numpy_dtypes import Array

_UNIT_ROUNDOFF = 2.0**-53


def rounded_sums(terms: Array, dtype: str) -> Array:
    """Return the exact sums of columns of terms (terms, sums), each rounded once to a real type; zero is +0.

    The terms are finite float64 numbers whose magnitudes do not overflow when they are added.

    >>> rounded_sums(np.array([[1.0, 1.0], [2.0**-24, 2.0**-24], [2.0**-100, -(2.0**-100)]]), "float32").tolist()
    [1.0000001192092896, 1.0]
    """
    high, low, bound = _doubled_sums(terms)
    result, other = (_rounded_pairs(high, end, dtype) for end in (low - bound, low + bound))
    for column in np.flatnonzero(bits_of(result) != bits_of(other)):
        result[column] = _exactly(terms[:, column].tolist(), dtype)[0]
    return result


def _doubled_sums(terms: Array) -> tuple[Array, Array, Array]:
    """Return sums in doubled precision, as `high + low`, and a bound on what each lacks of the exact one.

    Halves are added until one is left. What each addition lost is known exactly, and is added to `low`. With T terms,
    d = ceil(log2 T) levels, u = 2^-53 and A the sum of magnitudes, the losses have magnitudes of at most
    u d A (1 + u)^d together. Each goes through 2 d additions at most, so `low` is off by
    gamma(2 d) u d A (1 + u)^d < 3 d^2 u^2 A. The roundings of `low - bound` and of A are in the fourth d^2 u^2 A.

    Source: T. Ogita, S. M. Rump and S. Oishi, "Accurate sum and dot product", SIAM J. Sci. Comput. 26(6), 2005.
    """
    high, low, left = terms.copy(), np.zeros_like(terms), len(terms)
    levels = max(left - 1, 0).bit_length()
    while left > 1:
        half = left // 2
        first, last = slice(half), slice(left - half, left)
        high[first], error = two_sum(high[first], high[last])
        low[first] += low[last]
        low[first] += error
        left -= half
    bound = (2 * levels * _UNIT_ROUNDOFF) ** 2 * np.abs(terms).sum(0)
    return high[0], low[0], bound


def _rounded_pairs(high: Array, low: Array, dtype: str) -> Array:
    """Return `high + low`, rounded once to a real type."""
    return high + low if dtype == "float64" else rounded(rounded_to_odd(high, low), dtype)


def _exactly(terms: list[float], dtype: str) -> Array:
    """Return one sum, rounded once, as an array of one element."""
    total = fsum(terms)
    # Of a narrower type the sign of what `total` lacks says on which side of the middle of two numbers the sum lies.
    lacking = 0.0 if dtype == "float64" else fsum([*terms, -total])
    return _rounded_pairs(np.array([total]), np.array([lacking]), dtype)


def rounded_products(pairs: Iterable[tuple[float, float]], dtype: str) -> Array:
    """Return the exact sum of products of finite float64 numbers of any size, rounded once, as an array of one element.

    A product may lie beyond what float64 holds: all is done in integers.

    >>> rounded_products([(2.0**600, 2.0**600), (-(2.0**600), 2.0**600), (2.0**-600, 2.0**-450)], "float64").tolist()
    [8.289046e-317]
    """
    factors = [(*_scaled(left), *_scaled(right)) for left, right in pairs]
    least = min(shift + other_shift for _, shift, _, other_shift in factors)
    total = sum(left * right << shift + other - least for left, shift, right, other in factors)
    target = FLOAT_FORMATS[dtype]
    return np.array([rounded_bits(total, least, target)], f"u{target.bits // 8}").view(dtype)


def _scaled(value: float) -> tuple[int, int]:
    """Return an integer and the power of two that it is to be multiplied by."""
    numerator, denominator = value.as_integer_ratio()
    return numerator, 1 - denominator.bit_length()
