"""The plan of shifted products: how many output rows are made at a time."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.engine.algorithms.base import COMPLEX, FLOATS, INTEGERS, BlockPlanner
from conv2d_cli.engine.planning.blocking import ceil_div, even_part
from conv2d_cli.engine.planning.candidate import Memory, Products, Work
from conv2d_cli.engine.planning.gemm_tile import GemmTile, gemm_tile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.arithmetic.window import Axis
    from conv2d_cli.engine.planning.problem import Problem


class ShiftedBlocks(NamedTuple):
    """Output rows of a block."""

    rows: int
    tile: GemmTile | None


class Phase(NamedTuple):
    """Rows first, first + stride, ... of the padded input, and the kernel rows that read them, shifted."""

    first: int
    taps: tuple[int, ...]
    shifts: tuple[int, ...]


def phases(axis: Axis) -> list[Phase]:
    """Return the phases of an axis by stride: tap u reads phase `u d mod s`, shifted by `u d // s`."""
    found: dict[int, list[int]] = {}
    for tap in range(axis.kernel):
        found.setdefault(tap * axis.dilation % axis.stride, []).append(tap)
    return [
        Phase(first, tuple(taps), tuple(tap * axis.dilation // axis.stride for tap in taps))
        for first, taps in found.items()
    ]


def reach(axis: Axis) -> int:
    """Return the farthest shift of any tap."""
    return (axis.kernel - 1) * axis.dilation // axis.stride


class ShiftedPlanner(BlockPlanner):
    """Any convolution whose weight fits beside a block, in the order that the products want."""

    dtypes = FLOATS | COMPLEX | INTEGERS

    def takes(self, problem: Problem) -> bool:
        """Whether the weight is small enough, and the products are BLAS's."""
        return problem.uses_blas and _weight_bytes(problem) <= problem.workspace_bytes // 2

    def blockings(self, problem: Problem) -> Iterator[ShiftedBlocks]:
        """Yield as many rows as fit the cache, in GEMM tiles and without.

        A block lays out the rows that its last ones reach for too: it has more than those, where there is memory.
        """
        height, width = problem.geometry.height, problem.geometry.width.output
        first, second = (self._block_bytes(problem, ShiftedBlocks(rows, None)) for rows in (1, 2))
        budget = (problem.workspace_bytes - _weight_bytes(problem)) // problem.threads
        cached, most = (1 + max(0, size - first) // (second - first) for size in (problem.block_bytes, budget))
        rows = even_part(height.output, min(most, max(cached, 2 * reach(height))), problem.image_workers)
        yield ShiftedBlocks(rows, None)
        tile = gemm_tile(problem, problem.group_channels[1], _depth(problem), rows * width)
        if tile:
            yield ShiftedBlocks(rows, tile)

    def memory(self, problem: Problem, blocks: ShiftedBlocks) -> Memory:
        """Return the rows, sums and one product of a block, and the weight in its order."""
        temporary = self._temporary_bytes(problem, blocks)
        return Memory(self._block_bytes(problem, blocks) - temporary, temporary, _weight_bytes(problem))

    def _block_bytes(self, problem: Problem, blocks: ShiftedBlocks) -> int:
        geometry, width = problem.geometry, problem.geometry.width.output
        laid_out = len(phases(geometry.height)) * geometry.groups * _depth(problem)
        elements = laid_out * (blocks.rows + reach(geometry.height)) + 2 * geometry.out_channels * blocks.rows
        return problem.itemsize * width * elements + self._temporary_bytes(problem, blocks)

    def _temporary_bytes(self, problem: Problem, blocks: ShiftedBlocks) -> int:
        """Return what NumPy makes on the way: rows gathered for padding, sums that wrap."""
        geometry = problem.geometry
        gathered = problem.padding_itemsize * geometry.in_channels * (blocks.rows + reach(geometry.height))
        return (gathered + problem.wrapped_itemsize * geometry.out_channels * blocks.rows) * geometry.width.output

    def work(self, problem: Problem, blocks: ShiftedBlocks) -> Work:
        """Return the time of the rows, of the products and of adding them up."""
        geometry, costs, (height, width) = problem.geometry, problem.costs, problem.geometry[-2:]
        pixels, planes = blocks.rows * width.output, len(phases(height))
        step = blocks.tile.depth if blocks.tile else _depth(problem)
        items, number = ceil_div(height.output, blocks.rows), height.kernel * ceil_div(_depth(problem), step)
        laid_out = planes * geometry.groups * _depth(problem) * (blocks.rows + reach(height)) * width.output
        product = problem.gemm_time(blocks.tile, problem.group_channels[1], step, pixels)
        block = problem.copy_time(laid_out, problem.run, width.stride) + number * geometry.groups * product
        block += problem.element_time(number * geometry.out_channels * pixels, costs.add)
        calls = 2 * number + 4 + 3 * planes * width.kernel
        setup = costs.setup + problem.element_time(prod(geometry.weight_shape), costs.transpose)
        products = None if blocks.tile else Products(items * number * geometry.groups, product)
        return Work(setup, items, block + calls * costs.call, calls, products)

    def words(self, problem: Problem, blocks: ShiftedBlocks) -> str:
        """Say what is shifted."""
        rows = f"{blocks.rows} of {problem.geometry.height.output} output rows at a time"
        return f"each kernel row multiplies shifted rows, laid out for each kernel column, {rows}"


def _depth(problem: Problem) -> int:
    """Return the sums' length in one product: the channels, once for each kernel column."""
    return problem.group_channels[0] * problem.geometry.width.kernel


def _weight_bytes(problem: Problem) -> int:
    return problem.itemsize * (prod(problem.geometry.weight_shape) + problem.geometry.out_channels)


PLANNER = ShiftedPlanner()
