"""The promises of accuracy: the textbook bound, and errors in eps times `sum|x||w| + |b|`.

Source of the bound: N. J. Higham, "Accuracy and stability of numerical algorithms", 2002, section 3.1.
"""

from __future__ import annotations

import math
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from reference import reference_conv2d
from wide_reference import IS_WIDE

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
# Of eps times the magnitude, the most that is promised on normal data.
UNITS = 4
# The types that narrow ones are summed in.
_SUMMED_IN = {"float16": "float32", "bfloat16": "float32"}


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
    if x.dtype.kind != "c" and x.dtype != np.float64:
        real = reference_conv2d(x, weight, bias, add=math.fsum, **layer)
        return real, np.zeros(real.shape, object)
    (a, b), x_unit = _integers(np.stack([x.real, x.imag]))
    (c, d), weight_unit = _integers(np.stack([weight.real, weight.imag]))
    real, imaginary = reference_conv2d(a, c, **layer), np.zeros((), object)
    if x.dtype.kind == "c":
        real = real - reference_conv2d(b, d, **layer)
        imaginary = reference_conv2d(a, d, **layer) + reference_conv2d(b, c, **layer)
    (e, f), bias_unit = _integers(np.zeros((2, 1)) if bias is None else np.stack([bias.real, bias.imag]))
    offsets = [(part * bias_unit)[:, None, None] for part in (e, f)]
    unit = x_unit * weight_unit
    return real * unit + offsets[0], np.broadcast_to(imaginary * unit + offsets[1], real.shape)


def _integers(array: Array) -> tuple[Array, Fraction]:
    """Return integers of Python and the unit, a power of 2, in which they are the elements: faster than fractions."""
    mantissas, exponents = np.frexp(array.astype(np.float64))
    lowest = int(exponents.min())
    integers = (mantissas * 2**53).astype(np.int64).astype(object) << (exponents - lowest).astype(object)
    return integers, Fraction(2) ** (lowest - 53)


def units_by_fractions(actual: Array, x: Array, weight: Array, bias: Array | None = None, **layer: Any) -> float:
    """Return the largest error in units of `eps * (sum|x||w| + |b|)`, of the element, worked out exactly."""
    precision = PRECISIONS[dtype_name(actual.dtype)]
    limits = magnitudes(x, weight, bias, **layer)
    real, imaginary = exact_parts(x, weight, bias, **layer)
    assert actual.shape == real.shape
    largest = 0.0
    for index in np.ndindex(actual.shape):
        value = complex(actual[index])
        error = math.hypot(_difference(value.real, real[index]), _difference(value.imag, imaginary[index]))
        magnitude = Fraction(float(limits[index]))
        assert magnitude or not error
        if magnitude:
            largest = max(largest, float(Fraction(error) / (precision.eps * magnitude)))
    return largest


def _difference(value: float, exact: Any) -> float:
    return float(Fraction(value) - Fraction(exact))


_JUDGES: dict[str, Any] = {
    "float16": np.float64,
    "bfloat16": np.float64,
    "float32": np.float64,
    "complex64": np.complex128,
    "float64": np.longdouble,
    "complex128": np.clongdouble,
}
_NUMPY_MODES: dict[str, Any] = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def judged(x: Array, weight: Array, bias: Array | None = None, **layer: Any) -> tuple[Array, Array]:
    """Return the result in a type far wider than the operands', and `sum|x||w| + |b|` of each element.

    Narrow types are judged in float64: a sum of K products is off by less than K * 2^-53 of its magnitude there.
    """
    name = dtype_name(x.dtype)
    element = _JUDGES[name]
    assert IS_WIDE or element in {np.float64, np.complex128}, f"no type here is wider than {name}"
    wide_x, wide_weight = x.astype(element), weight.astype(element)
    wide_bias = None if bias is None else bias.astype(element)
    magnitude = _sums(np.abs(wide_x), np.abs(wide_weight), None if wide_bias is None else np.abs(wide_bias), **layer)
    return _sums(wide_x, wide_weight, wide_bias, **layer), magnitude


def units_of(actual: Array, exact: Array, magnitude: Array, accuracy: str = "strict") -> float:
    """Return the largest error, beyond half the smallest subnormal, in units of `eps * magnitude`.

    A magnitude is the element's own (`strict`), or the largest of its output channel's plane in its image (`fast`).
    """
    assert actual.shape == exact.shape
    if not actual.size:
        return 0.0
    precision = PRECISIONS[dtype_name(actual.dtype)]
    if accuracy == "fast":
        magnitude = magnitude.max((2, 3), keepdims=True)
    if not (np.isfinite(actual.astype(exact.dtype)).all() and np.isfinite(exact).all()):
        return math.inf
    # The smallest subnormal of float64 itself can be halved in no narrower type than the judge's.
    half = exact.real.dtype.type(float(precision.smallest)) / 2
    error = np.maximum(np.abs(actual.astype(exact.dtype) - exact) - half, 0)
    unit = float(precision.eps) * np.broadcast_to(magnitude, error.shape)
    if (error[unit == 0] > 0).any():
        return math.inf
    return float(np.max(error / np.where(unit == 0, 1, unit)))


