"""The exact convolution by its definition, over fractions: each element the representable number that is nearest."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Iterator

    Array = np.ndarray[Any, Any]

_NUMPY_MODES: dict[str, Any] = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
_QUIET_NAN = {"float16": 0x7E00, "bfloat16": 0x7FC0, "float32": 0x7FC00000, "float64": 0x7FF8000000000000}
Pairs = list[tuple[float, float]]


def nearest(value: Fraction, dtype: str) -> Any:
    """Return the number of a real type that is nearest to a value, ties to even; zero as +0."""
    try:
        guess = float(value)
    except OverflowError:
        guess = math.inf if value > 0 else -math.inf
    if dtype == "float64":
        return np.float64(guess)
    # NumPy may have rounded a second time: the neighbours are looked at, infinity as the next power of two.
    element = numpy_dtype(dtype)
    with np.errstate(over="ignore", under="ignore"):
        first = np.array([guess]).astype(element)
    if not np.isfinite(first.astype(np.float64))[0]:
        first = _step(first, towards_zero=True)
    near = [_step(first, towards_zero=True), first, _step(first, towards_zero=False)]
    distances = [abs(value - _as_fraction(one, dtype)) for one in near]
    closest = [one for one, distance in zip(near, distances, strict=True) if distance == min(distances)]
    return min(closest, key=lambda one: int(_bits(one)[0]) & 1)[0]


def exact_conv2d(
    x: Array,
    weight: Array,
    bias: Array | None,
    *,
    stride: tuple[int, int],
    sides: tuple[tuple[int, int], tuple[int, int]],
    dilation: tuple[int, int],
    groups: int,
    padding_mode: str,
) -> Array:
    """Return (N, out_channels, Ho, Wo) of the type of `x`; `sides` is ((top, bottom), (left, right))."""
    dtype, complex_numbers = x.dtype.name, x.dtype.kind == "c"
    padded = np.pad(x, ((0, 0), (0, 0), *sides), _NUMPY_MODES[padding_mode])
    (kernel_height, kernel_width), (filters, group_channels) = weight.shape[2:], weight.shape[:2]
    height = (padded.shape[2] - dilation[0] * (kernel_height - 1) - 1) // stride[0] + 1
    width = (padded.shape[3] - dilation[1] * (kernel_width - 1) - 1) // stride[1] + 1
    out = np.empty((len(x), filters, height, width), x.dtype)
    for image, one, row, column in np.ndindex(out.shape):
        first = one // (filters // groups) * group_channels
        rows = slice(row * stride[0], row * stride[0] + dilation[0] * (kernel_height - 1) + 1, dilation[0])
        columns = slice(column * stride[1], column * stride[1] + dilation[1] * (kernel_width - 1) + 1, dilation[1])
        window = padded[image, first : first + group_channels, rows, columns].ravel()
        number = None if bias is None else bias[one]
        if complex_numbers:
            parts = [
                rounded_sum(pairs, _component(dtype)) for pairs in _components(window, weight[one].ravel(), number)
            ]
            # Not `real + 1j * imaginary`, in which an infinity makes a NaN of the other part.
            out[image, one, row, column] = np.array(parts).view(x.dtype)[0]
        else:
            terms = [*zip(window.astype(float).tolist(), weight[one].ravel().astype(float).tolist(), strict=True)]
            out[image, one, row, column] = rounded_sum(
                [*terms, *([] if bias is None else [(float(bias[one]), 1.0)])], dtype
            )
    return out


def rounded_sum(pairs: Pairs, dtype: str) -> Any:
    """Return the sum of products, exact and rounded once; what IEEE arithmetic gives where a factor is not finite."""
    special = [left * right for left, right in pairs if not (math.isfinite(left) and math.isfinite(right))]
    if special:
        total = sum(special)
        return _nan(dtype) if math.isnan(total) else np.array([total], numpy_dtype(dtype))[0]
    value = sum((Fraction(left) * Fraction(right) for left, right in pairs), Fraction(0))
    if value:
        result = nearest(value, dtype)
        return np.copysign(result, np.array(-1 if value < 0 else 1, result.dtype)) if result == 0 else result
    negative = all(math.copysign(1, left) * math.copysign(1, right) < 0 for left, right in pairs)
    zeros = all(not left or not right for left, right in pairs)
    return np.array([-0.0 if negative and zeros else 0.0], numpy_dtype(dtype))[0]


def _components(window: Array, weight: Array, bias: Any) -> Iterator[Pairs]:
    xr, xi, wr, wi = (part.astype(float).tolist() for part in (window.real, window.imag, weight.real, weight.imag))
    real = [*zip(xr, wr, strict=True), *zip(xi, (-one for one in wi), strict=True)]
    imaginary = [*zip(xr, wi, strict=True), *zip(xi, wr, strict=True)]
    yield real if bias is None else [*real, (float(bias.real), 1.0)]
    yield imaginary if bias is None else [*imaginary, (float(bias.imag), 1.0)]


def _component(dtype: str) -> str:
    return {"complex64": "float32", "complex128": "float64"}[dtype]


def _bits(value: Array) -> Array:
    return value.view(f"u{value.itemsize}")


def _step(value: Array, *, towards_zero: bool) -> Array:
    """Return the next number towards zero or away from it, infinity after the largest."""
    bits = _bits(value).astype(np.int64)
    magnitude = bits & ~(1 << (8 * value.itemsize - 1))
    step = -1 if towards_zero and magnitude[0] else 0 if towards_zero else 1
    return (bits + step).astype(f"u{value.itemsize}").view(value.dtype)


def _as_fraction(value: Array, dtype: str) -> Fraction:
    number = float(value[0])
    if math.isfinite(number):
        return Fraction(number)
    largest = {"float16": 16, "bfloat16": 128, "float32": 128}[dtype]
    return Fraction(2) ** largest * (1 if number > 0 else -1)


def _nan(dtype: str) -> Any:
    element = numpy_dtype(dtype)
    return np.array([_QUIET_NAN[dtype]], f"u{element.itemsize}").view(element)[0]
