"""The plan of a 1x1 kernel: the whole image is one product, or its rows are cut into GEMM tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.engine.algorithms.base import BlockPlanner
from conv2d_cli.engine.planning.blocking import ceil_div, even_part
from conv2d_cli.engine.planning.candidate import Memory, Products, Work
from conv2d_cli.engine.planning.gemm_tile import GemmTile, gemm_tile, partial_sums
from conv2d_cli.engine.planning.problem import BLOCK_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.engine.planning.problem import Problem


class PointwiseBlocks(NamedTuple):
    """Output rows of one block."""

    rows: int
    tile: GemmTile | None


class PointwisePlanner(BlockPlanner):
    """1x1 kernels without stride and padding, whose products are written where the output stands."""

    def takes(self, problem: Problem) -> bool:
        """Whether input and output are matrices as they stand."""
        axes = problem.geometry[-2:]
        plain = all(axis.kernel == axis.stride == 1 and not axis.before + axis.after for axis in axes)
        return plain and problem.stores_directly

    def blockings(self, problem: Problem) -> Iterator[PointwiseBlocks]:
        """Yield the whole image, and rows in GEMM tiles whose partial sums stay in a cache."""
        height, width = problem.geometry.height.output, problem.geometry.width.output
        yield PointwiseBlocks(height, None)
        row_bytes = problem.itemsize * problem.geometry.out_channels * width
        rows = even_part(height, BLOCK_BYTES // row_bytes, problem.threads)
        channels, filters = problem.group_channels
        tile = gemm_tile(problem, filters, channels, rows * width)
        if tile:
            yield PointwiseBlocks(rows, tile)

    def memory(self, problem: Problem, blocks: PointwiseBlocks) -> Memory:
        """Return the partial sums of one block."""
        channels, _ = problem.group_channels
        elements = blocks.rows * problem.geometry.width.output * problem.geometry.out_channels
        return Memory(problem.itemsize * elements * partial_sums(problem, blocks.tile, channels), 0, 0)

    def work(self, problem: Problem, blocks: PointwiseBlocks) -> Work:
        """Return the time of the products."""
        geometry, costs, (channels, filters) = problem.geometry, problem.costs, problem.group_channels
        items = ceil_div(geometry.height.output, blocks.rows)
        product = problem.gemm_time(blocks.tile, filters, channels, blocks.rows * geometry.width.output)
        products = None if blocks.tile else Products(items * geometry.groups, product)
        return Work(costs.start, items, geometry.groups * product + 4 * costs.call, 4, products)

    def words(self, problem: Problem, blocks: PointwiseBlocks) -> str:
        """Say which pixels are taken at a time."""
        width = problem.geometry.width.output
        return f"the input is the matrix of columns, taken {blocks.rows}x{width} pixels at a time"


PLANNER = PointwisePlanner()
