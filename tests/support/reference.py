"""Convolution as its definition reads, over Python numbers: slow, obvious, and what every algorithm answers to."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Array = np.ndarray[Any, Any]


def source_index(mode: str, position: int, size: int) -> int | None:
    """Return the real element that stands at `position` of a padded axis, or None for a zero."""
    if 0 <= position < size:
        return position
    if mode == "zeros":
        return None
    if mode == "replicate":
        return 0 if position < 0 else size - 1
    if mode == "circular":
        return position % size
    assert mode == "reflect"
    return -position if position < 0 else 2 * (size - 1) - position


def python_numbers(array: Array) -> Any:
    """Return the elements as Python's int, float or complex, or as they are if they are objects."""
    if array.dtype.kind in "iuO":
        return array.tolist()
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64).tolist()


def taps(mode: str, first: int, dilation: int, kernel: int, size: int) -> list[tuple[int, int]]:
    """Return the kernel's positions on an axis that meet an element, not a zero of the padding, and that element."""
    sources = [source_index(mode, first + position * dilation, size) for position in range(kernel)]
    return [(position, source) for position, source in enumerate(sources) if source is not None]


def reference_conv2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int, int, int] = (0, 0, 0, 0),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
    padding_mode: str = "zeros",
    add: Callable[[Iterable[Any]], Any] = sum,
) -> Array:
    """Return (N, out_channels, Ho, Wo) of Python numbers; `padding` is (top, left, bottom, right).

    `add` sums the products of one element: `sum` is exact for integers and fractions, `math.fsum` rounds once.
    """
    batch, in_channels, height, width = x.shape
    out_channels, group_channels, kernel_height, kernel_width = weight.shape
    assert in_channels == group_channels * groups
    top, left, bottom, right = padding
    out_height = (height + top + bottom - dilation[0] * (kernel_height - 1) - 1) // stride[0] + 1
    out_width = (width + left + right - dilation[1] * (kernel_width - 1) - 1) // stride[1] + 1
    values, weights = python_numbers(x), python_numbers(weight)
    biases = None if bias is None else python_numbers(bias)
    rows = [taps(padding_mode, i * stride[0] - top, dilation[0], kernel_height, height) for i in range(out_height)]
    columns = [taps(padding_mode, j * stride[1] - left, dilation[1], kernel_width, width) for j in range(out_width)]
    out = np.empty((batch, out_channels, out_height, out_width), object)
    for n, o, i, j in np.ndindex(out.shape):
        first_channel = o // (out_channels // groups) * group_channels
        terms = [
            weights[o][c][u][v] * values[n][first_channel + c][row][column]
            for c, (u, row), (v, column) in product(range(group_channels), rows[i], columns[j])
        ]
        out[n, o, i, j] = add(terms if biases is None else [*terms, biases[o]])
    return out


def wrapped(exact: Array, dtype: str) -> Array:
    """Return Python integers modulo 2^bits, as an array of an integer type."""
    bits = np.iinfo(dtype).bits
    unsigned = np.array([int(value) % 2**bits for value in exact.ravel()], f"u{bits // 8}")
    return unsigned.astype(dtype).reshape(exact.shape)
