"""Tiles of a product of matrices that BLAS multiplies where they stand.

BLAS packs both operands of a product first, in the order that its kernels read them, which pays where each element is
used many times. OpenBLAS's AVX-512 kernels read small operands without that, and nearly as fast as any: on Zen 4
(512, 4608, 49) takes 3.2 ms at once and 2.5 in tiles, (6, 6, 28672) 71 and 44 us.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.engine.planning.blocking import ceil_div, even_part

if TYPE_CHECKING:
    from conv2d_cli.engine.planning.problem import Problem

# OpenBLAS packs products of more multiply-adds than this (its small matrix limit on AVX-512).
UNPACKED_MACS = 100**3
# Fewer rows read the columns too often; sums are cut, in multiples of as many, so that there can be these. More columns
# gain nothing.
_LEAST_ROWS, _MOST_ROWS, _MOST_COLUMNS = 16, 64, 320


class GemmTile(NamedTuple):
    """The most that BLAS is given of a product at a time: (rows, depth) times (depth, columns)."""

    rows: int
    depth: int
    columns: int

    def __str__(self) -> str:
        """Say it: `64x384x112`."""
        return "x".join(map(str, self))


def gemm_tile(problem: Problem, rows: int, depth: int, columns: int, *, cut_sums: bool = True) -> GemmTile | None:
    """Return the tiles of a product; None where it is made at once, since BLAS packs it anyway or packing pays.

    Sums are cut into accumulation blocks only where `cut_sums`: those need a partial-sum buffer.
    """
    if not problem.unpacked_gemm or problem.accumulator not in {"float32", "float64"}:
        return None
    if rows == 1 or not 1 < columns <= _MOST_COLUMNS or rows * depth * columns <= UNPACKED_MACS:
        return None
    least = min(rows, _LEAST_ROWS)
    fitting = UNPACKED_MACS // (least * columns)
    if fitting < depth and not cut_sums:
        return None
    block = depth
    if fitting < depth:
        steps = even_part(ceil_div(depth, _LEAST_ROWS), fitting // _LEAST_ROWS)
        block = min(depth, steps * _LEAST_ROWS)
    most = min(UNPACKED_MACS // (block * columns), _MOST_ROWS)
    # Micro-kernels make four rows at a time.
    return GemmTile(min(rows, max(most - most % 4, 1)), block, columns)


def partial_sums(problem: Problem, tile: GemmTile | None, depth: int) -> bool:
    """Whether a product with sums of this depth needs a buffer of its own size beside it.

    For the sums of one accumulation block, or, where whole numbers wrap, for the products of one tap.
    """
    return not problem.uses_blas or (tile is not None and tile.depth < depth)
