"""Convolution of small images as matrix products, several images at once: Python's own time is most of theirs."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.engine.bands import Span, gathered
from conv2d_cli.engine.layouts.im2col import span
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
    weight, bias = parameters
    windows, images, dtype = _windows(plan), len(x), weight.dtype
    padded = gathered(x, plan.padding_mode, windows.rows, windows.columns, dtype)
    columns: Array = np.ndarray((images, *windows.shape), dtype, padded, 0, (padded.strides[0], *windows.strides))
    columns = columns.reshape(images, len(weight), weight.shape[2], -1)
    if columns.strides[2] < columns.shape[3] * columns.itemsize:
        # Windows one element wide may be a view, whose rows overlap: BLAS does not take those.
        columns = columns.copy()
    pixels, shape = columns.shape[3], (images, *weight.shape[:2], windows.pixels)
    if pixels == windows.pixels and out.dtype == dtype:
        sums = products = out.reshape(shape)
    else:
        sums = np.empty(shape, dtype)
        products = sums[..., :pixels]
    multiply(weight, columns, plan.summation.kind, plan.layout.panel, products, [])
    if bias is not None:
        products += bias
    if sums.base is not out:
        store(sums.reshape(*out.shape[:3], -1)[..., : out.shape[3]], out)


class _Windows(NamedTuple):
    """Which rows and columns are gathered, and of an image the windows' shape and strides as (channels, kh, kw, ...).

    `pixels` is how many sums an output channel has room for.
    """

    rows: Span
    columns: Span
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    pixels: int


@lru_cache(maxsize=256)
def _windows(plan: Plan) -> _Windows:
    (height, width), channels = plan.geometry[-2:], plan.geometry.in_channels
    rows, columns = span(height, height.output), span(width, width.output)
    element = numpy_dtype(plan.summation.compute_dtype).itemsize
    row = columns * element
    if plan.layout.blocks.flat:
        # The columns between the last output of a row and the first of the next are not output.
        shape: tuple[int, ...] = ((height.output - 1) * columns + width.output,)
        strides: tuple[int, ...] = (element,)
        pixels = height.output * columns
    else:
        shape, strides = (height.output, width.output), (height.stride * row, width.stride * element)
        pixels = height.output * width.output
    return _Windows(
        Span(-height.before, 1, rows),
        Span(-width.before, 1, columns),
        (channels, height.kernel, width.kernel, *shape),
        (rows * row, height.dilation * row, width.dilation * element, *strides),
        pixels,
    )
