"""Sums brought back to eight bits: by a float32 factor as ONNX has it, or by TFLite's multiplier and shift."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from conv2d_cli.engine.integer.specification import Requantization, check_requantization, range_of
from conv2d_cli.errors import DataError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from conv2d_cli.engine.integer.specification import Quantized, Requantizing
    from conv2d_cli.numpy_dtypes import Array

_INT32 = range_of("int32")
# A multiplier of TFLite is a fraction of 2^31, which more than that many halvings leave nothing of.
_FRACTION_BITS, _MOST_SHIFT = 31, 31
# What a shift to the left may be, so that an int32 stays in int64; by more than 31 all but 0 saturates anyway.
_MOST_LEFT = 31


class Requantizer(Protocol):
    """Makes elements of eight bits of sums."""

    def __call__(self, sums: Array, channels: slice) -> Array:
        """Return sums (channels, H, W) of some output channels as elements of the output."""


def requantizer_of(requantization: Requantization) -> Requantizer:
    """Return what requantises so.

    Raises:
        UsageError: a scale is none, or a factor is no float32.
    """
    check_scales(requantization)
    return _ROUNDINGS[requantization.rounding](requantization)


def requantize(
    sums: ArrayLike,
    *,
    input_scale: float,
    weight_scale: float | tuple[float, ...],
    output_scale: float,
    output_zero_point: int = 0,
    output_dtype: Quantized = "int8",
    rounding: Requantizing = "onnx",
) -> Array:
    """Bring sums of `conv2d_integer` to eight bits, saturated.

    Args:
        sums: (N, C, H, W) or (C, H, W), of int32 or int64; their real values are sums * input_scale * weight_scale.
        input_scale: of the input, positive; all scales are taken as float32.
        weight_scale: of the weight: one, or one for each channel.
        output_scale: of the output.
        output_zero_point: the element that stands for 0.
        output_dtype: "int8" or "uint8".
        rounding: "onnx": the sum, rounded to float32, times the float32 factor (input_scale * weight_scale) /
            output_scale, rounded half to even, plus the zero point; as QLinearConv of onnxruntime does. "tflite": by a
            multiplier of 31 bits, halves up, and a shift, halves away from zero, as the reference kernels of
            TensorFlow Lite do; sums of int32 only, and what a shift to the left takes beyond int32 saturates.

    Returns:
        A new array of the shape of `sums`, of `output_dtype`.

    Raises:
        UsageError: a scale is not positive and finite in float32, a zero point is no value of `output_dtype`, or an
            option names nothing that exists.
        DataError: the sums are no integers.

    Sources: https://onnx.ai/onnx/operators/onnx__QLinearConv.html;
    https://github.com/tensorflow/tensorflow/blob/v2.16.1/tensorflow/lite/kernels/internal/common.h;
    B. Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only inference",
    2018, section 2.2.

    >>> import numpy as np
    >>> sums = np.array([[[-600, 25, 35, 600]]], np.int32)
    >>> requantize(sums, input_scale=0.5, weight_scale=0.5, output_scale=2.5)
    array([[[-60,   2,   4,  60]]], dtype=int8)
    >>> requantize(sums, input_scale=0.5, weight_scale=0.5, output_scale=2.5, rounding="tflite")
    array([[[-60,   3,   4,  60]]], dtype=int8)
    """
    array = np.asarray(sums)
    if array.dtype.name not in {"int32", "int64"}:
        raise DataError(
            f"sums are int32 or int64, but these are {array.dtype.name}", "give what conv2d_integer returns"
        )
    if rounding not in _ROUNDINGS:
        raise UsageError(f"there is no rounding {rounding!r}", did_you_mean(str(rounding), _ROUNDINGS, "rounding="))
    scales = tuple(np.atleast_1d(np.asarray(weight_scale, np.float64)).tolist())
    asked = Requantization(input_scale, scales, output_scale, output_zero_point, output_dtype, rounding)
    channels = array.shape[-3] if array.ndim >= len("CHW") else 1
    check_requantization(asked, array.dtype.name, channels)
    make = requantizer_of(asked)
    return make(array, slice(None))


def check_scales(requantization: Requantization) -> None:
    """Check that scales are positive and finite in float32.

    Raises:
        UsageError: one is not.
    """
    scales = (
        *(("input", requantization.input_scale), ("output", requantization.output_scale)),
        *(("weight", scale) for scale in requantization.weight_scales),
    )
    for what, scale in scales:
        if not 0 < _float32(scale) < math.inf:
            raise UsageError(
                f"the scale {scale} of the {what} is not positive and finite in float32", f"{what}_scale=0.1"
            )


def _float32(number: float) -> np.float32:
    with np.errstate(all="ignore"):
        return np.float32(number)


class _ByFactor:
    """ONNX: a float32 factor for each channel."""

    def __init__(self, requantization: Requantization) -> None:
        """Work the factors out.

        Raises:
            UsageError: one is no positive finite float32.
        """
        with np.errstate(all="ignore"):
            weight = np.array(requantization.weight_scales, np.float32)
            self.factors = np.float32(requantization.input_scale) * weight / np.float32(requantization.output_scale)
        if not (np.isfinite(self.factors).all() and (self.factors > 0).all()):
            raise UsageError(
                "the factor input_scale * weight_scale / output_scale is 0 or infinite in float32",
                f"input_scale={requantization.output_scale}, with a weight scale around 1",
            )
        self._zero_point, self._dtype = requantization.output_zero_point, np.dtype(requantization.dtype)
        self._holds = range_of(requantization.dtype)

    def __call__(self, sums: Array, channels: slice) -> Array:
        """Return sums as elements of the output."""
        scaled = sums.astype(np.float32)
        with np.errstate(over="ignore"):
            scaled *= _of_channels(self.factors, channels)
        np.rint(scaled, out=scaled)
        # Less the zero point, so that every bound is a value of float32.
        np.clip(scaled, self._holds.least - self._zero_point, self._holds.greatest - self._zero_point, out=scaled)
        scaled += self._zero_point
        return scaled.astype(self._dtype)


class _Multiplier(NamedTuple):
    """TFLite's form of a factor: `fraction / 2^31 * 2^shift`, the fraction in int32 and at least 2^30."""

    fraction: int
    shift: int


