"""The plan of lowered rows: how many output rows one product makes, groups and rows of a block."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.engine.algorithms.base import BlockPlanner
from conv2d_cli.engine.planning.blocking import ceil_div, even_part, span
from conv2d_cli.engine.planning.candidate import Memory, Work
from conv2d_cli.engine.planning.gemm_tile import GemmTile, gemm_tile, partial_sums
from conv2d_cli.engine.planning.problem import BLOCK_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.engine.planning.problem import Problem

_ROWS_TOGETHER = (1, 2, 4, 8, 16)
# Rows that begin at the same place of every page take the same few lines of the first-level cache: 11x11 on 1024
# columns took 4.5 ms so, and 3.0 with these bytes between its rows.
_PAGE_PART, _BETWEEN_BYTES = 1024, 64


class RowBlocks(NamedTuple):
    """Groups and output rows of a block, and how many output rows one product makes."""

    groups: int
    rows: int
    together: int
    tile: GemmTile | None


def row_pitch(width: int, itemsize: int) -> int:
    """Return the elements from the start of one lowered row of `width` elements to that of the next."""
    return width + (_BETWEEN_BYTES // itemsize if width * itemsize % _PAGE_PART == 0 else 0)


def sum_length(problem: Problem, together: int) -> int:
    """Return the length of the sums that make `together` output rows, structural zeros included."""
    height, width = problem.geometry.height, problem.geometry.width
    return span(together, height.stride, height.kernel) * problem.group_channels[0] * width.kernel


def stores_directly(problem: Problem, blocks: RowBlocks) -> bool:
    """Whether products are written where the output stands: not where its rows lie apart, or are added up."""
    together, (_, filters) = blocks.together, problem.group_channels
    added = partial_sums(problem, blocks.tile, sum_length(problem, together))
    return problem.stores_directly and min(together, filters) == 1 and not added


class RowLoweringPlanner(BlockPlanner):
    """Kernels whose rows are not dilated."""

    def takes(self, problem: Problem) -> bool:
        """Whether kernel rows are next to one another."""
        height = problem.geometry.height
        return height.dilation == 1 or height.kernel == 1

    def blockings(self, problem: Problem) -> Iterator[RowBlocks]:
        """Yield one block for each number of rows that a product may make, as large as its cache."""
        geometry, (_, filters) = problem.geometry, problem.group_channels
        for together in _ROWS_TOGETHER:
            if together > geometry.height.output:
                return
            width = geometry.width.output
            tile = gemm_tile(problem, together * filters, sum_length(problem, together), width)
            yield self._blocks(problem, together, tile)

    def _blocks(self, problem: Problem, together: int, tile: GemmTile | None) -> RowBlocks:
        """Return the largest blocks whose lowered rows stay in a cache, but enough of them for all threads."""
        geometry, threads = problem.geometry, problem.threads
        first, second = (_group_bytes(problem, RowBlocks(1, rows * together, together, tile)) for rows in (1, 2))
        budget = min(BLOCK_BYTES, (problem.workspace_bytes - _weight_bytes(problem, together)) // threads)
        parts = ceil_div(geometry.height.output, together)
        workers = problem.image_workers if geometry.groups < threads else 1
        rows = together * even_part(parts, 1 + max(0, budget - first) // (second - first), workers)
        group_bytes = _group_bytes(problem, RowBlocks(1, rows, together, tile))
        groups = even_part(geometry.groups, budget // group_bytes, min(threads, geometry.groups))
        return RowBlocks(groups, rows, together, tile)

    def memory(self, problem: Problem, blocks: RowBlocks) -> Memory:
        """Return the lowered rows and sums of one block, and the Toeplitz matrices."""
        temporary = blocks.groups * _temporary_bytes(problem, blocks)
        held = blocks.groups * _group_bytes(problem, blocks)
        return Memory(held - temporary, temporary, _weight_bytes(problem, blocks.together))

    def work(self, problem: Problem, blocks: RowBlocks) -> Work:
        """Return the time of the lowered rows and of the products of all blocks."""
        geometry, costs, (height, width) = problem.geometry, problem.costs, problem.geometry[-2:]
        (channels, filters), (groups, rows, *_) = problem.group_channels, blocks
        items = ceil_div(height.output, rows) * ceil_div(geometry.groups, groups)
        lowered = channels * span(rows, height.stride, height.kernel) * width.kernel * width.output
        block = problem.copy_time(groups * lowered, width.output, width.stride)
        block += groups * _product_time(problem, blocks)
        if not stores_directly(problem, blocks):
            block += problem.copy_time(groups * filters * rows * width.output, width.output)
        matrices = geometry.out_channels * blocks.together * sum_length(problem, blocks.together)
        setup, calls = costs.setup + problem.element_time(matrices, costs.transpose), 8 + 2 * width.kernel
        return Work(setup, items, block + calls * costs.call, calls, None)

    def words(self, problem: Problem, blocks: RowBlocks) -> str:
        """Say what is laid out and what one product makes."""
        return (
            f"rows are laid out for each kernel column, {blocks.together} output rows by one product, "
            f"{blocks.groups} groups and {blocks.rows} of {problem.geometry.height.output} rows at a time"
        )

    def spreads(self, blocks: RowBlocks) -> bool:
        """Whether there are structural zeros: zero times infinity is NaN."""
        return blocks.together > 1


def _product_time(problem: Problem, blocks: RowBlocks) -> float:
    """Return the nanoseconds of the products of one group of a block; rows that are left over are made one by one."""
    (_, filters), width, together = problem.group_channels, problem.geometry.width.output, blocks.together
    rows = min(blocks.rows, problem.geometry.height.output)
    whole, left = divmod(rows, together)
    products = whole * problem.gemm_time(blocks.tile, together * filters, sum_length(problem, together), width)
    products += left * problem.gemm_time(blocks.tile, filters, sum_length(problem, 1), width)
    # Where sums are stored directly, each row of a product is written on a page of its own.
    return products + stores_directly(problem, blocks) * filters * rows * problem.costs.tlb_miss


def _weight_bytes(problem: Problem, together: int) -> int:
    filters = problem.geometry.out_channels
    return problem.itemsize * together * filters * sum_length(problem, together)


def _group_bytes(problem: Problem, blocks: RowBlocks) -> int:
    """Return what one group of a block takes: lowered rows, sums, and what NumPy makes on the way."""
    geometry, (channels, filters), itemsize = problem.geometry, problem.group_channels, problem.itemsize
    height, width = geometry.height, geometry.width
    added = partial_sums(problem, blocks.tile, sum_length(problem, blocks.together))
    buffers = added + (not stores_directly(problem, blocks))
    lowered = span(blocks.rows, height.stride, height.kernel) * channels * width.kernel
    sums = filters * blocks.rows * width.output
    held = lowered * row_pitch(width.output, itemsize) + buffers * sums
    return itemsize * held + _temporary_bytes(problem, blocks)


def _temporary_bytes(problem: Problem, blocks: RowBlocks) -> int:
    """Return what NumPy makes on the way for one group: rows gathered for padding, sums that wrap."""
    height, (channels, filters) = problem.geometry.height, problem.group_channels
    gathered = problem.padding_itemsize * channels * span(blocks.rows, height.stride, height.kernel)
    wrapped = problem.wrapped_itemsize * filters * blocks.rows
    return (gathered + wrapped) * problem.geometry.width.output


PLANNER = RowLoweringPlanner()
