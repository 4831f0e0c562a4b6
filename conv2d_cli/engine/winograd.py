"""3x3 convolution by Winograd's F(m,3) down the rows and F(2,3) across the columns; `layouts/winograd.py` derives both.

Everything is done by few long calls, which leave the interpreter's lock alone: most of the transforms are products of
matrices. Columns are parted into even and odd ones, so that the transform across adds dense arrays to one another.
"""

from __future__ import annotations

from functools import partial
from itertools import product as product_of
from operator import methodcaller
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.engine.bands import Span, clear_sides, gather
from conv2d_cli.engine.layouts.winograd import LONG_PANEL, PITCH, padded, tile_columns
from conv2d_cli.engine.panels import AT_ONCE
from conv2d_cli.engine.products import multiply_panels
from conv2d_cli.engine.scratch import Scratch, shaped, split
from conv2d_cli.engine.task import even_slices
from conv2d_cli.engine.threads import do_all, share_out
from conv2d_cli.engine.winograd_filters import Filters, matrices
from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.engine.plan import Plan

    Array = np.ndarray[Any, Any]


def prepare(plan: Plan, weight: Array, bias: Array | None) -> Filters:
    """Return weight and bias; a weight in one part is transformed now."""
    dtype = weight.dtype.newbyteorder("=")
    filters = Filters(plan, np.ascontiguousarray(weight, dtype), None if bias is None else bias.astype(dtype))
    if len(filters.parts) == 1:
        filters.transformed(0, plan.workers)
    return filters