def quantized_multiplier(factor: float) -> _Multiplier:
    """Return TFLite's form of a positive factor, `QuantizeMultiplier` of its kernels.

    >>> quantized_multiplier(0.25)
    _Multiplier(fraction=1073741824, shift=-1)
    """
    fraction, shift = math.frexp(factor)
    # Halves go away from zero, as std::round has them; the product is exact.
    whole = math.floor(fraction * (1 << _FRACTION_BITS) + 0.5)
    if whole == 1 << _FRACTION_BITS:
        whole, shift = whole // 2, shift + 1
    return _Multiplier(0, 0) if shift < -_MOST_SHIFT else _Multiplier(whole, shift)


class _ByMultiplier:
    """TFLite: a multiplier of 31 bits and a shift for each channel, worked out in float64 from the float32 scales."""

    def __init__(self, requantization: Requantization) -> None:
        """Work the multipliers out."""
        given, output = float(np.float32(requantization.input_scale)), float(np.float32(requantization.output_scale))
        weight = np.array(requantization.weight_scales, np.float32).tolist()
        self.multipliers = np.array([quantized_multiplier(given * scale / output) for scale in weight], np.int64)
        self._zero_point, self._dtype = requantization.output_zero_point, np.dtype(requantization.dtype)
        self._holds = range_of(requantization.dtype)

    def __call__(self, sums: Array, channels: slice) -> Array:
        """Return sums as elements of the output."""
        fractions, shifts = (_of_channels(part, channels) for part in self.multipliers.T)
        left, right = np.clip(shifts, 0, _MOST_LEFT), np.maximum(-shifts, 0)
        shifted = np.clip(sums.astype(np.int64) << left, *_INT32)
        high = _doubling_high_product(shifted, fractions)
        result = _rounding_shift(high, right) + self._zero_point
        clipped: Array = np.clip(result, *self._holds)
        return clipped.astype(self._dtype)


def _doubling_high_product(number: Array, fraction: Array) -> Array:
    """Return `SaturatingRoundingDoublingHighMul`: number * fraction / 2^31, nudged and cut towards zero.

    No fraction is -2^31, which alone saturates.
    """
    product = number * fraction
    nudge = np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    nudged = product + nudge
    cut: Array = np.where(nudged >= 0, nudged >> _FRACTION_BITS, -(-nudged >> _FRACTION_BITS))
    return cut


def _rounding_shift(number: Array, bits: Array) -> Array:
    """Return `RoundingDivideByPOT`: number / 2^bits, rounded, halves away from zero."""
    mask = (np.int64(1) << bits) - 1
    threshold = (mask >> 1) + (number < 0)
    shifted: Array = (number >> bits) + ((number & mask) > threshold)
    return shifted


def _of_channels(values: Array, channels: slice) -> Array:
    """Return the values of some channels, or the one value, so that they broadcast over rows and columns."""
    some: Array = values if len(values) == 1 else values[channels, None, None]
    return some


_ROUNDINGS: dict[str, Callable[[Requantization], Requantizer]] = {"onnx": _ByFactor, "tflite": _ByMultiplier}