def units_of_error(
    actual: Array, x: Array, weight: Array, bias: Array | None = None, accuracy: str = "strict", **layer: Any
) -> float:
    """Return the largest error in the units of which `UNITS` are allowed, by a judge that works on whole arrays."""
    return units_of(actual, *judged(x, weight, bias, **layer), accuracy)


class Limits(NamedTuple):
    """An exact result, and how far each element of it may be off, by component (`real`, `imag`)."""

    exact: Array
    allowed: dict[str, Array]


def textbook_limits(
    x: Array, weight: Array, bias: Array | None = None, *, in_transform_domain: bool = False, **layer: Any
) -> Limits:
    """Return the textbook bound of each component.

    `gamma(K + 1) * (sum|x||w| + |b|)` in the type that is summed in, half the smallest subnormal for each product, and
    half an ulp of the result where it is rounded again. In a transform domain `sum|x||w|` is the sum over the channels
    of `max|x| * sum|w|` of the image and the filter.
    """
    name = dtype_name(x.dtype)
    summed, own = PRECISIONS[_SUMMED_IN.get(name, name)], PRECISIONS[name]
    products = prod(weight.shape[1:]) * (1 + name.startswith("complex"))
    unit = float(summed.eps) / 2
    gamma = (products + 1) * unit / (1 - (products + 1) * unit)
    exact, _ = judged(x, weight, bias, **layer)
    assert np.isfinite(exact).all()
    allowed = {}
    for component, size in _components(x, weight, bias, in_transform_domain=in_transform_domain, **layer).items():
        limit = gamma * size + products * exact.real.dtype.type(float(summed.smallest)) / 2
        if own is not summed:
            rounded = np.abs(getattr(exact, component)) + limit
            limit = limit + float(own.eps) / 2 * rounded + float(own.smallest) / 2
        allowed[component] = limit
    return Limits(exact, allowed)


def part_of(limits: Limits, actual: Array) -> float:
    """Return the largest error as a part of what is allowed for it: at most 1 where the bound is kept."""
    assert actual.shape == limits.exact.shape
    wide = actual.astype(limits.exact.dtype)
    assert np.isfinite(wide).all()
    errors = {name: np.abs(getattr(wide, name) - getattr(limits.exact, name)) for name in limits.allowed}
    return max(float(np.max(error / limits.allowed[name], initial=0)) for name, error in errors.items())


def _components(
    x: Array, weight: Array, bias: Array | None, *, in_transform_domain: bool, **layer: Any
) -> dict[str, Array]:
    """Return the components of a result, and of each the sum of the magnitudes of what is added up for it."""
    wide = np.dtype(_JUDGES[dtype_name(x.dtype)]).type
    (a, b), (c, d), offsets = (
        (np.abs(array.astype(wide).real), np.abs(array.astype(wide).imag))
        for array in (x, weight, np.zeros(len(weight), x.dtype) if bias is None else bias)
    )
    if in_transform_domain:
        assert x.dtype.kind == "f"
        size = np.einsum("nc,oc->no", a.max((2, 3)), c.sum((2, 3))) + offsets[0]
        return {"real": size[:, :, None, None]}
    if x.dtype.kind != "c":
        return {"real": _sums(a, c, offsets[0], **layer)}
    real = _sums(a, c, offsets[0], **layer) + _sums(b, d, None, **layer)
    return {"real": real, "imag": _sums(a, d, offsets[1], **layer) + _sums(b, c, None, **layer)}


def _sums(
    x: Array,
    weight: Array,
    bias: Array | None,
    *,
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int, int, int] = (0, 0, 0, 0),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
    padding_mode: str = "zeros",
) -> Array:
    """Return the convolution in the operands' own type, all windows of a group at once."""
    top, left, bottom, right = padding
    padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), _NUMPY_MODES[padding_mode])
    out_channels, _, *kernel = weight.shape
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    windows = np.lib.stride_tricks.sliding_window_view(padded, reach, (2, 3))
    windows = windows[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]
    batch, _, height, width = windows.shape[:4]
    # (N, groups, channels of a group, kh, kw, Ho, Wo), the kernel's axes and the pixels' each as one.
    columns = windows.transpose(0, 1, 4, 5, 2, 3).reshape(batch, groups, weight[0].size, height * width)
    total: Array = np.matmul(weight.reshape(groups, out_channels // groups, -1), columns)
    total = total.reshape(batch, out_channels, height, width)
    return total if bias is None else total + bias[:, None, None]
