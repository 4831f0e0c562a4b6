"""Convolution in extended precision, vectorised over pixels: a judge for many layers, far more exact than float64."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
_NUMPY_MODES: dict[str, Any] = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
# Where `longdouble` is no wider than float64 there is nothing to judge float64 by.
IS_WIDE = np.finfo(np.longdouble).eps < 2.0**-60


def wide_conv2d(
    x: Array,
    weight: Array,
    bias: Array | None,
    *,
    stride: tuple[int, int],
    sides: tuple[tuple[int, int], tuple[int, int]],
    dilation: tuple[int, int],
    groups: int,
    padding_mode: str,
) -> tuple[Array, Array]:
    """Return (N, out_channels, Ho, Wo) of extended precision, and `sum|x||w| + |b|` of each element.

    `sides` is ((top, bottom), (left, right)); `x` is (N, in_channels, H, W).
    """
    element = np.clongdouble if x.dtype.kind == "c" else np.longdouble
    padded = np.pad(x.astype(element), ((0, 0), (0, 0), *sides), _NUMPY_MODES[padding_mode]) if x.size else x
    if not x.size:
        padded = np.zeros((*x.shape[:2], x.shape[2] + sum(sides[0]), x.shape[3] + sum(sides[1])), element)
    out_channels, group_channels, kernel_height, kernel_width = weight.shape
    height = (padded.shape[2] - dilation[0] * (kernel_height - 1) - 1) // stride[0] + 1
    width = (padded.shape[3] - dilation[1] * (kernel_width - 1) - 1) // stride[1] + 1
    batch = len(x)
    split = padded.reshape(batch, groups, group_channels, *padded.shape[2:])
    kernels = weight.astype(element).reshape(groups, out_channels // groups, group_channels, kernel_height, -1)
    total = np.zeros((batch, groups, out_channels // groups, height, width), element)
    magnitude = np.zeros(total.shape, np.longdouble)
    for u, v in product(range(kernel_height), range(kernel_width)):
        rows = slice(u * dilation[0], u * dilation[0] + (height - 1) * stride[0] + 1, stride[0])
        columns = slice(v * dilation[1], v * dilation[1] + (width - 1) * stride[1] + 1, stride[1])
        tap, window = kernels[..., u, v], split[..., rows, columns]
        total += np.einsum("goc,ngchw->ngohw", tap, window)
        magnitude += np.einsum("goc,ngchw->ngohw", np.abs(tap), np.abs(window))
    shape = (batch, out_channels, height, width)
    total, magnitude = total.reshape(shape), magnitude.reshape(shape)
    if bias is not None:
        total = total + bias.astype(element)[:, None, None]
        magnitude = magnitude + np.abs(bias.astype(element))[:, None, None]
    return total, magnitude
