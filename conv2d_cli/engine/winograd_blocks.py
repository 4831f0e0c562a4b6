"""A block of Winograd's: rows of tiles whose channels and filters threads bring through part by part.

Everything is done by few long calls, which leave the interpreter's lock alone: most of the transforms are products of
matrices. Columns are parted into even and odd ones, so that the transform across adds dense arrays to one another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.engine.bands import Span, clear_sides, gather
from conv2d_cli.engine.layouts.winograd import LONG_PANEL, PITCH, PartRooms, padded, part_rooms, tile_columns
from conv2d_cli.engine.panels import AT_ONCE
from conv2d_cli.engine.products import multiply, multiply_panels
from conv2d_cli.engine.scratch import shaped
from conv2d_cli.engine.task import even_slices
from conv2d_cli.engine.winograd_filters import matrices
from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from conv2d_cli.engine.panels import Panel
    from conv2d_cli.engine.plan import Plan
    from conv2d_cli.engine.scratch import Scratch
    from conv2d_cli.engine.winograd_filters import Filters

    Array = np.ndarray[Any, Any]


class Block(NamedTuple):
    """What the parts of some rows of tiles have in common; an image has `tiles` rows of them.

    `points` (m + 2, 4, channels, pixels) of each image is what comes of the input; pixels are the tiles, and some more.
    """

    plan: Plan
    filters: Filters
    tiles: int
    points: list[Array]


def block_of(plan: Plan, filters: Filters, images: int, scratch: Scratch) -> Block:
    """Take what a block of so many images needs for its points."""
    geometry, (tile_rows, block_rows, *_), dtype = plan.geometry, plan.layout.blocks, numpy_dtype(plan.dtype)
    pixels, points = padded(block_rows * tile_columns(geometry.width)), tile_rows + 2
    size, shape = 4 * geometry.in_channels * pixels, (points, 4, geometry.in_channels, pixels)
    rooms = [scratch.take(points, size + PITCH, dtype=dtype)[:, :size].reshape(shape) for _ in range(images)]
    return Block(plan, filters, -(-geometry.height.output // tile_rows), rooms)


def rooms_of(plan: Plan, scratch: Scratch) -> PartRooms[Array]:
    """Take what the largest parts need.

    Before the points: after them, the products of 128 channels on 112x112 took a twentieth longer.
    """
    sizes = part_rooms(plan.geometry, plan.layout)
    return PartRooms(*(scratch.take(size, dtype=numpy_dtype(plan.dtype)) for size in sizes))


class Worker:
    """One thread's way of bringing parts of a block through, in room that each of them uses again."""

    def __init__(self, block: Block, rooms: PartRooms[Array], number: int) -> None:
        """Use these rooms; what the part of that number needs is made now, before other threads do so too."""
        self._block, self._rooms = block, rooms
        self._channels = {number: _SomeChannels(block, number, rooms)}
        self._filters: dict[int, _SomeFilters] = {}
        self._some_filters(number)

    def to_points(self, images: Array, first: int, number: int) -> None:
        """Bring the channels of a part of the rows of tiles from `first` on to points."""
        if number not in self._channels:
            self._channels[number] = _SomeChannels(self._block, number, self._rooms)
        self._channels[number].to_points(images, first)

    def to_output(self, images_out: Array, first: int, number: int) -> None:
        """Multiply by the filters of a part, and bring what comes of it to their channels of the output."""
        self._some_filters(number).to_output(images_out, first, number)

    def _some_filters(self, number: int) -> _SomeFilters:
        part = self._block.filters.parts[number]
        made = part.stop - part.start
        if made not in self._filters:
            self._filters[made] = _SomeFilters(self._block, made, self._rooms)
        return self._filters[made]


