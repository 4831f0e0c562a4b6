"""Winograd's filtering on arrays: blocks of tile rows through points to outputs.

Everything is done by few long calls, which leave the interpreter's lock alone: most of the transforms are products of
matrices. Columns are parted into even and odd ones, so that the transform across adds dense arrays to one another.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.engine.algorithms.base import BlockKernel
from conv2d_cli.engine.algorithms.winograd.planning import (
    LONG_TILE,
    PITCH,
    Buffers,
    block_pixels,
    block_sizes,
    tiles_across,
)
from conv2d_cli.engine.algorithms.winograd.transforms import (
    COLUMN_POINTS,
    KERNEL_SIZE,
    ROW_POINTS,
    TILE_COLUMNS,
    TILE_ROWS,
    transform,
)
from conv2d_cli.engine.blocks.gemm import multiply, multiply_tiles
from conv2d_cli.engine.blocks.operands import Operands
from conv2d_cli.engine.blocks.strips import Span, clear_columns, clear_rows, gather_real
from conv2d_cli.engine.planning.blocking import ceil_div
from conv2d_cli.engine.runtime.threads import do_all
from conv2d_cli.engine.runtime.workspace import Workspace, shaped
from conv2d_cli.numpy_dtypes import Array, numpy_dtype

if TYPE_CHECKING:
    from conv2d_cli.engine.algorithms.base import Call, Item, Items, Kernel, Worker
    from conv2d_cli.engine.algorithms.winograd.planning import WinogradBlocks
    from conv2d_cli.engine.planning.gemm_tile import GemmTile
    from conv2d_cli.engine.planning.plan import Plan


# Filters that are transformed at a time, so that they stay in a core's cache.
_AT_A_TIME = 8192


class WinogradKernel(BlockKernel):
    """Tiles through points to outputs."""

    def prepare(self, plan: Plan[WinogradBlocks], weight: Array, bias: Array | None) -> Operands:
        """Return the transformed weight (m + 2, 4, filters, channels) and the bias (filters, 1)."""
        dtype = numpy_dtype(plan.dtype)
        points = _transformed(np.ascontiguousarray(weight, dtype), plan.workers)
        return Operands(points, None if bias is None else bias.astype(dtype)[:, None])

    def items(self, call: Call[WinogradBlocks, Operands]) -> Items:
        """Return a block each: of an image, from a tile row on."""
        tile_rows = ceil_div(call.out.shape[2], TILE_ROWS)
        return product(range(len(call.out)), range(0, tile_rows, call.plan.blocks.rows))

    def worker(self, call: Call[WinogradBlocks, Operands], workspace: Workspace) -> Worker:
        """Return what brings a block to points, multiplies it and brings it back."""
        plan, x, operands, out = call
        sizes = block_sizes(plan.problem, plan.blocks)
        buffers = Buffers(*(workspace.take(size, dtype=out.dtype) for size in sizes))
        points = shaped(buffers.points, ROW_POINTS, sizes.points // ROW_POINTS)[:, :-PITCH]
        inputs, outputs = _Inputs(plan, buffers, points), _Outputs(plan, buffers, points, operands)

        def make(item: Item) -> None:
            image, first = item
            inputs.to_points(x[image], first)
            outputs.from_points(out[image], first)

        return make


class _Inputs:
    """The channels of a block, and how they come to points (m + 2, 4 * channels * pixels)."""

    def __init__(self, plan: Plan[WinogradBlocks], buffers: Buffers[Array], points: Array) -> None:
        problem, rows = plan.problem, plan.blocks.rows
        self._mode, self._height, (channels, _) = problem.padding_mode, problem.geometry.height, problem.group_channels
        width, across, pixels = problem.geometry.width, tiles_across(problem), block_pixels(problem, rows)
        self._points, self._matrix, self._tile = points, _matrices(points.dtype).input, _long_tile(plan)
        self._gathered, self._down = (
            shaped(buffer, ROW_POINTS, 2 * channels * pixels + PITCH)[:, :-PITCH]
            for buffer in (buffers.gathered, buffers.down)
        )
        self._columns = Span(-width.before, 1, TILE_COLUMNS * across)
        self._strip = shaped(buffers.strip, channels, rows * TILE_ROWS + KERNEL_SIZE - 1, self._columns.length)
        clear_columns(self._strip, self._mode, self._columns, width.size)
        channel, row, element = self._strip.strides
        shape = (ROW_POINTS, 2, channels, rows, across)
        strides = (row, element, channel, TILE_ROWS * row, TILE_COLUMNS * element)
        self._windows = np.ndarray(shape, points.dtype, self._strip, 0, strides)
        tiles = self._gathered.reshape(ROW_POINTS, 2, channels, pixels)
        self._tiles = tiles[..., : rows * across].reshape(shape)

    def to_points(self, image: Array, first: int) -> None:
        """Bring them to points, of the rows of tiles from `first` on."""
        rows = min(self._tiles.shape[3], ceil_div(self._height.output, TILE_ROWS) - first)
        down = Span(first * TILE_ROWS - self._height.before, 1, rows * TILE_ROWS + KERNEL_SIZE - 1)
        strip = self._strip[:, : down.length]
        clear_rows(strip, self._mode, down, self._height.size)
        gather_real(image, self._mode, down, self._columns, strip)
        np.copyto(self._tiles[:, :, :, :rows], self._windows[:, :, :, :rows])
        multiply_tiles(self._matrix, self._gathered, self._tile, self._down)
        _transform_across(self._down.reshape(ROW_POINTS, 2, -1), self._points.reshape(ROW_POINTS, COLUMN_POINTS, -1))


class _Outputs:
    """The filters of a block, and what comes of the points multiplied by them."""

    def __init__(self, plan: Plan[WinogradBlocks], buffers: Buffers[Array], points: Array, operands: Operands) -> None:
        problem, (self._weight, self._bias), (channels, filters) = plan.problem, operands, plan.problem.group_channels
        rows, across, pixels = plan.blocks.rows, tiles_across(problem), block_pixels(problem, plan.blocks.rows)
        self._tile, self._long_tile, self._partial = plan.blocks.tile, _long_tile(plan), buffers.partial
        self._matrix = _matrices(points.dtype).output
        self._points = points.reshape(ROW_POINTS, COLUMN_POINTS, channels, pixels)
        self._products = shaped(buffers.gathered, ROW_POINTS, COLUMN_POINTS, filters, pixels)
        self._pairs = shaped(buffers.down, TILE_ROWS * TILE_COLUMNS, filters, pixels)
        tiles = self._pairs.reshape(TILE_ROWS, TILE_COLUMNS, filters, pixels)[..., : rows * across]
        self._tiles = tiles.reshape(TILE_ROWS, TILE_COLUMNS, filters, rows, across)

    def from_points(self, image_out: Array, first: int) -> None:
        """Fill the rows of the output that the rows of tiles from `first` on make."""
        multiply(self._weight, self._points, self._products, self._tile, self._partial)
        sums = self._products.reshape(ROW_POINTS * COLUMN_POINTS, -1)
        multiply_tiles(self._matrix, sums, self._long_tile, self._pairs.reshape(TILE_ROWS * TILE_COLUMNS, -1))
        if self._bias is not None:
            self._pairs += self._bias
        _scatter(self._tiles, image_out, first * TILE_ROWS)


def _long_tile(plan: Plan[WinogradBlocks]) -> GemmTile | None:
    return LONG_TILE if plan.problem.unpacked_gemm and plan.blas_threads == 1 else None


def _transform_across(down: Array, both: Array) -> None:
    """Transform pairs of columns, (points, 2, n) to (points, 4, n), where the next pair stands one element on.

    The rows of F(2,3)'s input transform: x2 - x0, x1 + x2, x2 - x1, x3 - x1.
    """
    even, odd, later = down[:, 0, :-1], down[:, 1, :-1], slice(1, None)
    np.subtract(down[:, 0, later], even, out=both[:, 0, :-1])
    np.add(odd, down[:, 0, later], out=both[:, 1, :-1])
    np.subtract(down[:, 0, later], odd, out=both[:, 2, :-1])
    np.subtract(down[:, 1, later], odd, out=both[:, 3, :-1])


def _scatter(tiles: Array, image_out: Array, top: int) -> None:
    """Put tiles[i, j, o, r, u] at row m r + i below `top` and column 2 u + j."""
    filters, height, width = image_out.shape
    whole = min(tiles.shape[3], (height - top) // TILE_ROWS)
    rows = image_out[:, top : top + whole * TILE_ROWS].reshape(filters, whole, TILE_ROWS, width)
    for j in range(TILE_COLUMNS):
        target = rows[..., j::TILE_COLUMNS].transpose(2, 0, 1, 3)
        np.copyto(target, tiles[:, j, :, :whole, : target.shape[3]])
        for i, row in enumerate(range(top + whole * TILE_ROWS, height if whole < tiles.shape[3] else 0)):
            part = image_out[:, row, j::TILE_COLUMNS]
            np.copyto(part, tiles[i, j, :, whole, : part.shape[1]])


class _Matrices(NamedTuple):
    """The output (2 m, 4 a), filter (4 a, 9) and input (a, a) transforms, the first two of both axes at once."""

    output: Array
    filter: Array
    input: Array


@cache
def _matrices(dtype: np.dtype[Any]) -> _Matrices:
    """Return the transforms; the one across the columns is taken from the input by `kernel.py`."""
    down, across = transform(TILE_ROWS), transform(TILE_COLUMNS)
    both = (np.kron(*(np.array(matrix, np.float64) for matrix in pair)) for pair in zip(down[:2], across, strict=False))
    output, filters = (matrix.astype(dtype) for matrix in both)
    return _Matrices(output, filters, np.array(down.input, np.float64).astype(dtype))


def _transformed(weight: Array, workers: int) -> Array:
    """Return a weight (filters, channels, 3, 3) as (m + 2, 4, filters, channels)."""
    taps, matrix = weight.reshape(-1, KERNEL_SIZE * KERNEL_SIZE), _matrices(weight.dtype).filter
    points = np.empty((len(matrix), len(taps) + PITCH), weight.dtype)

    def work(start: int) -> None:
        some = slice(start, min(start + _AT_A_TIME, len(taps)))
        np.matmul(matrix, taps[some].T, out=points[:, some])

    starts = range(0, len(taps), _AT_A_TIME)
    do_all(starts, [lambda: work] * min(workers, len(starts)))
    return points[:, : len(taps)].reshape(-1, COLUMN_POINTS, *weight.shape[:2])


KERNEL: Kernel[WinogradBlocks, Operands] = WinogradKernel()
