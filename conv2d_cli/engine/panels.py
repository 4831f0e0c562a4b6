"""Products of matrices in panels so small that BLAS multiplies them where they stand.

Otherwise it packs both operands first, in the order that its kernels read them, which pays where each element is used
many times. OpenBLAS's AVX-512 kernels read small operands without it, and nearly as fast as any: on Zen 4 (512, 4608,
49) takes 3.2 ms at once and 2.5 in panels, (256, 2304, 196) 2.5 and 2.3, (6, 6, 28672) 71 and 44 us. Where there are
many columns each row of them is on pages of its own, and what packing costs is won back by what it saves: in panels
of 224 columns (128, 256, 3136) takes as long while all operands are near, and a seventh more where they are not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.engine.summation import UNPACKED_MACS, blas_run, even_run

if TYPE_CHECKING:
    from conv2d_cli.engine.task import Task

# Types whose small products BLAS does not pack; complex ones in panels take longer than at once.
_TYPES = frozenset({"float32", "float64"})
# Rows of a panel: fewer read the columns too often, more need not be. Sums are cut so that there can be `_ROWS`.
_LEAST_ROWS, _ROWS, _MOST_ROWS, _ROWS_STEP = 8, 16, 64, 4
# BLAS takes six rows at a time, which tells where columns are few: with 49 of them and 384 taps 16 rows have 90
# GFLOP/s, 32 have 104 and 48 have 109; with 112 all have 112 and more.
_FEW_COLUMNS, _TILE_ROWS = 52, 12
# Its sums are a multiple of so long; with more columns a product is not cut.
_TAPS_STEP, _MOST_COLUMNS = 16, 320


class Panel(NamedTuple):
    """What one product of matrices is at most: (rows, taps) times (taps, columns)."""

    rows: int
    taps: int
    columns: int


AT_ONCE = Panel(1 << 62, 1 << 62, 1 << 62)


def with_and_without_panels(task: Task) -> list[Task]:
    """Return the task, and where it may be done in panels the same without: BLAS shares no panels out."""
    return [task, task._replace(small_unpacked=False)] if task.small_unpacked else [task]


def panel_of(
    task: Task, rows: int, taps: int, columns: int, *, run: int | None = None, may_cut_sums: bool = True
) -> Panel:
    """Return the panels of a product whose sums are made in runs of `run` taps, None for those of the task.

    The product is not cut, but in runs, where BLAS packs small ones too, or panels would not do. Runs are made shorter
    only if `may_cut_sums`.
    """
    run = min(taps, task.summation.run_taps if run is None else run)
    packed = rows > 1 and rows * run * columns > UNPACKED_MACS
    may_be_cut = task.small_unpacked and packed and 1 < columns <= _MOST_COLUMNS
    if not may_be_cut or task.summation.compute_dtype not in _TYPES:
        return Panel(rows, run, columns)
    # BLAS adds no more than about so many products one after another, where it cuts sums: nor may a panel.
    most = min(run, -(-blas_run(taps, rows, columns) // _TAPS_STEP) * _TAPS_STEP)
    if may_cut_sums:
        fitting = UNPACKED_MACS // (min(rows, _ROWS) * columns)
        most = even_run(taps, min(most, max(1, fitting - fitting % _TAPS_STEP)))
    fitting = UNPACKED_MACS // (most * columns)
    if fitting < min(rows, _LEAST_ROWS) or (most < run and not may_cut_sums):
        return Panel(rows, run, columns)
    return Panel(_rows(rows, min(fitting, _MOST_ROWS), columns), min(most, run), columns)


def _rows(rows: int, most: int, columns: int) -> int:
    """Return how many of the rows a panel has: if it can be, an even part, of at least half as many as fit.

    Where columns are few, as many of BLAS's own tiles as fit.
    """
    if rows <= most:
        return rows
    if columns < _FEW_COLUMNS and most >= _TILE_ROWS:
        return most - most % _TILE_ROWS
    most -= most % _ROWS_STEP
    fitting = range(most, most // 2, -_ROWS_STEP)
    return next((some for some in fitting if rows % some == 0), most)
