"""The plan of Winograd's filtering: how many rows of tiles are brought through at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from conv2d_cli.engine.algorithms.base import BlockPlanner
from conv2d_cli.engine.algorithms.winograd.transforms import (
    COLUMN_POINTS,
    KERNEL_SIZE,
    ROW_POINTS,
    TILE_COLUMNS,
    TILE_ROWS,
)
from conv2d_cli.engine.planning.blocking import ceil_div, even_part
from conv2d_cli.engine.planning.candidate import Memory, Products, Work
from conv2d_cli.engine.planning.gemm_tile import GemmTile, gemm_tile, partial_sums

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.engine.planning.problem import Problem

# With fewer channels a single large value outweighs the sums that it does not belong to, and the bound is not kept.
_LEAST_CHANNELS = 16
# Pixels of a block, which are tiles: more no longer fit a core's cache between the stages. 64x64 channels run at 303
# GFLOP/s with 208 pixels, 242 with 128 and 265 with 416.
_BLOCK_PIXELS = (64, 112, 160, 208)
# Rows of the matrices that transforms multiply are this much longer than they need be: rows a power of two apart would
# fall on the same lines of the cache, which made the transform of 64x64 filters three times slower. Products are
# fastest with a multiple of as many columns: 105 pixels ran at 174 GFLOP/s, 112 at 208.
# The products that transform have few rows and very many columns: they are made in long tiles.
PITCH, LONG_TILE = 16, GemmTile(64, 64, 2048)


class WinogradBlocks(NamedTuple):
    """Rows of tiles that are brought through at a time, with all filters."""

    rows: int
    tile: GemmTile | None


Buffer = TypeVar("Buffer")


class Buffers(NamedTuple, Generic[Buffer]):
    """What a worker holds for a block: sizes in elements, or arrays.

    Padded strip; gathered tiles, then products; points down the rows, then outputs; points; partial sums.
    """

    strip: Buffer
    gathered: Buffer
    down: Buffer
    points: Buffer
    partial: Buffer


def tiles_across(problem: Problem) -> int:
    """Return the tiles of a row, with one more that is thrown away."""
    return ceil_div(problem.geometry.width.output, TILE_COLUMNS) + 1


def block_pixels(problem: Problem, rows: int) -> int:
    """Return the columns of the products of a block, those that are thrown away included."""
    return ceil_div(rows * tiles_across(problem), PITCH) * PITCH


def block_sizes(problem: Problem, blocks: WinogradBlocks) -> Buffers[int]:
    """Return the elements of each buffer."""
    channels, filters = problem.group_channels
    pixels = block_pixels(problem, blocks.rows)
    return Buffers(
        channels * (blocks.rows * TILE_ROWS + KERNEL_SIZE - 1) * TILE_COLUMNS * tiles_across(problem),
        ROW_POINTS * (max(2 * channels, COLUMN_POINTS * filters) * pixels + PITCH),
        ROW_POINTS * (2 * max(channels, filters) * pixels + PITCH),
        ROW_POINTS * (COLUMN_POINTS * channels * pixels + PITCH),
        ROW_POINTS * COLUMN_POINTS * filters * pixels * partial_sums(problem, blocks.tile, channels),
    )


class WinogradPlanner(BlockPlanner):
    """Undilated 3x3 kernels with stride 1 over undivided channels."""

    dtypes = frozenset({"float32", "float64"})
    in_transform_domain = True

    def takes(self, problem: Problem) -> bool:
        """Whether the layer is one, with channels enough."""
        geometry = problem.geometry
        plain = all((axis.kernel, axis.stride, axis.dilation) == (KERNEL_SIZE, 1, 1) for axis in geometry[-2:])
        return plain and geometry.groups == 1 and geometry.in_channels >= _LEAST_CHANNELS

    def blockings(self, problem: Problem) -> Iterator[WinogradBlocks]:
        """Yield some numbers of rows, in GEMM tiles and without."""
        channels, filters = problem.group_channels
        rows_in_all, across = ceil_div(problem.geometry.height.output, TILE_ROWS), tiles_across(problem)
        for rows in sorted({even_part(rows_in_all, pixels // across) for pixels in _BLOCK_PIXELS}):
            yield WinogradBlocks(rows, None)
            tile = gemm_tile(problem, filters, channels, block_pixels(problem, rows))
            if tile:
                yield WinogradBlocks(rows, tile)

    def memory(self, problem: Problem, blocks: WinogradBlocks) -> Memory:
        """Return a worker's buffers, and the transformed filters."""
        channels, filters = problem.group_channels
        weights = ROW_POINTS * COLUMN_POINTS * (channels * filters + PITCH)
        return Memory(problem.itemsize * sum(block_sizes(problem, blocks)), 0, problem.itemsize * weights)

    def work(self, problem: Problem, blocks: WinogradBlocks) -> Work:
        """Return the time of the transforms and products of all blocks."""
        costs, (channels, filters) = problem.costs, problem.group_channels
        items = ceil_div(ceil_div(problem.geometry.height.output, TILE_ROWS), blocks.rows)
        points = ROW_POINTS * COLUMN_POINTS
        product = problem.gemm_time(blocks.tile, filters, channels, block_pixels(problem, blocks.rows))
        # All filters are read again for each block, from beyond a core's own cache.
        weight_bytes = self.memory(problem, blocks).shared_bytes
        again = max(0, weight_bytes - costs.own_cache_bytes) * costs.uncached
        block = points * product + _transform_time(problem, blocks) + again
        transformed = problem.element_time(points * channels * filters, costs.filter_value)
        products = None if blocks.tile else Products(items * points, product)
        return Work(costs.setup + transformed, items, block + 16 * costs.call, 16, products)

    def words(self, problem: Problem, blocks: WinogradBlocks) -> str:
        """Say which transform, and what is brought through at a time."""
        rows = ceil_div(problem.geometry.height.output, TILE_ROWS)
        transform = f"Winograd F({TILE_ROWS},{KERNEL_SIZE})xF({TILE_COLUMNS},{KERNEL_SIZE})"
        return f"{transform}, {blocks.rows} of {rows} tile rows at a time"


def _transform_time(problem: Problem, blocks: WinogradBlocks) -> float:
    """Return the nanoseconds of gathering, transforming and scattering one block."""
    across, pixels = tiles_across(problem), block_pixels(problem, blocks.rows)
    channels, filters = problem.group_channels
    long, outputs = LONG_TILE if problem.unpacked_gemm else None, TILE_COLUMNS * TILE_ROWS
    down = problem.gemm_time(long, ROW_POINTS, ROW_POINTS, 2 * channels * pixels)
    back = problem.gemm_time(long, outputs, COLUMN_POINTS * ROW_POINTS, filters * pixels)
    added = problem.element_time(COLUMN_POINTS * ROW_POINTS * pixels * channels, problem.costs.add)
    gathered = problem.copy_time(block_sizes(problem, blocks).strip, problem.geometry.width.size)
    scattered = problem.copy_time((2 * ROW_POINTS * channels + outputs * filters) * pixels, across, 2)
    return down + back + added + gathered + scattered


PLANNER = WinogradPlanner()
