"""3x3 convolution by Winograd's F(m,3) down the rows and F(2,3) across the columns; `layouts/winograd.py` derives both.

Everything is done by few long calls, which leave the interpreter's lock alone: most of the transforms are products of
matrices. Columns are parted into even and odd ones, so that the transform across adds dense arrays to one another.
"""

from __future__ import annotations

from functools import partial
from itertools import product as product_of
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.engine.bands import Span, clear_sides, gather
from conv2d_cli.engine.layouts.winograd import LONG_PANEL, PITCH, PartRooms, padded, part_rooms, tile_columns
from conv2d_cli.engine.panels import AT_ONCE
from conv2d_cli.engine.products import multiply, multiply_panels
from conv2d_cli.engine.scratch import Scratch, shaped, split
from conv2d_cli.engine.task import even_slices
from conv2d_cli.engine.threads import do_all, share_out
from conv2d_cli.engine.winograd_filters import Filters, matrices
from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.engine.panels import Panel
    from conv2d_cli.engine.plan import Plan

    Array = np.ndarray[Any, Any]


def prepare(plan: Plan, weight: Array, bias: Array | None) -> Filters:
    """Return weight and bias; a weight in one part is transformed now."""
    dtype = weight.dtype.newbyteorder("=")
    filters = Filters(plan, np.ascontiguousarray(weight, dtype), None if bias is None else bias.astype(dtype))
    if len(filters.parts) == 1:
        filters.keep(0, plan.workers)
    return filters


