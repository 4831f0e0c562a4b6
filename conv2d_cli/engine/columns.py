"""Windows of an image laid out as the columns of a matrix, a block of output pixels at a time."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.engine.bands import Span, gather, moves
from conv2d_cli.engine.layouts.im2col import gathered_rows, gathered_size, lowers_rows, rows_at_once, span
from conv2d_cli.engine.scratch import Scratch, shaped

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.engine.plan import Plan

    Array = np.ndarray[Any, Any]
    # Takes channels of an image, the top and left output pixel of a block and its rows and columns.
    Lower = Callable[[Array, int, int, int, int], Array]


def lowering(plan: Plan, dtype: np.dtype[Any], scratch: Scratch) -> Lower:
    """Return a function that lays the windows of one block of some channels out, in a buffer it uses again.

    They are (groups, K, pixels), K of the channels that are given.
    """
    geometry, blocks = plan.geometry, plan.layout.blocks
    height, width = geometry.height, geometry.width
    kernel = (height.kernel, width.kernel)
    columns_room = scratch.take(blocks.depth * prod(kernel) * blocks.rows * blocks.columns, dtype=dtype)
    # A window of one element is that element itself.
    single = rows_at_once(height)[0] == width.kernel == width.stride == 1
    gathered = 0 if single else blocks.depth * gathered_size(geometry, blocks.rows, blocks.columns)
    room = scratch.take(gathered, dtype=dtype)
    lay_out = _single if single else _by_rows if lowers_rows(geometry) else _by_windows

    def lower(image: Array, top: int, left: int, rows: int, columns: int) -> Array:
        lowered = shaped(columns_room, len(image), *kernel, rows, columns)
        lay_out(plan, image, top, left, room, lowered)
        return lowered.reshape(geometry.groups, -1, rows * columns)

    return lower


def _single(plan: Plan, image: Array, top: int, left: int, _: Array, lowered: Array) -> None:
    """Fill `lowered` (channels, kh, 1, rows, columns) with windows of one column, whose rows have none in common."""
    height, width = plan.geometry.height, plan.geometry.width
    rows, columns = lowered.shape[3:]
    for tap in range(height.kernel):
        down = Span(top * height.stride - height.before + tap * height.dilation, height.stride, rows)
        gather(image, plan.padding_mode, down, Span(left - width.before, 1, columns), lowered[:, tap, 0])


def _by_windows(plan: Plan, image: Array, top: int, left: int, room: Array, lowered: Array) -> None:
    """Fill `lowered` (channels, kh, kw, rows, columns) from bands of the image that kernel rows share."""
    geometry, (channels, _, _, rows, columns) = plan.geometry, lowered.shape
    height, width = geometry.height, geometry.width
    taps, step, jump = rows_at_once(height)
    across = Span(left * width.stride - width.before, 1, span(width, columns))
    band = shaped(room, channels, gathered_rows(height, rows), across.length)
    for tap in range(0, height.kernel, taps):
        down = Span(top * height.stride - height.before + tap * height.dilation, step, band.shape[1])
        gather(image, plan.padding_mode, down, across, band)
        target = lowered[:, tap : tap + taps]
        np.copyto(target, _windows(band, jump, geometry, target.shape))


def _windows(band: Array, jump: int, geometry: Geometry, shape: tuple[int, ...]) -> Array:
    """Return each kernel element's view, as (channels, kh, kw, rows, columns), of a contiguous `band`."""
    channel, row, element = band.strides
    width = geometry.width
    strides = (channel, row, width.dilation * element, jump * row, width.stride * element)
    return np.ndarray(shape, band.dtype, band, 0, strides)


def _by_rows(plan: Plan, image: Array, top: int, left: int, room: Array, lowered: Array) -> None:
    """Fill `lowered` (channels, kh, kw, rows, columns) from rows that are lowered first, once for all kernel rows.

    A kernel row's outputs follow one another there, row after row, so the second copy is in long runs.
    """
    height, width = plan.geometry.height, plan.geometry.width
    channels, kernel_rows, kernel_columns, rows, columns = lowered.shape
    down = Span(top - height.before, 1, gathered_rows(height, rows))
    low = shaped(room, channels, kernel_columns, down.length, columns)
    if plan.padding_mode == "zeros":
        low[...] = 0
    for tap in range(kernel_columns):
        across = Span(left * width.stride - width.before + tap * width.dilation, width.stride, columns)
        for move in moves(image.shape[-2:], plan.padding_mode, down, across, low[:, tap]):
            move.make(image)
    channel, tap_stride, row, element = low.strides
    shape = (channels, kernel_rows, kernel_columns, rows * columns)
    view = np.ndarray(shape, low.dtype, low, 0, (channel, row, tap_stride, element))
    np.copyto(lowered.reshape(shape), view)
