"""The plan of im2col: how many output pixels are lowered at a time, and how windows are copied."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.engine.algorithms.base import COMPLEX, FLOATS, INTEGERS, BlockPlanner
from conv2d_cli.engine.planning.blocking import ceil_div, even_part, span
from conv2d_cli.engine.planning.candidate import Memory, Products, Work
from conv2d_cli.engine.planning.gemm_tile import GemmTile, gemm_tile, partial_sums

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.arithmetic.window import Axis
    from conv2d_cli.engine.planning.problem import Problem


class Im2colBlocks(NamedTuple):
    """Output rows and columns of a block, and the filters of each group that it is multiplied by at a time."""

    rows: int
    columns: int
    filters: int
    tile: GemmTile | None


class Im2colPlanner(BlockPlanner):
    """Any convolution."""

    dtypes = FLOATS | COMPLEX | INTEGERS

    def takes(self, _problem: Problem) -> bool:
        """Return True."""
        return True

    def blockings(self, problem: Problem) -> Iterator[Im2colBlocks]:
        """Yield the most pixels that fit the cache, and the same in GEMM tiles."""
        geometry, (_, filters) = problem.geometry, problem.group_channels
        taps = geometry.taps_per_output
        if not problem.stores_directly:
            # Weights are converted as many filters at a time as half the workspace holds.
            filter_bytes = problem.itemsize * geometry.groups * (taps + 1)
            filters = even_part(filters, problem.workspace_bytes // 2 // filter_bytes)
        budget = min(problem.block_bytes, problem.workspace_bytes // 2 // problem.threads)
        for tiled in (False, True)[: 1 + problem.unpacked_gemm]:
            tile = GemmTile(1, 1, 1) if tiled else None

            def block_bytes(rows: int, columns: int, tile: GemmTile | None = tile) -> int:
                memory = self.memory(problem, Im2colBlocks(rows, columns, filters, tile))
                return memory.workspace_bytes + memory.temporary_bytes

            rows, columns = _block_pixels(block_bytes, problem, budget)
            tile = gemm_tile(problem, filters, taps, rows * columns) if tiled else None
            if tile or not tiled:
                yield Im2colBlocks(rows, columns, filters, tile)

    def memory(self, problem: Problem, blocks: Im2colBlocks) -> Memory:
        """Return the columns, gathered strips and sums of one block, and the converted weight."""
        geometry, converted = problem.geometry, not problem.stores_directly
        pixels, channels, filters = blocks.rows * blocks.columns, geometry.in_channels, geometry.groups * blocks.filters
        taps = geometry.taps_per_output
        columns = geometry.groups * taps * pixels
        strip = channels * gathered_size(geometry, blocks.rows, blocks.columns)
        sums = filters * pixels * (partial_sums(problem, blocks.tile, taps) + converted)
        temporary = problem.wrapped_itemsize * filters * pixels + problem.padding_itemsize * strip
        weights = problem.itemsize * filters * (taps + 1) * converted
        return Memory(problem.itemsize * (columns + strip + sums), temporary, weights)

    def work(self, problem: Problem, blocks: Im2colBlocks) -> Work:
        """Return the time of the copies and products of all blocks."""
        geometry, costs, (_, filters) = problem.geometry, problem.costs, problem.group_channels
        pixels, groups, converted = blocks.rows * blocks.columns, geometry.groups, not problem.stores_directly
        items = ceil_div(geometry.height.output, blocks.rows) * ceil_div(geometry.width.output, blocks.columns)
        parts = ceil_div(filters, blocks.filters)
        product = problem.gemm_time(blocks.tile, blocks.filters, geometry.taps_per_output, pixels)
        block = _copy_time(problem, blocks) + parts * groups * product
        block += converted * problem.copy_time(groups * filters * pixels, blocks.columns)
        gathers = ceil_div(geometry.height.kernel, kernel_rows_together(geometry.height))
        calls = 2 + 3 * gathers + parts * (2 + converted)
        products = None if blocks.tile else Products(items * parts * groups, product)
        return Work(costs.setup, items, block + calls * costs.call, calls, products)

    def words(self, _problem: Problem, blocks: Im2colBlocks) -> str:
        """Say which pixels are lowered at a time."""
        return f"windows are copied to columns for {blocks.rows}x{blocks.columns} output pixels at a time"


def _copy_time(problem: Problem, blocks: Im2colBlocks) -> float:
    """Return the nanoseconds of copying the windows of one block."""
    geometry, pixels = problem.geometry, blocks.rows * blocks.columns
    elements, step = geometry.taps_per_output * geometry.groups * pixels, geometry.width.stride
    return problem.copy_time(elements, problem.run, step) + problem.copy_time(
        geometry.in_channels * pixels, problem.run
    )


def kernel_rows_together(height: Axis) -> int:
    """Return for how many kernel rows one strip is gathered: all, where they share input rows, or each for itself."""
    return height.kernel if height.dilation == 1 and height.stride < height.kernel else 1


def gathered_size(geometry: Geometry, rows: int, columns: int) -> int:
    """Return the elements of a channel that are gathered at a time for a number of output rows and columns."""
    width = geometry.width
    return gathered_rows(geometry.height, rows) * span(columns, width.stride, width.effective_kernel)


def gathered_rows(height: Axis, outputs: int) -> int:
    """Return the input rows that are gathered at a time for a number of output rows."""
    return outputs if kernel_rows_together(height) == 1 else span(outputs, height.stride, height.kernel)


def _block_pixels(block_bytes: Callable[[int, int], int], problem: Problem, budget: int) -> tuple[int, int]:
    """Return the rows and columns of a block: whole rows if one fits the budget, else part of one.

    `block_bytes(rows, columns)` is linear in each.
    """
    rows, columns = problem.geometry.height.output, problem.geometry.width.output
    fixed = block_bytes(0, columns)
    whole = (budget - fixed) // (block_bytes(1, columns) - fixed)
    if whole >= 1:
        return even_part(rows, whole, problem.image_workers), columns
    fixed = block_bytes(1, 0)
    return 1, even_part(columns, (budget - fixed) // (block_bytes(1, 1) - fixed))


PLANNER = Im2colPlanner()
