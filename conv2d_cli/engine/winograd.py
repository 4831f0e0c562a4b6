"""3x3 convolution by Winograd's F(m,3) down the rows and F(2,3) across the columns; `layouts/winograd.py` derives both.

Everything is done by few long calls, which leave the interpreter's lock alone: most of the transforms are products of
matrices. Columns are parted into even and odd ones, so that the transform across adds dense arrays to one another.
"""

from __future__ import annotations

from functools import cache
from itertools import product as product_of
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.engine.bands import Span, clear_sides, gather
from conv2d_cli.engine.layouts.winograd import PITCH, SHARED_FILTERS, TRANSFORMED, padded, transform
from conv2d_cli.engine.scratch import Scratch, shaped
from conv2d_cli.engine.threads import do_all, share_out

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.engine.plan import Plan

    Array = np.ndarray[Any, Any]


@cache
def _matrices(tile_rows: int, dtype: np.dtype[Any]) -> tuple[Array, Array, Array]:
    """Return the output (2 m, 4 a), filter (4 a, 9) and input (a, a) transforms, the first two of both axes at once."""
    down = [np.array(matrix, np.float64) for matrix in transform(tile_rows)]
    output, filters = np.kron(down[0], _ACROSS_OUTPUT), np.kron(down[1], _ACROSS_FILTER)
    return output.astype(dtype), filters.astype(dtype), down[2].astype(dtype)


# F(2,3) with the signs that the sums in `_to_points_across` have.
_ACROSS_FILTER = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
_ACROSS_OUTPUT = np.array([[1, 1, 1, 0], [0, 1, -1, -1]])


def prepare(plan: Plan, weight: Array, bias: Array | None) -> tuple[Array, Array | None]:
    """Return the transformed weight (m + 2, 4, filters, channels) and the bias."""
    filters, channels = weight.shape[:2]
    dtype = weight.dtype.newbyteorder("=")
    matrix = _matrices(plan.layout.blocks.tile_rows, dtype)[1]
    taps = np.ascontiguousarray(weight, dtype).reshape(filters * channels, -1)
    transformed = np.empty((len(matrix), filters * channels + PITCH), dtype)

    def work(start: int) -> None:
        part = slice(start, min(start + TRANSFORMED, len(taps)))
        np.matmul(matrix, taps[part].T, out=transformed[:, part])

    do_all(range(0, len(taps), TRANSFORMED), [lambda: work] * (plan.workers if len(taps) > SHARED_FILTERS else 1))
    shape = (len(matrix) // 4, 4, filters, channels)
    return transformed[:, : len(taps)].reshape(shape), None if bias is None else bias.astype(dtype)


def convolve(plan: Plan, x: Array, parameters: tuple[Array, Array | None], out: Array) -> None:
    """Fill `out` (N, out_channels, Ho, Wo) from `x` (N, in_channels, H, W)."""
    (tile_rows, block_rows), (weight, bias) = plan.layout.blocks, parameters
    filters, channels = weight.shape[2:]
    height, width = plan.geometry.height, plan.geometry.width
    points, across = tile_rows + 2, (width.output + 1) // 2 + 1
    to_output, _, to_points = _matrices(tile_rows, out.dtype)
    pixels, tiles = padded(block_rows * across), -(-height.output // tile_rows)
    columns = Span(-width.before, 1, 2 * across)

    def work_of(scratch: Scratch) -> Callable[[tuple[int, int]], None]:
        def planes(rows: int, elements: int) -> Array:
            return scratch.take(rows, elements * pixels + PITCH, dtype=out.dtype)[:, : elements * pixels]

        band = scratch.take(channels, block_rows * tile_rows + 2, 2 * across, dtype=out.dtype)
        clear_sides(band, plan.padding_mode, columns, width.size)
        channel, row, element = band.strides
        windows = np.ndarray(
            (points, 2, channels, block_rows, across),
            out.dtype,
            band,
            0,
            (row, element, channel, tile_rows * row, 2 * element),
        )
        # Gathered tiles and sums are not needed at once, nor are their points down the rows and the output.
        room = scratch.take(points * max(2 * channels, 4 * filters) * pixels + points * PITCH, dtype=out.dtype)
        gathered = shaped(room, points, 2 * channels * pixels + PITCH)[:, :-PITCH]
        sums = shaped(room, points * 4, filters * pixels)
        room = scratch.take(points * 2 * max(channels, filters) * pixels + points * PITCH, dtype=out.dtype)
        down = shaped(room, points, 2 * channels * pixels + PITCH)[:, :-PITCH]
        both = planes(points, 4 * channels)
        halves = down.reshape(points, 2, -1), both.reshape(points, 4, -1)
        tiled = gathered.reshape(points, 2, channels, pixels)[..., : block_rows * across]
        tiled = tiled.reshape(points, 2, channels, block_rows, across)
        operand, product = both.reshape(points, 4, channels, pixels), sums.reshape(points, 4, filters, pixels)
        pairs = shaped(room, tile_rows * 2, filters * pixels)
        yielded = pairs.reshape(tile_rows, 2, filters, pixels)[..., : block_rows * across]
        yielded = yielded.reshape(tile_rows, 2, filters, block_rows, across)

        def work(job: tuple[int, int]) -> None:
            image, first = job
            rows = min(block_rows, tiles - first)
            down_rows = Span(first * tile_rows - height.before, 1, rows * tile_rows + 2)
            gather(x[image], plan.padding_mode, down_rows, columns, band[:, : down_rows.length], sides_are_zero=True)
            np.copyto(tiled[:, :, :, :rows], windows[:, :, :, :rows])
            np.matmul(to_points, gathered, out=down)
            _to_points_across(*halves)
            np.matmul(weight, operand, out=product)
            np.matmul(to_output, sums, out=pairs)
            if bias is not None:
                pairs.reshape(-1, filters, pixels)[...] += bias[:, None]
            _scatter(yielded[:, :, :, :rows], out[image], first * tile_rows)

        return work

    share_out(product_of(range(len(x)), range(0, tiles, block_rows)), plan, work_of)


def _to_points_across(down: Array, both: Array) -> None:
    """Transform pairs of columns: (points, 2, n) to (points, 4, n), where the next pair stands one element on."""
    even, odd, later = down[:, 0, :-1], down[:, 1, :-1], slice(1, None)
    np.subtract(even, down[:, 0, later], out=both[:, 0, :-1])
    np.add(odd, down[:, 0, later], out=both[:, 1, :-1])
    np.subtract(down[:, 0, later], odd, out=both[:, 2, :-1])
    np.subtract(odd, down[:, 1, later], out=both[:, 3, :-1])


def _scatter(yielded: Array, image_out: Array, top: int) -> None:
    """Put yielded[i, j, o, r, u] at row m r + i below `top` and column 2 u + j."""
    tile_rows, (filters, height, width) = len(yielded), image_out.shape
    whole = min(yielded.shape[3], (height - top) // tile_rows)
    rows = image_out[:, top : top + whole * tile_rows].reshape(filters, whole, tile_rows, width)
    for j in range(2):
        target = rows[..., j::2].transpose(2, 0, 1, 3)
        np.copyto(target, yielded[:, j, :, :whole, : target.shape[3]])
        for i, row in enumerate(range(top + whole * tile_rows, height if whole < yielded.shape[3] else 0)):
            part = image_out[:, row, j::2]
            np.copyto(part, yielded[i, j, :, whole, : part.shape[1]])
