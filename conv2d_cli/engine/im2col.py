"""Convolution as matrix products: windows are laid out as columns, one block of output pixels at a time.

Source: K. Chellapilla, S. Puri and P. Simard, "High performance convolutional neural networks for document
processing", 2006.
"""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.engine.bands import Span, gather
from conv2d_cli.engine.layouts.im2col import gathered_rows, rows_at_once, span
from conv2d_cli.engine.products import multiply, store
from conv2d_cli.engine.scratch import Scratch, shaped
from conv2d_cli.engine.summation import spare_products
from conv2d_cli.engine.threads import share_out
from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.engine.plan import Plan

    Array = np.ndarray[Any, Any]
    # Takes weight (groups, filters, K) and columns (groups, K, pixels), fills sums; the last is spare room like them.
    Multiply = Callable[[Array, Array, Array, list[Array]], object]

# With so many blocks for each worker, one that is left over at the end takes little.
_MANY_BLOCKS = 4


def prepare(plan: Plan, weight: Array, bias: Array | None) -> tuple[Array, Array | None]:
    """Return the weight as (groups, filters, K) and the bias as (groups, filters, 1), in their own type."""
    groups = plan.geometry.groups
    matrix = weight.reshape(groups, -1, plan.geometry.taps_per_output)
    return matrix, None if bias is None else bias.reshape(groups, -1, 1)


def convolve(plan: Plan, x: Array, parameters: tuple[Array, Array | None], out: Array) -> None:
    """Fill `out` (N, out_channels, Ho, Wo) from `x` (N, in_channels, H, W)."""
    spares = spare_products(plan.summation, plan.geometry.taps_per_output)

    def multiply_runs(weight: Array, columns: Array, sums: Array, room: list[Array]) -> None:
        multiply(weight, columns, plan.summation, sums, room)

    convolve_columns(plan, x, parameters, out, spares, multiply_runs)


def convolve_columns(
    plan: Plan, x: Array, parameters: tuple[Array, Array | None], out: Array, spares: int, multiply: Multiply
) -> None:
    """Go through `out` block by block; `multiply` sums one block's products with so many spare buffers."""
    geometry, blocks = plan.geometry, plan.layout.blocks
    dtype, (weight, bias) = numpy_dtype(plan.summation.compute_dtype), parameters
    groups, filters = geometry.groups, weight.shape[1]
    grouped_out = out.reshape(-1, groups, filters, *out.shape[2:])
    height, width = out.shape[2:]
    corners = list(product(range(len(x)), range(0, height, blocks.rows), range(0, width, blocks.columns)))

    def work_of(scratch: Scratch) -> Callable[[tuple[tuple[int, int, int], list[_Tile]]], None]:
        lower = _lowering(plan, dtype, scratch)
        size = groups * blocks.channels * blocks.rows * blocks.columns
        room = [scratch.take(size, dtype=dtype) for _ in range(spares + (not blocks.direct))]

        def work(job: tuple[tuple[int, int, int], list[_Tile]]) -> None:
            (image, top, left), tiles = job
            block = grouped_out[image, :, :, top : top + blocks.rows, left : left + blocks.columns]
            columns = lower(x[image], top, left, *block.shape[2:])
            for tile in tiles:
                target = block[:, tile.channels]
                shape = (groups, tile.weight.shape[1], columns.shape[2])
                buffers = [shaped(buffer, *shape) for buffer in room]
                sums = target.reshape(shape) if blocks.direct else buffers.pop()
                multiply(tile.weight, columns, sums, buffers)
                if tile.bias is not None:
                    sums += tile.bias
                if not blocks.direct:
                    store(sums.reshape(target.shape), target)

        return work

    for tiles in _tiles(weight, bias, blocks.channels, dtype, together=blocks.direct):
        few = len(corners) % plan.workers and len(corners) < _MANY_BLOCKS * plan.workers
        shares = [[tile] for tile in tiles] if few else [tiles]
        share_out(product(corners, shares), plan, work_of)


class _Tile(NamedTuple):
    """Some filters of each group, (groups, filters, K), with their biases, (groups, filters, 1)."""

    channels: slice
    weight: Array
    bias: Array | None


def _tiles(
    weight: Array, bias: Array | None, channels: int, dtype: np.dtype[Any], *, together: bool
) -> Iterator[list[_Tile]]:
    """Yield the filters, so many of each group at a time: all tiles together, or one after another if converted."""

    def tile_at(first: int) -> _Tile:
        part = slice(first, first + channels)
        tile_bias = None if bias is None else bias[:, part].astype(dtype)
        return _Tile(part, np.ascontiguousarray(weight[:, part], dtype), tile_bias)

    starts = range(0, weight.shape[1], channels)
    if together:
        yield [tile_at(first) for first in starts]
    else:
        yield from ([tile_at(first)] for first in starts)


def _lowering(plan: Plan, dtype: np.dtype[Any], scratch: Scratch) -> Callable[[Array, int, int, int, int], Array]:
    """Return a function that lays the windows of one block out as (groups, K, pixels), in a buffer it uses again."""
    geometry, blocks = plan.geometry, plan.layout.blocks
    height, width = geometry.height, geometry.width
    taps, step, jump = rows_at_once(height)
    # A window of one element is that element itself.
    single = taps == width.kernel == width.stride == 1
    kernel = (geometry.in_channels, height.kernel, width.kernel)
    columns_room = scratch.take(prod(kernel) * blocks.rows * blocks.columns, dtype=dtype)
    band_size = gathered_rows(height, blocks.rows) * span(width, blocks.columns)
    band_room = scratch.take(0 if single else geometry.in_channels * band_size, dtype=dtype)

    def lower(image: Array, top: int, left: int, rows: int, columns: int) -> Array:
        shape = (*kernel, rows, columns)
        lowered = shaped(columns_room, *shape)
        across = Span(left * width.stride - width.before, 1, span(width, columns))
        for tap in range(0, height.kernel, taps):
            target = lowered[:, tap : tap + taps]
            first = top * height.stride - height.before + tap * height.dilation
            down = Span(first, step, gathered_rows(height, rows))
            if single:
                gather(image, plan.padding_mode, down, across, target[:, 0, 0])
                continue
            band = shaped(band_room, geometry.in_channels, down.length, across.length)
            gather(image, plan.padding_mode, down, across, band)
            np.copyto(target, _windows(band, jump, geometry, target.shape))
        return lowered.reshape(geometry.groups, geometry.taps_per_output, -1)

    return lower


def _windows(band: Array, jump: int, geometry: Geometry, shape: tuple[int, ...]) -> Array:
    """Return each kernel element's view, as (channels, kh, kw, rows, columns), of a contiguous `band`."""
    channel, row, element = band.strides
    width = geometry.width
    strides = (channel, row, width.dilation * element, jump * row, width.stride * element)
    return np.ndarray(shape, band.dtype, band, 0, strides)