def convolve(plan: Plan, x: Array, filters: Filters, out: Array) -> None:
    """Fill `out` (N, out_channels, Ho, Wo) from `x` (N, in_channels, H, W)."""
    tile_rows, block_rows, channel_parts, filter_parts = plan.layout.blocks
    alone, workers = len(x) - plan.shared_images, plan.workers
    firsts = range(0, -(-plan.geometry.height.output // tile_rows), block_rows)
    if filter_parts > 1 and (filters.used_again() or len(x) > 1):
        do_all(range(filter_parts), [lambda: filters.keep] * workers)

    def work_of(scratch: Scratch) -> Callable[[tuple[int, int]], None]:
        rooms = _rooms(plan, scratch)
        worker = _Worker(_block(plan, filters, scratch), rooms)

        def work(job: tuple[int, int]) -> None:
            image, first = job
            for number in range(channel_parts):
                worker.to_points(x[image], first, number)
            for number in range(filter_parts):
                worker.to_output(out[image], first, number)

        return work

    if alone:
        share_out(product_of(range(alone), firsts), plan, work_of)
    if alone < len(x):
        layout = plan.layout
        (scratch,) = split(layout.worker_bytes + (workers - 1) * layout.part_bytes, 1)
        rooms = [_rooms(plan, scratch) for _ in range(workers)]
        block = _block(plan, filters, scratch)
        sharing = [_Worker(block, some) for some in rooms]
        for image, first in product_of(range(alone, len(x)), firsts):
            do_all(range(channel_parts), [partial(partial, worker.to_points, x[image], first) for worker in sharing])
            do_all(range(filter_parts), [partial(partial, worker.to_output, out[image], first) for worker in sharing])


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


def _block(plan: Plan, filters: Filters, scratch: Scratch) -> _Block:
    geometry, (tile_rows, block_rows, *_) = plan.geometry, plan.layout.blocks
    channels, width, dtype = geometry.in_channels, geometry.width, numpy_dtype(plan.dtype)
    across = tile_columns(width)
    columns = Span(-width.before, 1, 2 * across)
    band = scratch.take(channels, block_rows * tile_rows + 2, columns.length, dtype=dtype)
    clear_sides(band, plan.padding_mode, columns, width.size)
    pixels, points = padded(block_rows * across), tile_rows + 2
    size = 4 * channels * pixels
    brought = scratch.take(points, size + PITCH, dtype=dtype)[:, :size].reshape(points, 4, channels, pixels)
    return _Block(plan, filters, -(-geometry.height.output // tile_rows), columns, band, brought)


def _rooms(plan: Plan, scratch: Scratch) -> PartRooms[Array]:
    """Take what the largest parts need.

    Before the points: after them, the products of 128 channels on 112x112 took a twentieth longer.
    """
    sizes = part_rooms(plan.geometry, plan.layout)
    return PartRooms(*(scratch.take(size, dtype=numpy_dtype(plan.dtype)) for size in sizes))


class _Worker:
    """One thread's way of bringing parts of a block through, in room that each of them uses again."""

    def __init__(self, block: _Block, rooms: PartRooms[Array]) -> None:
        """Use these rooms."""
        self._block, self._rooms = block, rooms
        self._channels: dict[int, _SomeChannels] = {}
        self._filters: dict[int, _SomeFilters] = {}

    def to_points(self, image: Array, first: int, number: int) -> None:
        """Bring the channels of a part of the rows of tiles from `first` on to points."""
        if number not in self._channels:
            self._channels[number] = _SomeChannels(self._block, number, self._rooms)
        self._channels[number].to_points(image, first)

    def to_output(self, image_out: Array, first: int, number: int) -> None:
        """Multiply by the filters of a part, and bring what comes of it to their channels of the output."""
        if number not in self._filters:
            self._filters[number] = _SomeFilters(self._block, number, self._rooms)
        self._filters[number].to_output(image_out, first)


class _SomeChannels:
    """Some channels of a block, which are brought to points."""

    def __init__(self, block: _Block, number: int, rooms: PartRooms[Array]) -> None:
        """Use these rooms."""
        (points, _, _, pixels), dtype, plan = block.points.shape, block.points.dtype, block.plan
        (tile_rows, block_rows, parts, _), across = plan.layout.blocks, block.columns.length // 2
        self._block, self._tile_rows = block, tile_rows
        self._channels = even_slices(plan.geometry.in_channels, parts)[number]
        some = self._channels.stop - self._channels.start
        self._matrix, self._long_panel = matrices(tile_rows, dtype).input, _long_panel(plan)
        self._gathered, self._down = (
            shaped(room, points, 2 * some * pixels + PITCH)[:, :-PITCH] for room in (rooms.gathered, rooms.down)
        )
        self._halves = self._down.reshape(points, 2, -1), block.points[:, :, self._channels].reshape(points, 4, -1)
        self._band = block.band[self._channels]
        channel, row, element = self._band.strides
        shape, strides = (points, 2, some, block_rows, across), (row, element, channel, tile_rows * row, 2 * element)
        self._windows = np.ndarray(shape, dtype, self._band, 0, strides)
        self._tiled = self._gathered.reshape(points, 2, some, pixels)[..., : block_rows * across].reshape(shape)

    def to_points(self, image: Array, first: int) -> None:
        """Bring them to points, of the rows of tiles from `first` on."""
        block, tile_rows = self._block, self._tile_rows
        rows = min(block.plan.layout.blocks.rows, block.tiles - first)
        down = Span(first * tile_rows - block.plan.geometry.height.before, 1, rows * tile_rows + 2)
        band = self._band[:, : down.length]
        gather(image[self._channels], block.plan.padding_mode, down, block.columns, band, sides_are_zero=True)
        np.copyto(self._tiled[:, :, :, :rows], self._windows[:, :, :, :rows])
        multiply_panels(self._matrix, self._gathered, self._long_panel, self._down)
        _to_points_across(*self._halves)


class _SomeFilters:
    """Some filters, which all channels of a block are multiplied by, and what comes of it."""

    def __init__(self, block: _Block, number: int, rooms: PartRooms[Array]) -> None:
        """Use these rooms."""
        (points, _, _, pixels), plan = block.points.shape, block.plan
        (tile_rows, block_rows, *_), across = plan.layout.blocks, block.columns.length // 2
        self._block, self._number, self._weights = block, number, rooms.weights
        self._filters = block.filters.parts[number]
        made = self._filters.stop - self._filters.start
        self._matrix, self._long_panel = matrices(tile_rows, block.points.dtype).output, _long_panel(plan)
        self._products = shaped(rooms.gathered, points, 4, made, pixels)
        self._sums = self._products.reshape(points * 4, made * pixels)
        self._spares = [shaped(rooms.spare, *self._products.shape)] if rooms.spare.size else []
        self._pairs = shaped(rooms.down, tile_rows * 2, made * pixels)
        yielded = self._pairs.reshape(tile_rows, 2, made, pixels)[..., : block_rows * across]
        self._yielded = yielded.reshape(tile_rows, 2, made, block_rows, across)

    def to_output(self, image_out: Array, first: int) -> None:
        """Fill their channels of the output, of the rows of tiles from `first` on."""
        (plan, filters, *_), points = self._block, self._block.points
        weight = filters.transformed(self._number, self._weights)
        multiply(weight, points, plan.summation.kind, plan.layout.panel, self._products, self._spares)
        multiply_panels(self._matrix, self._sums, self._long_panel, self._pairs)
        if filters.bias is not None:
            self._pairs.reshape(-1, *self._products.shape[2:])[...] += filters.bias[self._filters, None]
        _scatter(self._yielded, image_out[self._filters], first * len(self._yielded))


def _long_panel(plan: Plan) -> Panel:
    return LONG_PANEL if plan.small_unpacked and plan.blas_threads == 1 else AT_ONCE


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
