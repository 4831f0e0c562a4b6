"""The plan of Fourier transforms: the size of the blocks, and how many are transformed at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.engine.algorithms.base import BlockPlanner
from conv2d_cli.engine.planning.blocking import ceil_div, even_part
from conv2d_cli.engine.planning.candidate import Memory, Work
from conv2d_cli.engine.planning.problem import BLOCK_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.engine.planning.problem import Problem

_SIZES = (32, 64, 128, 256, 512)
# Transformed weights take channels x filters x size^2 elements: with many of both, products of matrices win anyway.
_PAIRS = 64


class FftBlocks(NamedTuple):
    """Side of a transformed block, output rows and columns it yields, and how many stand side by side at a time."""

    size: int
    rows: int
    columns: int
    together: int


class FftPlanner(BlockPlanner):
    """Undivided channels, few of them, and no stride."""

    dtypes = frozenset({"float32", "float64"})
    in_transform_domain = True

    def takes(self, problem: Problem) -> bool:
        """Whether spectra of all kernels can be held, and every output is wanted."""
        geometry = problem.geometry
        few = geometry.in_channels * geometry.out_channels <= _PAIRS
        return few and geometry.groups == geometry.height.stride == geometry.width.stride == 1

    def blockings(self, problem: Problem) -> Iterator[FftBlocks]:
        """Yield every size that holds the kernel."""
        height, width = problem.geometry.height, problem.geometry.width
        for size in _SIZES:
            rows = min(size - height.effective_kernel + 1, height.output)
            columns = min(size - width.effective_kernel + 1, width.output)
            if rows >= 1 and columns >= 1:
                most = BLOCK_BYTES // self._block_bytes(problem, size)
                yield FftBlocks(size, rows, columns, even_part(ceil_div(width.output, columns), max(1, most)))

    def memory(self, problem: Problem, blocks: FftBlocks) -> Memory:
        """Return the dense blocks, their spectra, and those of the kernels."""
        geometry, area = problem.geometry, blocks.size**2
        pairs, block_bytes = geometry.in_channels * geometry.out_channels, self._block_bytes(problem, blocks.size)
        dense = problem.itemsize * geometry.in_channels * area * blocks.together
        # While spectra of the kernels are made there are a copy of them and the padded kernels.
        spectra = pairs * _spectrum_bytes(problem, blocks.size)
        making = spectra + pairs * area * problem.itemsize
        held = blocks.together * block_bytes
        return Memory(dense, held - dense, spectra + max(0, making - held))

    def _block_bytes(self, problem: Problem, size: int) -> int:
        """Return what one block takes: itself, and the copies that transforms make."""
        channels = problem.geometry.in_channels
        spectra = (2 * channels + 3) * _spectrum_bytes(problem, size)
        return spectra + (channels + 1) * problem.itemsize * size**2

    def work(self, problem: Problem, blocks: FftBlocks) -> Work:
        """Return the time of the transforms, and of multiplying spectra."""
        geometry, costs, (channels, filters) = problem.geometry, problem.costs, problem.group_channels
        across, down = ceil_div(geometry.width.output, blocks.columns), ceil_div(geometry.height.output, blocks.rows)
        transform = problem.element_time(blocks.size**2, costs.fft)
        # A complex product and sum take four times what adding two numbers takes.
        pairs = problem.element_time(4 * channels * filters * blocks.size**2, costs.add)
        calls = 10 + 6 * channels * filters
        item = blocks.together * ((channels + filters) * transform + pairs) + calls * costs.call
        kernels = channels * filters * transform
        return Work(costs.setup + kernels, down * ceil_div(across, blocks.together), item, calls, None)

    def words(self, _problem: Problem, blocks: FftBlocks) -> str:
        """Say what is transformed."""
        size = f"{blocks.size}x{blocks.size}"
        return f"Fourier transforms of {size} blocks that yield {blocks.rows}x{blocks.columns} output pixels each"


def _spectrum_bytes(problem: Problem, size: int) -> int:
    """Return two real numbers for each element of half a spectrum."""
    return 2 * problem.itemsize * size * (size // 2 + 1)


PLANNER = FftPlanner()
