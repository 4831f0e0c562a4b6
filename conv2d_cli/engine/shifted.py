"""Convolution as a sum of shifted 1x1 convolutions: one product of matrices for each kernel element.

A block's padded rows lie flat, so that shifting a window by (u, v) is a view that starts later. The last columns of
each flat row are not output and are left out at the end. With a stride, rows and columns are parted by phase first.
Or the rows are laid out once for each kernel column, as so many channels more, and only shifted by kernel rows.
Source: A. Vasudevan, A. Anderson and D. Gregg, "Parallel multi channel convolution using general matrix
multiplication", 2017, where it is called kn2row.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.engine.bands import Span, clear_sides, gather
from conv2d_cli.engine.layouts.shifted import Phase, phases, reach
from conv2d_cli.engine.products import multiply_panels, store
from conv2d_cli.engine.scratch import Scratch, shaped
from conv2d_cli.engine.threads import share_out
from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conv2d_cli.engine.plan import Plan

    Array = np.ndarray[Any, Any]


class _Band(NamedTuple):
    """Rows of one phase by stride: `room` (groups, channels, elements) is flat, its rows follow one another.

    `columns` holds a phase of the columns for each copy of the channels.
    """

    room: Array
    down: Phase
    columns: list[Phase]


def prepare(plan: Plan, weight: Array, bias: Array | None) -> tuple[Array, Array | None]:
    """Return the weight as (kh, kw, groups, filters, channels) and the bias as (groups, filters, 1).

    Where rows are laid out for each kernel column, the weight is (kh, 1, groups, filters, kw * channels).
    """
    groups, (filters, channels, *kernel) = plan.geometry.groups, weight.shape
    dtype = numpy_dtype(plan.summation.compute_dtype)
    kernels = weight.reshape(groups, -1, channels, *kernel).transpose(3, 4, 0, 1, 2)
    if plan.layout.blocks.lowered:
        kernels = kernels.transpose(0, 2, 3, 1, 4)[:, None]
    matrices = np.ascontiguousarray(kernels, dtype).reshape(*kernels.shape[:2], groups, filters // groups, -1)
    return matrices, None if bias is None else bias.astype(dtype).reshape(groups, -1, 1)


def convolve(plan: Plan, x: Array, parameters: tuple[Array, Array | None], out: Array) -> None:
    """Fill `out` (N, out_channels, Ho, Wo) from `x` (N, in_channels, H, W)."""
    weight, bias = parameters
    (block_rows, flat, *_), (groups, filters) = plan.layout.blocks, weight.shape[2:4]
    grouped_x = x.reshape(len(x), groups, -1, *x.shape[2:])
    grouped_out = out.reshape(len(out), groups, filters, *out.shape[2:])

    def work_of(scratch: Scratch) -> Callable[[tuple[int, int]], None]:
        bands = _bands(plan, weight, scratch)
        products = list(_products(plan, weight, bands))
        rooms = [scratch.take(groups * filters * block_rows * flat, dtype=weight.dtype) for _ in range(2)]

        def work(job: tuple[int, int]) -> None:
            image, top = job
            target = grouped_out[image, :, :, top : top + block_rows]
            rows = target.shape[2]
            for band in bands:
                _fill(band, grouped_x[image], plan, top, rows)
            shape = (groups, filters, rows * flat)
            sums, part = (shaped(room, *shape) for room in rooms)
            for number, (matrix, operand, offset) in enumerate(products):
                window = operand[:, :, offset : offset + rows * flat]
                # BLAS takes four times as long to multiply by one number.
                result = part if number else sums
                if matrix.shape[2] == 1:
                    np.multiply(matrix, window, out=result)
                else:
                    multiply_panels(matrix, window, plan.layout.panel, result)
                if number:
                    sums += part
            if bias is not None:
                sums += bias
            store(sums.reshape(groups, filters, rows, flat)[..., : target.shape[3]], target)

        return work

    share_out(product(range(len(x)), range(0, out.shape[2], block_rows)), plan, work_of)


def _bands(plan: Plan, weight: Array, scratch: Scratch) -> list[_Band]:
    geometry, blocks = plan.geometry, plan.layout.blocks
    width = geometry.width
    across = [[phase] for phase in phases(width)]
    if blocks.lowered:
        across = [[Phase(tap * width.dilation, (0,), (0,)) for tap in range(width.kernel)]]
    rows, spare = blocks.rows + reach(geometry.height), blocks.width - width.output
    bands = []
    for down, columns in product(phases(geometry.height), across):
        band = _Band(
            scratch.take(geometry.groups, weight.shape[4], rows * blocks.width + spare, dtype=weight.dtype),
            down,
            columns,
        )
        for target, span in _targets(band, plan, rows):
            clear_sides(target, plan.padding_mode, span, width.size)
        bands.append(band)
    return bands


def _targets(band: _Band, plan: Plan, rows: int) -> Iterator[tuple[Array, Span]]:
    """Yield the first rows of each copy of the channels (groups, channels, rows, columns), and what its columns are."""
    width, flat, groups = plan.geometry.width, plan.layout.blocks.width, plan.geometry.groups
    copies, channels = len(band.columns), plan.geometry.in_channels // groups
    lying = band.room[:, : copies * channels, : rows * flat].reshape(groups, copies, channels, rows, flat)
    for number, phase in enumerate(band.columns):
        span = Span(phase.first - width.before, width.stride, width.output + phase.shifts[-1])
        yield lying[:, number, :, :, : span.length], span


def _fill(band: _Band, image: Array, plan: Plan, top: int, rows: int) -> None:
    """Gather the rows that output rows from `top` on read; columns that no output reads stay as they are."""
    height = plan.geometry.height
    down = Span(top * height.stride - height.before + band.down.first, height.stride, rows + band.down.shifts[-1])
    for target, across in _targets(band, plan, down.length):
        gather(image, plan.padding_mode, down, across, target, sides_are_zero=True)


def _products(plan: Plan, weight: Array, bands: list[_Band]) -> Iterator[tuple[Array, Array, int]]:
    """Yield weights (groups, filters, channels), the rows (groups, channels, elements) they multiply, and an offset."""
    (_, flat, run, lowered), depth = plan.layout.blocks, weight.shape[4]
    for band in bands:
        rows = zip(band.down.taps, band.down.shifts, strict=True)
        columns = [(0, 0)] if lowered else list(zip(band.columns[0].taps, band.columns[0].shifts, strict=True))
        for (u, down), (v, across), start in product(rows, columns, range(0, depth, run)):
            part = slice(start, start + run)
            yield weight[u, v, ..., part], band.room[:, part], down * flat + across
