"""What the parts of a convolution cost, in nanoseconds on one thread: the constants that the plan chooses by.

Measured on two cores of an AMD EPYC with AVX-512 (Zen 5, 1 MiB L2 each, 32 MiB L3) with NumPy 2.4 and OpenBLAS 0.3.31.
Only ratios matter to a choice.
"""

from __future__ import annotations

from typing import NamedTuple


class Costs(NamedTuple):
    """Nanoseconds; an element is one of four bytes, wider ones cost in proportion."""

    # sgemm 1024^3: 250 GFLOP/s; dgemm 108.
    gemm_flop: float = 1 / 250
    # sgemm (64, 576, 3136): 227 GFLOP/s, (512, 4608, 49): 189; the difference is packing both operands.
    gemm_pack: float = 0.08
    # Loads and stores of the product itself: (64, 32, 3136) runs at 207 GFLOP/s.
    gemm_product: float = 0.03
    # One np.matmul on small operands, and each further product of its batch.
    matmul_call: float = 900.0
    matmul_batch: float = 150.0
    # Batches of products of up to 100^3 multiply-adds, which are not packed: (4, 18, 112) takes 132 ns, (7, 27, 14) 73.
    small_product: float = 60.0
    small_flop: float = 1 / 190
    small_limit: int = 1_000_000
    # np.add(a, b, out=a), 64k to 1M elements: 0.054 to 0.079.
    add: float = 0.07
    # A copy whose inner runs are W elements long: W 224: 0.073, 56: 0.10, 28: 0.16, 14: 0.27, 7: 0.60.
    copy: float = 0.05
    copy_run: float = 3.4
    # With a step of two elements: 0.27 and more.
    copy_step: float = 0.20
    # Copying weights to another order of their axes: 64x64 filters of 3x3 0.24, 512x512 0.37.
    transposed: float = 0.3
    # Transforming 3x3 filters, for each value that comes out: 64x64 0.19, 256x256 0.20, 512x512 0.31; and reading them
    # again where they have left the caches, as 512x512 on 14x14 pixels shows.
    filter_point: float = 0.22
    far_filter_point: float = 0.5
    near_bytes: int = 12 << 20
    # Other short NumPy calls.
    call: float = 500.0
    # One element that goes through an FFT and back.
    fft: float = 8.0


COSTS = Costs()


def gemm(rows: int, depth: int, columns: int, itemsize: int = 4) -> float:
    """Return the cost of a product of (rows, depth) and (depth, columns)."""
    costs, width = COSTS, itemsize / 4
    flops = 2.0 * rows * depth * columns * costs.gemm_flop
    packed = (rows * depth + depth * columns) * costs.gemm_pack
    return width * (flops + packed + rows * columns * costs.gemm_product)


def copy(elements: int, run: int, step: int = 1, itemsize: int = 4) -> float:
    """Return the cost of copying so many elements in runs of `run`, every `step`-th."""
    costs = COSTS
    return elements * (costs.copy * itemsize / 4 + costs.copy_run / max(1, run) + (costs.copy_step if step > 1 else 0))


def gemm_small(rows: int, depth: int, columns: int, itemsize: int = 4) -> float:
    """Return the cost of one of many small products, which OpenBLAS does not pack."""
    small = COSTS.small_product + 2.0 * rows * depth * columns * COSTS.small_flop * itemsize / 4
    return (
        small
        if rows * depth * columns <= COSTS.small_limit
        else gemm(rows, depth, columns, itemsize) + COSTS.matmul_batch
    )
