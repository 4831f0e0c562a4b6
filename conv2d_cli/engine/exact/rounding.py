"""Arrays of float64 rounded once to the type of a result, and pairs of them whose sum is rounded once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from conv2d_cli.numpy_dtypes import dtype_name, numpy_dtype

if TYPE_CHECKING:
    from conv2d_cli.numpy_dtypes import Array

_SIGN = np.int32(-(1 << 31))


def rounded(values: Array, dtype: str) -> Array:
    """Return float64 numbers as those of a real type that are nearest, ties to even; +0 and -0 stay what they are.

    NumPy's conversions round once, but for bfloat16's, which go through float32 and round twice.

    >>> float(rounded(np.array([1 + 2.0**-8 + 2.0**-40]), "bfloat16")[0])
    1.0078125
    """
    if dtype == "float64":
        return values
    return _rounded_to_bfloat16(values) if dtype == "bfloat16" else values.astype(dtype)


def round_to(out: Array, operation: np.ufunc, left: Array, right: Array) -> None:
    """Fill `out` with the results of an operation in float64, rounded to its type: but for bfloat16 in one pass."""
    if out.dtype.kind == "f":
        operation(left, right, out=out, casting="same_kind")
    else:
        out[...] = rounded(operation(left, right), dtype_name(out.dtype))


def bits_of(values: Array) -> Array:
    """Return the bit patterns of numbers of a real type, in which +0 and -0 differ."""
    return values.view(f"u{values.itemsize}")


def rounded_to_odd(high: Array, low: Array) -> Array:
    """Return the float64 numbers that stand for the sums `high + low`: each is exact, or its last bit is one.

    Rounded to a type of at most 51 bits they give what the exact sum would. Overflow and NaN are not looked at.

    Source: S. Boldo and G. Melquiond, "Emulation of a FMA and correctly rounded sums: proved algorithms using rounding
    to odd", IEEE Transactions on Computers 57(4), 2008.

    >>> float(rounded_to_odd(np.array([1.0]), np.array([2.0**-80]))[0]).hex()
    '0x1.0000000000001p+0'
    """
    total, error = two_sum(high, low)
    bits = total.view(np.int64)
    # Towards the exact sum, which is the other neighbour where the last bit is zero.
    step = np.where((error > 0) == (total > 0), 1, -1) * (error != 0) * (~bits & 1)
    odd: Array = (bits + step).view(np.float64)
    return odd


def two_sum(left: Array, right: Array) -> tuple[Array, Array]:
    """Return the float64 sum of two numbers, and what it lacks of the exact one.

    Source: D. E. Knuth, "The Art of Computer Programming", volume 2, section 4.2.2, theorem B.

    >>> total, lost = two_sum(np.array([1.0]), np.array([2.0**-60]))
    >>> total.item(), lost.item() == 2.0**-60
    (1.0, True)
    """
    total = left + right
    of_right = total - left
    error = (left - (total - of_right)) + (right - of_right)
    return total, error


def _rounded_to_bfloat16(values: Array) -> Array:
    """Return float64 numbers in bfloat16: as float32 rounded to odd, then the upper half of its bits to even."""
    single = values.astype(np.float32)
    inexact = single != values
    beyond = np.abs(single) > np.abs(values)
    bits = single.view(np.int32) - beyond | inexact
    # A NaN is left as it is: its pattern is looked at by nobody.
    magnitude = bits & ~_SIGN
    magnitude += 0x7FFF + (magnitude >> 16 & 1)
    upper = (bits & _SIGN | magnitude) >> 16
    result: Array = upper.astype(np.uint16).view(numpy_dtype("bfloat16"))
    return result