class _SomeChannels:
    """Some channels of a block, which are brought to points, an image at a time."""

    def __init__(self, block: Block, number: int, rooms: PartRooms[Array]) -> None:
        """Use these rooms."""
        (points, _, _, pixels), dtype, plan = block.points[0].shape, block.points[0].dtype, block.plan
        (tile_rows, block_rows, parts, _), width = plan.layout.blocks, plan.geometry.width
        across = tile_columns(width)
        self._block, self._tile_rows = block, tile_rows
        self._channels = even_slices(plan.geometry.in_channels, parts)[number]
        some = self._channels.stop - self._channels.start
        self._matrix, self._long_panel = matrices(tile_rows, dtype).input, _long_panel(plan)
        self._gathered, self._down = (
            shaped(room, points, 2 * some * pixels + PITCH)[:, :-PITCH] for room in (rooms.gathered, rooms.down)
        )
        self._halves = self._down.reshape(points, 2, -1)
        self._points = [image[:, :, self._channels].reshape(points, 4, -1) for image in block.points]
        self._columns = Span(-width.before, 1, 2 * across)
        self._band = shaped(rooms.band, some, block_rows * tile_rows + 2, self._columns.length)
        clear_sides(self._band, plan.padding_mode, self._columns, width.size)
        channel, row, element = self._band.strides
        shape, strides = (points, 2, some, block_rows, across), (row, element, channel, tile_rows * row, 2 * element)
        self._windows = np.ndarray(shape, dtype, self._band, 0, strides)
        self._tiled = self._gathered.reshape(points, 2, some, pixels)[..., : block_rows * across].reshape(shape)

    def to_points(self, images: Array, first: int) -> None:
        """Bring them to points, of the rows of tiles from `first` on."""
        block, tile_rows = self._block, self._tile_rows
        rows = min(block.plan.layout.blocks.rows, block.tiles - first)
        down = Span(first * tile_rows - block.plan.geometry.height.before, 1, rows * tile_rows + 2)
        band = self._band[:, : down.length]
        for image, points in zip(images, self._points, strict=True):
            gather(image[self._channels], block.plan.padding_mode, down, self._columns, band, sides_are_zero=True)
            np.copyto(self._tiled[:, :, :, :rows], self._windows[:, :, :, :rows])
            multiply_panels(self._matrix, self._gathered, self._long_panel, self._down)
            _to_points_across(self._halves, points)


class _SomeFilters:
    """So many filters, which all channels of a block are multiplied by, and what comes of it, an image at a time."""

    def __init__(self, block: Block, made: int, rooms: PartRooms[Array]) -> None:
        """Use these rooms."""
        (points, _, _, pixels), plan = block.points[0].shape, block.plan
        (tile_rows, block_rows, *_), across = plan.layout.blocks, tile_columns(plan.geometry.width)
        self._block, self._weights = block, rooms.weights
        self._matrix, self._long_panel = matrices(tile_rows, block.points[0].dtype).output, _long_panel(plan)
        self._products = shaped(rooms.gathered, points, 4, made, pixels)
        self._sums = self._products.reshape(points * 4, -1)
        self._spares = [shaped(rooms.spare, *self._products.shape)] if rooms.spare.size else []
        self._pairs = shaped(rooms.down, tile_rows * 2, made, pixels)
        self._flat = self._pairs.reshape(tile_rows * 2, -1)
        yielded = self._pairs.reshape(tile_rows, 2, made, pixels)[..., : block_rows * across]
        self._yielded = yielded.reshape(tile_rows, 2, made, block_rows, across)

    def to_output(self, images_out: Array, first: int, number: int) -> None:
        """Fill the channels of the output of part `number`, of the rows of tiles from `first` on."""
        (plan, filters, *_), part = self._block, self._block.filters.parts[number]
        weight, top = filters.transformed(number, self._weights), first * len(self._yielded)
        for image_out, points in zip(images_out, self._block.points, strict=True):
            multiply(weight, points, plan.summation.kind, plan.layout.panel, self._products, self._spares)
            multiply_panels(self._matrix, self._sums, self._long_panel, self._flat)
            if filters.bias is not None:
                self._pairs += filters.bias[part, None]
            _scatter(self._yielded, image_out[part], top)


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
