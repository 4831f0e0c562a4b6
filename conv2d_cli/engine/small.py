"""Convolution of small images as matrix products, several images at once: Python's own time is most of theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.engine.bands import Span, gather
from conv2d_cli.engine.products import multiply, store
from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from conv2d_cli.engine.plan import Plan

    Array = np.ndarray[Any, Any]


def prepare(plan: Plan, weight: Array, bias: Array | None) -> tuple[Array, Array | None]:
    """Return the weight as (groups, filters, K) and the bias as (groups, filters, 1)."""
    geometry, dtype = plan.geometry, numpy_dtype(plan.summation.compute_dtype)
    matrix = weight.astype(dtype).reshape(geometry.groups, -1, geometry.taps_per_output)
    return matrix, None if bias is None else bias.astype(dtype).reshape(geometry.groups, -1, 1)


def convolve(plan: Plan, x: Array, parameters: tuple[Array, Array | None], out: Array) -> None:
    """Fill `out` (N, out_channels, Ho, Wo) from `x` (N, in_channels, H, W)."""
    images = plan.layout.blocks.images
    if len(x) <= images:
        _convolve(plan, x, parameters, out)
        return
    for first in range(0, len(x), images):
        _convolve(plan, x[first : first + images], parameters, out[first : first + images])


def _convolve(plan: Plan, x: Array, parameters: tuple[Array, Array | None], out: Array) -> None:
    (weight, bias), geometry = parameters, plan.geometry
    columns = _columns(plan, x, weight.dtype).reshape(len(x), geometry.groups, geometry.taps_per_output, -1)
    target = out.reshape(len(x), geometry.groups, weight.shape[1], -1)
    sums = target if out.dtype == weight.dtype else np.empty(target.shape, weight.dtype)
    multiply(weight, columns, plan.summation, sums, [])
    if bias is not None:
        sums += bias
    if sums is not target:
        store(sums, target)


def _columns(plan: Plan, x: Array, dtype: np.dtype[Any]) -> Array:
    """Return a view of padded images as (N, channels, kh, kw, Ho, Wo)."""
    height, width = plan.geometry.height, plan.geometry.width
    rows, columns = height.output, width.output
    reach = (rows - 1) * height.stride + height.effective_kernel, (columns - 1) * width.stride + width.effective_kernel
    padded = np.empty((*x.shape[:2], *reach), dtype)
    gather(x, plan.padding_mode, Span(-height.before, 1, reach[0]), Span(-width.before, 1, reach[1]), padded)
    image, channel, row, element = padded.strides
    return np.ndarray(
        (*x.shape[:2], height.kernel, width.kernel, rows, columns),
        dtype,
        padded,
        0,
        (image, channel, height.dilation * row, width.dilation * element, height.stride * row, width.stride * element),
    )
