"""Integer arithmetic as its definitions read, over Python's integers: slow, obvious, and what the engine answers to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from reference import reference_conv2d

if TYPE_CHECKING:
    from collections.abc import Sequence

    Array = np.ndarray[Any, Any]

_INT32 = range(-(2**31), 2**31)


def reference_integers(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    input_zero_point: int = 0,
    weight_zero_point: int | Sequence[int] = 0,
    **options: Any,
) -> Array:
    """Return the exact sums (N, out_channels, Ho, Wo) as Python's integers; options are those of `reference_conv2d`."""
    zero_points = np.array(np.atleast_1d(np.array(weight_zero_point, object)), object).reshape(-1, 1, 1, 1)
    real, real_weight = x.astype(object) - input_zero_point, weight.astype(object) - zero_points
    return reference_conv2d(real, real_weight, None if bias is None else bias.astype(object), **options)


def reference_held(sums: Array, dtype: str, how: str) -> Array:
    """Return sums in an integer type: those that it cannot hold wrapped, or the nearest bound."""
    bounds = np.iinfo(dtype)

    def held(value: int) -> int:
        if how == "saturate":
            return max(bounds.min, min(bounds.max, value))
        lifted: int = (value - int(bounds.min)) % 2**bounds.bits
        return lifted + int(bounds.min)

    return np.array([held(value) for value in sums.ravel().tolist()], dtype).reshape(sums.shape)


def reference_onnx(value: int, scales: tuple[float, float, float], zero_point: int, dtype: str) -> int:
    """Return a sum as QLinearConv's element: rounded to float32 three times, and half to even at the end."""
    given, weight, output = map(np.float32, scales)
    factor = np.float32(np.float32(given * weight) / output)
    # The product of two float32 is exact in float64.
    scaled = float(np.float32(float(np.float32(value)) * float(factor)))
    bounds = np.iinfo(dtype)
    return max(bounds.min, min(bounds.max, round(max(-1e9, min(1e9, scaled))) + zero_point))


def reference_tflite(value: int, scales: tuple[float, float, float], zero_point: int, dtype: str) -> int:
    """Return a sum as the reference kernels of TensorFlow Lite make it, each function as it is written there."""
    given, weight, output = (float(np.float32(scale)) for scale in scales)
    multiplier, shift = _quantize_multiplier(given * weight / output)
    left, right = max(shift, 0), max(-shift, 0)
    shifted = max(_INT32[0], min(_INT32[-1], value * 2**left))
    high = _saturating_rounding_doubling_high_mul(shifted, multiplier)
    bounds = np.iinfo(dtype)
    return max(bounds.min, min(bounds.max, _rounding_divide_by_pot(high, right) + zero_point))


def _quantize_multiplier(real: float) -> tuple[int, int]:
    numerator, denominator = real.as_integer_ratio()
    shift = 0
    while numerator >= denominator:
        denominator, shift = 2 * denominator, shift + 1
    while 2 * numerator < denominator:
        numerator, shift = 2 * numerator, shift - 1
    fixed = (numerator * 2**31 * 2 + denominator) // (2 * denominator)
    if fixed == 2**31:
        fixed, shift = fixed // 2, shift + 1
    return (0, 0) if shift < -31 else (fixed, shift)


def _saturating_rounding_doubling_high_mul(one: int, other: int) -> int:
    if one == other == _INT32[0]:
        return _INT32[-1]
    product = one * other
    nudged = product + (2**30 if product >= 0 else 1 - 2**30)
    # Division of C++ cuts towards zero.
    return nudged // 2**31 if nudged >= 0 else -(-nudged // 2**31)


def _rounding_divide_by_pot(value: int, exponent: int) -> int:
    mask = 2**exponent - 1
    threshold = (mask >> 1) + (1 if value < 0 else 0)
    return (value >> exponent) + (1 if (value & mask) > threshold else 0)
