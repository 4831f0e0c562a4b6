"""The promise of `strict`: each element is within `4 * eps * (sum|x||w| + |b|)` and half the smallest subnormal."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from reference import fractions, reference_conv2d

from conv2d_cli.numpy_dtypes import dtype_name

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]


class Precision(NamedTuple):
    """The distance from 1 to the next number, and the smallest number above 0."""

    eps: Fraction
    smallest: Fraction


_FLOAT16 = Precision(Fraction(2) ** -10, Fraction(2) ** -24)
_BFLOAT16 = Precision(Fraction(2) ** -7, Fraction(2) ** -133)
_FLOAT32 = Precision(Fraction(2) ** -23, Fraction(2) ** -149)
_FLOAT64 = Precision(Fraction(2) ** -52, Fraction(2) ** -1074)
PRECISIONS = {
    "float16": _FLOAT16,
    "bfloat16": _BFLOAT16,
    "float32": _FLOAT32,
    "complex64": _FLOAT32,
    "float64": _FLOAT64,
    "complex128": _FLOAT64,
}
UNITS = 4


def magnitudes(x: Array, weight: Array, bias: Array | None = None, **layer: Any) -> Array:
    """Return `sum|x||w| + |b|` of each element, in float64; |.| is the modulus."""
    wide = [None if array is None else np.abs(array.astype(np.complex128)) for array in (x, weight, bias)]
    assert wide[0] is not None
    assert wide[1] is not None
    return reference_conv2d(wide[0], wide[1], wide[2], add=math.fsum, **layer).astype(np.float64)


def exact_parts(x: Array, weight: Array, bias: Array | None = None, **layer: Any) -> tuple[Array, Array]:
    """Return the real and imaginary parts of the exact result.

    Products of types narrower than float64 are exact in it, and their sums rounded once; the others are fractions.
    """
    if x.dtype.kind != "c":
        if x.dtype != np.float64:
            real = reference_conv2d(x, weight, bias, add=math.fsum, **layer)
        else:
            offsets = None if bias is None else fractions(bias)
            real = reference_conv2d(fractions(x), fractions(weight), offsets, **layer)
        return real, np.zeros(real.shape, object)
    (a, b), (c, d) = ((fractions(array.real), fractions(array.imag)) for array in (x, weight))
    e, f = (None, None) if bias is None else (fractions(bias.real), fractions(bias.imag))
    real = reference_conv2d(a, c, e, **layer) - reference_conv2d(b, d, **layer)
    imaginary = reference_conv2d(a, d, f, **layer) + reference_conv2d(b, c, **layer)
    return real, imaginary


def assert_within_bound(actual: Array, x: Array, weight: Array, bias: Array | None = None, **layer: Any) -> float:
    """Judge each element by its own bound; return the largest error in units of `eps * (sum|x||w| + |b|)`."""
    precision = PRECISIONS[dtype_name(actual.dtype)]
    limits = magnitudes(x, weight, bias, **layer)
    real, imaginary = exact_parts(x, weight, bias, **layer)
    assert actual.shape == real.shape
    largest = 0.0
    for index in np.ndindex(actual.shape):
        value = complex(actual[index])
        error = math.hypot(_difference(value.real, real[index]), _difference(value.imag, imaginary[index]))
        magnitude = Fraction(float(limits[index]))
        bound = UNITS * precision.eps * magnitude + precision.smallest / 2
        assert error <= bound, f"at {index}: {value} is off by {error}, allowed {float(bound)}"
        if magnitude:
            largest = max(largest, float(Fraction(error) / (precision.eps * magnitude)))
    return largest


def _difference(value: float, exact: Any) -> float:
    return float(Fraction(value) - Fraction(exact))
