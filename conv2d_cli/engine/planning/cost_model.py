"""What the parts of a convolution cost, in nanoseconds on one thread: what the planner chooses by.

A convolution is made of products of matrices (GEMM), copies, Fourier transforms and NumPy calls. Each has a rate, taken
from measurements (`cost_table.py`), and a rule that says on how much of it the rate is paid. A rule that can be
explained is preferred to one that is a few per cent nearer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.engine.planning.blocking import ceil_div

if TYPE_CHECKING:
    from conv2d_cli.engine.planning.gemm_tile import GemmTile

# GEMM kernels take this many columns at a time: fewer take as long. With fewer rows its kernels are not filled.
_LANES = 16


class Costs(NamedTuple):
    """Rates of one machine, in nanoseconds unless the name says bytes, and where and when they were measured."""

    machine: str
    date: str
    # A floating-point operation of a large GEMM, and of one so small that packing is most of it.
    gemm_flop: float
    small_gemm_flop: float
    # An element of the operands, which are packed, and of the product.
    gemm_pack: float
    gemm_product: float
    # A product of matrices that is one of a batch; the same of a vector and a matrix, and an element of the matrix.
    gemm_call: float
    gemv_call: float
    gemv: float
    # np.add(a, b, out=a), for each element.
    add: float
    # Copying an element in long runs; what a run costs to begin; an element more where every other one is taken.
    copy: float
    copy_run: float
    copy_step: float
    # Copying an element to another order of the axes.
    transpose: float
    # An element that goes through a Fourier transform.
    fft: float
    # A value that comes of a 3x3 filter when it is transformed for Winograd.
    filter_value: float
    # A short NumPy call; what a convolution takes to begin, and what one does that is cut into blocks.
    call: float
    start: float
    setup: float
    # Handing work to other threads and waiting for the last; waiting for the interpreter's lock at each short call.
    dispatch: float
    wait: float
    # What a product costs BLAS to share among its own threads.
    blas_dispatch: float
    # Caches: a core's own and the one that cores share; a byte that is read again from beyond the first.
    own_cache_bytes: int
    shared_cache_bytes: int
    uncached: float
    # An output row that is written on a page of its own: a TLB miss.
    tlb_miss: float

    def gemm(self, tile: GemmTile | None, rows: int, depth: int, columns: int, itemsize: int) -> float:
        """Return the cost of a product of (rows, depth) and (depth, columns), one of a batch: at once, or in tiles."""
        if depth == 1:
            # One `np.multiply` makes all of the batch, and one `np.add`.
            return rows * (self.copy_run + itemsize / 4 * 2 * columns * self.add)
        if rows == 1 or columns == 1:
            return self.gemv_call + itemsize / 4 * depth * rows * columns * self.gemv
        operands, blocks, number = (rows + columns) * depth, 1, 1
        packed = operands * self.gemm_pack
        if tile is not None:
            # Tiles are not packed.
            blocks, packed = ceil_div(depth, tile.depth), 0.0
            number = ceil_div(rows, tile.rows) * ceil_div(columns, tile.columns) * blocks
        flops = 2 * rows * depth * ceil_div(columns, _LANES) * _LANES
        rate = self.small_gemm_flop if rows < _LANES else self.gemm_flop
        sums = rows * columns * (blocks * self.gemm_product + (blocks - 1) * self.add)
        # The weight is read again for each block; what it multiplies has just been laid out, or is read once anyway.
        uncached = max(0, rows * depth * itemsize - self.shared_cache_bytes // 4) * self.uncached
        return number * self.gemm_call + itemsize / 4 * (flops * rate + packed + sums) + uncached

    def copies(self, elements: int, run: int, step: int, itemsize: int) -> float:
        """Return the cost of copying elements in runs of a length, every `step`-th."""
        stepped = self.copy_step if step > 1 else 0
        return itemsize / 4 * elements * self.copy + elements * (self.copy_run / max(1, run) + stepped)
