"""What the parts of a convolution cost, in nanoseconds on one thread: the constants that the plan chooses by.

Measured on two cores of an AMD EPYC with AVX-512 (Zen 5, 1 MiB L2 each, 32 MiB L3) with NumPy 2.4 and OpenBLAS 0.3.31.
Only ratios matter to a choice; where single measurements left room, values were fitted to 500 random layers
(`tests/benchmarks/choice.py`), each timed with every algorithm, and again on Zen 4, where products take twice as long
and copies do not: values that differ between the two stand between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from conv2d_cli.engine.panels import Panel


class Costs(NamedTuple):
    """Nanoseconds; an element is one of four bytes, wider ones cost in proportion."""

    # sgemm 1024^3: 250 GFLOP/s; dgemm 108.
    gemm_flop: float = 1 / 250
    # sgemm (64, 576, 3136): 227 GFLOP/s, (512, 4608, 49): 189; the difference is packing both operands. With few rows,
    # (8, 198, 1024), it costs twice as much.
    gemm_pack: float = 0.055
    # Columns are multiplied so many at a time: (512, 2048, 49) takes as long as (512, 2048, 64).
    lanes: int = 16
    # Loads and stores of the product itself: (64, 32, 3136) runs at 207 GFLOP/s.
    gemm_product: float = 0.025
    # The same where operands and product do not stay near: (64, 27, 5000) takes 216 us on Zen 4, (64, 27, 25088) 1470.
    far_product: float = 0.03
    far_product_bytes: int = 8 << 20
    # A byte of operands beyond so many: (32, 71145, 12) takes 2.3 ms on Zen 4, (32, 20000, 12) 0.36.
    far_operand: float = 0.05
    near_operands: int = 5 << 20
    # Products of up to 100^3 multiply-adds are not packed: (4, 18, 112) takes 132 ns, (7, 27, 14) 73.
    small_product: float = 35.0
    small_flop: float = 1 / 210
    small_limit: int = 1_000_000
    # The same with many rows, as in panels of a larger product: (64, 128, 112) has 110 GFLOP/s on Zen 4, (32, 512, 32)
    # 114, and (1024, 1024, 1024) 98.
    panel_flop: float = 1 / 270
    # A byte of its weights, where they do not stay near: (256, 2304, 14) takes 250 us there, fourteen times.
    panel_weight: float = 0.015
    # What their second operand costs where it has many short rows: (4, 3200, 28) takes 14 us, (8, 363, 256) 7.
    small_far: float = 0.055
    short: int = 64
    # A row of a product that is written on a page of its own, of more than the processor remembers: (256, 8, 102) on
    # planes of 102x102 takes 24 ns more for each on Zen 4.
    far_row: float = 10.0
    near_pages: int = 64
    page_bytes: int = 1 << 12
    # A row times a matrix, which is read once.
    gemv: float = 0.034
    # What BLAS needs to share a product out: (64, 64, 440), nine times, took twice as long on two threads as on one.
    blas_handover: float = 40_000.0
    # np.add(a, b, out=a), 64k to 1M elements: 0.054 to 0.079.
    add: float = 0.07
    # A copy whose inner runs are W elements long: W 224: 0.073, 56: 0.10, 28: 0.16, 14: 0.27, 7: 0.60.
    copy: float = 0.085
    copy_run: float = 4.0
    # With a step of two elements: 0.27 and more.
    copy_step: float = 0.25
    # Copying weights to another order of their axes: 64x64 filters of 3x3 0.24, 512x512 0.37.
    transposed: float = 0.3
    # Transforming 3x3 filters: for each of them, and for each value that comes out. 512x512 take 9.5 ns a filter for
    # 16 values on Zen 4, 11.5 for 24. Writing and reading what does not stay near, for each byte: 3 ms for those 24.
    filter: float = 2.3
    filter_point: float = 0.105
    far_filter: float = 0.045
    near_bytes: int = 12 << 20
    # A byte of weights that a further product reads from beyond a core's own cache: (256, 256, 112) takes 160 us on
    # Zen 4, and 195 if each has other weights, which is 0.13, but all else here is for a faster processor. The same for
    # sums and rows that are too large.
    far_weight: float = 0.08
    own_cache_bytes: int = 1 << 19
    # What an algorithm's own Python takes before and between its blocks, in all: `small`, `pointwise`, the others.
    setup_small: float = 9_000.0
    setup_pointwise: float = 5_000.0
    setup: float = 28_000.0
    # Any other short NumPy call.
    call: float = 1000.0
    # One element that goes through an FFT and back.
    fft: float = 5.0


COSTS = Costs()


def gemm(rows: int, depth: int, columns: int, itemsize: int = 4) -> float:
    """Return the cost of a product of (rows, depth) and (depth, columns), one of a batch."""
    costs, width = COSTS, itemsize / 4
    flops = 2.0 * rows * depth * (-(-columns // costs.lanes) * costs.lanes)
    if depth == 1:
        # Not a product of matrices, but of each row with a number.
        return width * 2 * rows * columns * costs.add + costs.small_product
    if rows == 1:
        return costs.small_product + width * depth * columns * costs.gemv
    if rows * depth * columns <= costs.small_limit:
        if rows >= costs.lanes:
            return costs.small_product + width * flops * costs.panel_flop
        far = costs.small_far if columns < costs.short < depth * columns / costs.short else 0.0
        return costs.small_product + width * (flops * costs.small_flop + depth * columns * far)
    near = itemsize * (rows + depth) * columns <= costs.far_product_bytes
    product = rows * columns * (costs.gemm_product + (0 if near else costs.far_product))
    packed = (rows * depth + depth * columns) * (costs.gemm_pack if rows > costs.lanes else 2 * costs.gemm_pack)
    return width * (flops * costs.gemm_flop + packed + product) + far_operands(rows, depth, columns, itemsize)


def far_operands(rows: int, depth: int, columns: int, itemsize: int = 4) -> float:
    """Return what a product takes for operands that do not stay near, which another thread does not make less."""
    costs = COSTS
    return max(0, (rows + columns) * depth * itemsize - costs.near_operands) * costs.far_operand


def product(panel: Panel, rows: int, taps: int, columns: int, itemsize: int = 4) -> float:
    """Return the cost of a product in panels, whose sums are made in runs of the panel's taps."""
    costs, width, runs = COSTS, itemsize / 4, -(-taps // panel.taps)
    if rows <= panel.rows and columns <= panel.columns:
        once = gemm(rows, -(-taps // runs), columns, itemsize)
    else:
        flops = 2.0 * rows * taps / runs * (-(-columns // costs.lanes) * costs.lanes)
        number = -(-rows // panel.rows) * -(-columns // panel.columns)
        once = number * costs.small_product + width * (flops * costs.panel_flop + rows * columns * costs.gemm_product)
        if rows * taps * itemsize > costs.own_cache_bytes:
            once += rows * taps * itemsize * costs.panel_weight / runs
    if runs > 1 or rows > panel.rows or columns > panel.columns:
        once += far_operands(rows, taps, columns, itemsize) / runs
    return runs * once + (runs - 1) * width * rows * columns * costs.add


def shared_product(panel: Panel, calls: int, rows: int, depth: int, columns: int, itemsize: int = 4) -> float:
    """Return how much of so many products BLAS shares out with profit: of panels nothing."""
    if panel.rows < rows or panel.columns < columns:
        return 0.0
    return shared_gemm(calls, rows, depth, columns, itemsize)


def shared_gemm(calls: int, rows: int, depth: int, columns: int, itemsize: int = 4) -> float:
    """Return how much of so many products BLAS shares out with profit."""
    return calls * max(0.0, gemm(rows, depth, columns, itemsize) - COSTS.blas_handover)


def copy(elements: int, run: int, step: int = 1, itemsize: int = 4) -> float:
    """Return the cost of copying so many elements in runs of `run`, every `step`-th."""
    costs = COSTS
    runs = costs.copy_run / max(1, run)
    return elements * (costs.copy * itemsize / 4 + runs + (costs.copy_step if step > 1 else 0))


def copy_rows(elements: int, rows: int, columns: int, step: int = 1, itemsize: int = 4) -> float:
    """Return the cost of copying so many elements of planes of such a size, every `step`-th element of a row.

    Where a row is a single element, those of a column are copied in one run, which stand apart in the input.
    """
    return copy(elements, columns, step, itemsize) if columns > 1 else copy(elements, rows, 2, itemsize)
