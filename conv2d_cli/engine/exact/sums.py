"""Correctly rounded sums of float64 terms: each column is a sum, made ever more exactly."""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING

import numpy as np

from conv2d_cli.arithmetic.dyadic import Dyadic
from conv2d_cli.arithmetic.rounding import FLOAT_FORMATS, rounded_bits
from conv2d_cli.engine.exact.rounding import bits_of, rounded, rounded_to_odd, two_sum

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conv2d_cli.numpy_dtypes import Array

_PRECISION = FLOAT_FORMATS["float64"].precision
_UNIT_ROUNDOFF = 2.0**-_PRECISION
# Bits of a float64 number: those behind the point of its significand, and those of its exponent.
_FRACTION, _EXPONENT = (1 << _PRECISION - 1) - 1, FLOAT_FORMATS["float64"].infinity
# So few are added faster one by one.
FEW_TERMS = 1024


def rounded_sums(terms: Array, dtype: str) -> Array:
    """Return the exact sums of columns of terms (terms, sums), each rounded once to a real type; zero is +0.

    The terms are finite float64 numbers whose magnitudes do not overflow when they are added.

    >>> rounded_sums(np.array([[1.0, 1.0], [2.0**-24, 2.0**-24], [2.0**-100, -(2.0**-100)]]), "float32").tolist()
    [1.0000001192092896, 1.0]
    """
    if 0 < terms.size <= FEW_TERMS:
        return _exactly(terms, dtype)
    magnitude = np.abs(terms).sum(0)
    result, doubtful = _decided(*_plain_sums(terms, magnitude), dtype)
    if len(doubtful):
        some = terms[:, doubtful]
        high, low, bound = _doubled_sums(some, magnitude[doubtful])
        result[doubtful], left = _decided(high, low, bound, dtype)
        # Multiples of one number that differ by less are equal.
        known = bound[left] < common_units(some[:, left])
        equal, left = left[known], left[~known]
        result[doubtful[equal]] = _rounded_pairs(high[equal], low[equal], dtype)
        if len(left):
            result[doubtful[left]] = _exactly(some[:, left], dtype)
    return result


def common_units(terms: Array) -> Array:
    """Return for columns of terms a power of two that all are multiples of, and with them every sum that float64 makes.

    It is infinite where all are zero, and 0 where one is subnormal.
    """
    bits = terms.view(np.int64)
    significands = (bits & _FRACTION) | (_FRACTION + 1)
    powers = (bits & _EXPONENT).view(np.float64)
    units = powers * ((significands & -significands) * 2.0 ** (1 - _PRECISION))
    units[terms == 0] = np.inf
    least: Array = units.min(0)
    return least


def _decided(high: Array, low: Array, bound: Array, dtype: str) -> tuple[Array, Array]:
    """Return sums `high + low` rounded to a type, and the places where others within the bound round otherwise."""
    result, other = (_rounded_pairs(high, end, dtype) for end in (low - bound, low + bound))
    return result, np.flatnonzero(bits_of(result) != bits_of(other))


def _plain_sums(terms: Array, magnitude: Array) -> tuple[Array, Array, Array]:
    """Return sums as `_doubled_sums` does, in one addition a term.

    A term goes through d = ceil(log2 T) additions, so a sum is off by at most gamma(d) A, where d is far less than T.
    """
    total, left = terms, len(terms)
    while left > 1:
        half = left // 2
        # What is in the middle of an odd number stays.
        total = np.concatenate([total[:half] + total[left - half :], total[half : left - half]])
        left -= half
    bound = (_levels(terms) + 2) * _UNIT_ROUNDOFF * magnitude
    return total[0], np.zeros_like(bound), bound


def _doubled_sums(terms: Array, magnitude: Array) -> tuple[Array, Array, Array]:
    """Return sums in doubled precision, as `high + low`, and a bound on what each lacks of the exact one.

    Halves are added until one is left. What each addition lost is known exactly, and is added to `low`. With T terms,
    d = ceil(log2 T) levels, u = 2^-53 and A the sum of magnitudes, the losses have magnitudes of at most
    u d A (1 + u)^d together. Each goes through 2 d additions at most, so `low` is off by
    gamma(2 d) u d A (1 + u)^d < 3 d^2 u^2 A. The roundings of `low - bound` and of A are in the fourth d^2 u^2 A.

    Source: T. Ogita, S. M. Rump and S. Oishi, "Accurate sum and dot product", SIAM J. Sci. Comput. 26(6), 2005.
    """
    high, low, left = terms.copy(), np.zeros_like(terms), len(terms)
    while left > 1:
        half = left // 2
        first, last = slice(half), slice(left - half, left)
        high[first], error = two_sum(high[first], high[last])
        low[first] += low[last]
        low[first] += error
        left -= half
    return high[0], low[0], (2 * _levels(terms) * _UNIT_ROUNDOFF) ** 2 * magnitude


def _levels(terms: Array) -> int:
    """Return how many times T terms are halved: ceil(log2 T)."""
    return max(len(terms) - 1, 0).bit_length()


def _rounded_pairs(high: Array, low: Array, dtype: str) -> Array:
    """Return `high + low`, rounded once to a real type."""
    return high + low if dtype == "float64" else rounded(rounded_to_odd(high, low), dtype)


def _exactly(terms: Array, dtype: str) -> Array:
    """Return the sums of columns of terms one by one, rounded once."""
    columns = terms.T.tolist()
    totals = [*map(fsum, columns)]
    if dtype == "float64":
        return np.array(totals)
    # Of a narrower type the sign of what a total lacks says on which side of the middle of two numbers the sum lies.
    lacking = [fsum([*column, -total]) for column, total in zip(columns, totals, strict=True)]
    return _rounded_pairs(np.array(totals), np.array(lacking), dtype)


def rounded_products(pairs: Iterable[tuple[float, float]], dtype: str) -> Array:
    """Return the exact sum of products of finite float64 numbers of any size, rounded once, as an array of one element.

    A product may lie beyond what float64 holds: all is done in integers.

    >>> rounded_products([(2.0**600, 2.0**600), (-(2.0**600), 2.0**600), (2.0**-600, 2.0**-450)], "float64").tolist()
    [8.289046e-317]
    """
    # All are shifted to the least exponent at once: one after another takes three times as long.
    factors = [(*Dyadic.of(left), *Dyadic.of(right)) for left, right in pairs]
    least = min(shift + other_shift for _, shift, _, other_shift in factors)
    total = sum(left * right << shift + other - least for left, shift, right, other in factors)
    target = FLOAT_FORMATS[dtype]
    return np.array([rounded_bits(total, least, target)], f"u{target.bits // 8}").view(dtype)