def convolve(plan: Plan, x: Array, filters: Filters, out: Array) -> None:
    """Fill `out` (N, out_channels, Ho, Wo) from `x` (N, in_channels, H, W)."""
    tile_rows, block_rows, _ = plan.layout.blocks
    alone, tiles = len(x) - plan.shared_images, -(-plan.geometry.height.output // tile_rows)
    workers = plan.workers

    def work_of(scratch: Scratch) -> Callable[[tuple[int, int]], None]:
        parts = _parts(plan, filters, scratch)

        def work(job: tuple[int, int]) -> None:
            image, first = job
            for part in parts:
                part.to_points(x[image], first)
            for part in parts:
                part.to_output(out[image], first)

        return work

    if alone:
        if len(filters.parts) > 1:
            do_all(range(len(filters.parts)), [lambda: filters.transformed] * workers)
        share_out(product_of(range(alone), range(0, tiles, block_rows)), plan, work_of)
    shared = _parts(plan, filters, *split(plan.layout.worker_bytes, 1)) if alone < len(x) else []
    for image, first in product_of(range(alone, len(x)), range(0, tiles, block_rows)):
        do_all(shared, [partial(methodcaller, "to_points", x[image], first)] * workers)
        do_all(shared, [partial(methodcaller, "to_output", out[image], first)] * workers)


class _Block(NamedTuple):
    """What the parts of some rows of tiles have in common; an image has `tiles` rows of them.

    `band` (channels, rows, columns) has the input of all tiles and `points` (m + 2, 4, channels, pixels) what comes of
    it; pixels are the tiles, and some more.
    """

    plan: Plan
    filters: Filters
    tiles: int
    columns: Span
    band: Array
    points: Array


def _parts(plan: Plan, filters: Filters, scratch: Scratch) -> list[_Part]:
    """Return the parts of a block, which use this room."""
    geometry, (tile_rows, block_rows, parts) = plan.geometry, plan.layout.blocks
    channels, width, dtype = geometry.in_channels, geometry.width, numpy_dtype(plan.dtype)
    across = tile_columns(width)
    columns = Span(-width.before, 1, 2 * across)
    band = scratch.take(channels, block_rows * tile_rows + 2, columns.length, dtype=dtype)
    clear_sides(band, plan.padding_mode, columns, width.size)
    pixels, points = padded(block_rows * across), tile_rows + 2
    slices, rooms = even_slices(channels, parts), []
    for part, made in zip(slices, filters.parts, strict=True):
        read, multiplied = part.stop - part.start, made.stop - made.start
        # Gathered tiles and sums are not needed at once, nor are their points down the rows and the output.
        sizes = max(2 * read, 4 * multiplied), 2 * max(read, multiplied)
        rooms.append([scratch.take(points * (size * pixels + PITCH), dtype=dtype) for size in sizes])
    # After them: before, the products of 128 channels on 112x112 took a twentieth longer.
    size = 4 * channels * pixels
    brought = scratch.take(points, size + PITCH, dtype=dtype)[:, :size].reshape(points, 4, channels, pixels)
    block = _Block(plan, filters, -(-geometry.height.output // tile_rows), columns, band, brought)
    return [_Part(block, number, slices[number], *room) for number, room in enumerate(rooms)]


class _Part:
    """Some channels of a block, which are brought to points, and some filters, which are multiplied and brought out."""

    def __init__(self, block: _Block, number: int, channels: slice, room: Array, other_room: Array) -> None:
        """Use both rooms for one thing after another."""
        (points, _, _, pixels), dtype = block.points.shape, block.points.dtype
        (tile_rows, block_rows, _), across = block.plan.layout.blocks, block.columns.length // 2
        self._block, self._number, self._channels = block, number, channels
        self._filters = block.filters.parts[number]
        some, made = channels.stop - channels.start, self._filters.stop - self._filters.start
        self._matrices = matrices(tile_rows, dtype)
        in_panels = block.plan.small_unpacked and block.plan.blas_threads == 1
        self._panel, self._long_panel = block.plan.layout.panel, LONG_PANEL if in_panels else AT_ONCE
        self._gathered = shaped(room, points, 2 * some * pixels + PITCH)[:, :-PITCH]
        self._sums = shaped(room, points * 4, made * pixels)
        self._products = self._sums.reshape(points, 4, made, pixels)
        self._down = shaped(other_room, points, 2 * some * pixels + PITCH)[:, :-PITCH]
        self._halves = self._down.reshape(points, 2, -1), block.points[:, :, channels].reshape(points, 4, -1)
        self._band = block.band[channels]
        channel, row, element = self._band.strides
        self._windows = np.ndarray(
            (points, 2, some, block_rows, across),
            dtype,
            self._band,
            0,
            (row, element, channel, tile_rows * row, 2 * element),
        )
        tiled = self._gathered.reshape(points, 2, some, pixels)[..., : block_rows * across]
        self._tiled = tiled.reshape(self._windows.shape)
        self._pairs = shaped(other_room, tile_rows * 2, made * pixels)
        yielded = self._pairs.reshape(tile_rows, 2, made, pixels)[..., : block_rows * across]
        self._yielded = yielded.reshape(tile_rows, 2, made, block_rows, across)

    def to_points(self, image: Array, first: int) -> None:
        """Bring this part's channels of the rows of tiles from `first` on to points; its filters too, once."""
        block, tile_rows = self._block, len(self._yielded)
        block.filters.transformed(self._number)
        rows = min(block.plan.layout.blocks.rows, block.tiles - first)
        down = Span(first * tile_rows - block.plan.geometry.height.before, 1, rows * tile_rows + 2)
        band = self._band[:, : down.length]
        gather(image[self._channels], block.plan.padding_mode, down, block.columns, band, sides_are_zero=True)
        np.copyto(self._tiled[:, :, :, :rows], self._windows[:, :, :, :rows])
        multiply_panels(self._matrices.input, self._gathered, self._long_panel, self._down)
        _to_points_across(*self._halves)

    def to_output(self, image_out: Array, first: int) -> None:
        """Multiply by this part's filters, and bring what comes of it to their channels of the output."""
        filters, bias = self._block.filters, self._block.filters.bias
        multiply_panels(filters.transformed(self._number), self._block.points, self._panel, self._products)
        multiply_panels(self._matrices.output, self._sums, self._long_panel, self._pairs)
        if bias is not None:
            self._pairs.reshape(-1, *self._products.shape[2:])[...] += bias[self._filters, None]
        _scatter(self._yielded, image_out[self._filters], first * len(self._yielded))


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
