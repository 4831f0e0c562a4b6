"""The terms of one output element: products and running sums as the element type has them, beside the exact sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.arithmetic.exact_sum import ExactSum
from conv2d_cli.arithmetic.rounding import FLOAT_FORMATS
from conv2d_cli.dtypes import DTYPES
from conv2d_cli.numpy_dtypes import Array, dtype_name, numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.report.trace import Number

# What half types are summed in.
_WIDER = {"float16": "float32", "bfloat16": "float32"}
_REAL = {"complex64": "float32", "complex128": "float64"}


class Sums(NamedTuple):
    """What an element's terms come to, in their order, and the element itself with its bias."""

    working_dtype: str
    products: list[Number]
    running: list[Number]
    exact: list[Any]
    result: Number
    correctly_rounded: Number


def sums_of(values: Array, weight: Array, bias: Array | None) -> Sums:
    """Return the terms of an element: rows of input values and weights of one type, and a bias of one number.

    >>> sums_of(np.float32([0.1, 3]), np.float32([3, -1]), np.float32(2.5)).running
    [0.30000001192092896, -2.700000047683716]
    """
    dtype = dtype_name(values.dtype)
    working = _WIDER.get(dtype, dtype)
    wide = numpy_dtype(working)
    with np.errstate(all="ignore"):
        products = _products(values.astype(wide), weight.astype(wide))
        # In this order, and wrapping as the type does: NumPy's own sum is neither.
        running = np.add.accumulate(products, dtype=wide)
        total = running[-1] if bias is None else running[-1] + bias.astype(wide)
        result = np.asarray(total).astype(values.dtype)
    exact, rounded = _exactly(values, weight, bias)
    return Sums(working, numbers(products), numbers(running), exact, numbers(result)[0], rounded)


def numbers(array: Array) -> list[Any]:
    """Return elements as Python's numbers, whose values are the same."""
    kind = DTYPES[dtype_name(array.dtype)].kind
    flat = array.reshape(-1)
    return (flat.astype(np.float64) if kind == "f" else flat).tolist()


def _products(values: Array, weight: Array) -> Array:
    if values.dtype.kind != "c":
        return values * weight
    # Not by NumPy's product, which some processors round once less.
    products = np.empty_like(values)
    products.real = values.real * weight.real - values.imag * weight.imag
    products.imag = values.real * weight.imag + values.imag * weight.real
    return products


def _exactly(values: Array, weight: Array, bias: Array | None) -> tuple[list[Any], Number]:
    """Return the exact sums up to each term, and the whole with the bias as the nearest of its type.

    Of integers it is the sum itself, which may lie beyond the type.
    """
    pairs = [*zip(numbers(values), numbers(weight), strict=True)]
    added = [] if bias is None else numbers(bias)
    if values.dtype.kind in "iu":
        sums = [*_running_sums(pairs)]
        return sums, sums[-1] + sum(added)
    if values.dtype.kind == "c":
        return _of_complex(pairs, added, values.dtype)
    total = ExactSum()
    exact = []
    for value, factor in pairs:
        total.add_product(value, factor)
        exact.append(total.digits())
    for value in added:
        total.add(value)
    return exact, _from_bits([total], values.dtype)[0]


def _running_sums(pairs: Sequence[tuple[int, int]]) -> Iterator[int]:
    total = 0
    for value, factor in pairs:
        total += value * factor
        yield total


def _of_complex(
    pairs: Sequence[tuple[complex, complex]], added: Sequence[complex], dtype: np.dtype[Any]
) -> tuple[list[tuple[str, str]], complex]:
    real, imaginary = ExactSum(), ExactSum()
    exact = []
    for value, factor in pairs:
        real.add_product(value.real, factor.real)
        real.add_product(value.imag, factor.imag, negated=True)
        imaginary.add_product(value.real, factor.imag)
        imaginary.add_product(value.imag, factor.real)
        exact.append((real.digits(), imaginary.digits()))
    for number in added:
        real.add(number.real)
        imaginary.add(number.imag)
    parts = _from_bits([real, imaginary], numpy_dtype(_REAL[dtype_name(dtype)]))
    return exact, complex(*parts)


def _from_bits(sums: Sequence[ExactSum], dtype: np.dtype[Any]) -> list[float]:
    target = FLOAT_FORMATS[dtype_name(dtype)]
    return numbers(np.array([total.rounded(target) for total in sums], f"u{dtype.itemsize}").view(dtype))
