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

    `band` (images, channels, rows, columns) has the input of all tiles, `points` (m + 2, 4, images, channels, pixels)
    what comes of it; pixels are the tiles, and some more.
    """

    plan: Plan
    filters: Filters
    tiles: int
    columns: Span
    band: Array
    points: Array


def block_of(plan: Plan, filters: Filters, images: int, scratch: Scratch) -> Block:
    """Take what a block of so many images needs for its band and its points."""
    geometry, (tile_rows, block_rows, *_) = plan.geometry, plan.layout.blocks
    channels, width, dtype = geometry.in_channels, geometry.width, numpy_dtype(plan.dtype)
    across = tile_columns(width)
    columns = Span(-width.before, 1, 2 * across)
    band = scratch.take(images, channels, block_rows * tile_rows + 2, columns.length, dtype=dtype)
    clear_sides(band, plan.padding_mode, columns, width.size)
    pixels, points = padded(block_rows * across), tile_rows + 2
    size = 4 * images * channels * pixels
    brought = scratch.take(points, size + PITCH, dtype=dtype)[:, :size].reshape(points, 4, images, channels, pixels)
    return Block(plan, filters, -(-geometry.height.output // tile_rows), columns, band, brought)


def rooms_of(plan: Plan, images: int, scratch: Scratch) -> PartRooms[Array]:
    """Take what the largest parts need.

    Before the points: after them, the products of 128 channels on 112x112 took a twentieth longer.
    """
    sizes = part_rooms(plan.geometry, plan.layout, images)
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
    """Some channels of a block, which are brought to points."""

    def __init__(self, block: Block, number: int, rooms: PartRooms[Array]) -> None:
        """Use these rooms."""
        (points, _, images, _, pixels), dtype, plan = block.points.shape, block.points.dtype, block.plan
        (tile_rows, block_rows, parts, _), across = plan.layout.blocks, block.columns.length // 2
        self._block, self._tile_rows = block, tile_rows
        self._channels = even_slices(plan.geometry.in_channels, parts)[number]
        some = self._channels.stop - self._channels.start
        self._matrix, self._long_panel = matrices(tile_rows, dtype).input, _long_panel(plan)
        self._gathered, self._down = (
            shaped(room, points, 2 * images * some * pixels + PITCH)[:, :-PITCH]
            for room in (rooms.gathered, rooms.down)
        )
        down = self._down.reshape(points, 2, images, -1)
        brought = block.points[:, :, :, self._channels].reshape(points, 4, images, -1)
        self._halves = [(down[:, :, image], brought[:, :, image]) for image in range(images)]
        self._band = block.band[:, self._channels]
        image, channel, row, element = self._band.strides
        shape = (points, 2, images, some, block_rows, across)
        strides = (row, element, image, channel, tile_rows * row, 2 * element)
        self._windows = np.ndarray(shape, dtype, block.band, self._channels.start * channel, strides)
        tiled = self._gathered.reshape(*shape[:4], pixels)
        self._tiled = tiled[..., : block_rows * across].reshape(shape)

    def to_points(self, images: Array, first: int) -> None:
        """Bring them to points, of the rows of tiles from `first` on."""
        block, tile_rows = self._block, self._tile_rows
        rows = min(block.plan.layout.blocks.rows, block.tiles - first)
        down = Span(first * tile_rows - block.plan.geometry.height.before, 1, rows * tile_rows + 2)
        for number, image in enumerate(images):
            band = self._band[number, :, : down.length]
            gather(image[self._channels], block.plan.padding_mode, down, block.columns, band, sides_are_zero=True)
        np.copyto(self._tiled[..., :rows, :], self._windows[..., :rows, :])
        multiply_panels(self._matrix, self._gathered, self._long_panel, self._down)
        for halves in self._halves:
            _to_points_across(*halves)


class _SomeFilters:
    """So many filters, which all channels of a block are multiplied by, and what comes of it."""

    def __init__(self, block: Block, made: int, rooms: PartRooms[Array]) -> None:
        """Use these rooms."""
        (points, _, images, _, pixels), plan = block.points.shape, block.plan
        (tile_rows, block_rows, *_), across = plan.layout.blocks, block.columns.length // 2
        self._block, self._weights = block, rooms.weights
        self._matrix, self._long_panel = matrices(tile_rows, block.points.dtype).output, _long_panel(plan)
        self._products = shaped(rooms.gathered, points, 4, images, made, pixels)
        self._sums = self._products.reshape(points * 4, -1)
        self._spares = [shaped(rooms.spare, *self._products.shape)] if rooms.spare.size else []
        self._pairs = shaped(rooms.down, tile_rows * 2, images, made, pixels)
        yielded = self._pairs.reshape(tile_rows, 2, images, made, pixels)[..., : block_rows * across]
        self._yielded = yielded.reshape(tile_rows, 2, images, made, block_rows, across)

    def to_output(self, images_out: Array, first: int, number: int) -> None:
        """Fill the channels of the output of part `number`, of the rows of tiles from `first` on."""
        (plan, filters, *_), points, part = self._block, self._block.points, self._block.filters.parts[number]
        weight = filters.transformed(number, self._weights)[:, :, None]
        multiply(weight, points, plan.summation.kind, plan.layout.panel, self._products, self._spares)
        multiply_panels(self._matrix, self._sums, self._long_panel, self._pairs.reshape(len(self._pairs), -1))
        if filters.bias is not None:
            self._pairs += filters.bias[part, None]
        for image, image_out in enumerate(images_out):
            _scatter(self._yielded[:, :, image], image_out[part], first * len(self._yielded))


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
