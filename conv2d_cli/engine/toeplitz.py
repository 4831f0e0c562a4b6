"""Depthwise convolution of narrow planes: one product of matrices for each channel makes all outputs of a plane.

The left operand holds, for each output row, the padded input rows that it reads, one after another; the right one is a
Toeplitz matrix, in which each output column has the kernel one stride further on, between zeros. So everything is
copied in long runs, where laying windows out would copy runs as short as an output row.
Source of the matrix: R. M. Gray, "Toeplitz and circulant matrices: a review", 2006.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.engine.bands import Span, clear_sides, gather
from conv2d_cli.engine.layouts.im2col import span
from conv2d_cli.engine.layouts.toeplitz import product_taps
from conv2d_cli.engine.products import multiply, store
from conv2d_cli.engine.scratch import Scratch, shaped
from conv2d_cli.engine.summation import spare_products
from conv2d_cli.engine.threads import share_out
from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.engine.plan import Plan

    Array = np.ndarray[Any, Any]


def prepare(plan: Plan, weight: Array, bias: Array | None) -> tuple[Array, Array | None]:
    """Return the transposed Toeplitz matrices (groups, filters * Wo, K) and the bias (groups, 1, filters, 1)."""
    geometry, dtype = plan.geometry, numpy_dtype(plan.summation.compute_dtype)
    filters, _, kernel_height, kernel_width = weight.shape
    width, taps = geometry.width, product_taps(geometry)
    reach, element = width.stride * (width.output - 1), dtype.itemsize
    # Each kernel row is followed by zeros up to the next, so that moving all of them along gives another column.
    flat = np.zeros((filters, reach + taps), dtype)
    row, first = taps // kernel_height * element, reach * element
    shape, strides = (filters, kernel_height, kernel_width), (flat.strides[0], row, width.dilation * element)
    np.ndarray(shape, dtype, flat, first, strides)[...] = weight[:, 0]
    moved = (flat.strides[0], -width.stride * element, element)
    matrices = np.ndarray((filters, width.output, taps), dtype, flat, first, moved).copy()
    offset = None if bias is None else bias.astype(dtype).reshape(geometry.groups, 1, -1, 1)
    return matrices.reshape(geometry.groups, -1, taps), offset


def convolve(plan: Plan, x: Array, parameters: tuple[Array, Array | None], out: Array) -> None:
    """Fill `out` (N, out_channels, Ho, Wo) from `x` (N, in_channels, H, W)."""
    geometry, blocks, (weight, bias) = plan.geometry, plan.layout.blocks, parameters
    (height, width), groups, taps = geometry[-2:], len(weight), weight.shape[2]
    columns = span(width, width.output)
    across = Span(-width.before, 1, columns)
    grouped_out = out.reshape(len(out), groups, -1, *out.shape[2:])
    direct = out.dtype == weight.dtype and grouped_out.shape[2] == 1
    spares = spare_products(plan.summation.kind, taps, plan.layout.panel.taps)

    def work_of(scratch: Scratch) -> Callable[[tuple[int, int, int]], None]:
        band = scratch.take(blocks.groups, span(height, blocks.rows), columns, dtype=weight.dtype)
        clear_sides(band, plan.padding_mode, across, width.size)
        lowered = scratch.take(blocks.groups * blocks.rows * taps, dtype=weight.dtype)
        size = blocks.groups * blocks.rows * weight.shape[1]
        room = [scratch.take(size, dtype=weight.dtype) for _ in range(spares + (not direct))]
        group, row, element = band.strides
        strides = (group, height.stride * row, height.dilation * row, element)

        def work(job: tuple[int, int, int]) -> None:
            image, first, top = job
            some = slice(first, first + blocks.groups)
            target = grouped_out[image, some, :, top : top + blocks.rows].transpose(0, 2, 1, 3)
            down = Span(top * height.stride - height.before, 1, span(height, target.shape[1]))
            part = band[: len(target), : down.length]
            gather(x[image, some], plan.padding_mode, down, across, part, sides_are_zero=True)
            windows = (*target.shape[:2], height.kernel, columns)
            rows = shaped(lowered, *windows)
            np.copyto(rows, np.ndarray(windows, band.dtype, band, 0, strides))
            shape = (*target.shape[:2], weight.shape[1])
            buffers = [shaped(buffer, *shape) for buffer in room]
            sums = target[:, :, 0] if direct else buffers.pop()
            matrices = weight[some].swapaxes(1, 2)
            multiply(rows.reshape(*shape[:2], taps), matrices, plan.summation.kind, plan.layout.panel, sums, buffers)
            sums = sums.reshape(target.shape)
            if bias is not None:
                sums += bias[some]
            if not direct:
                store(sums, target)

        return work

    jobs = product(range(len(x)), range(0, groups, blocks.groups), range(0, out.shape[2], blocks.rows))
    share_out(jobs, plan, work_of)
