"""Rows laid out once for each kernel column; a product of matrices makes a few neighbouring output rows of a group."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.engine import costs
from conv2d_cli.engine.panels import panel_of
from conv2d_cli.engine.summation import WIDE, between_zeros, is_cut, spare_products
from conv2d_cli.engine.task import Layout, best, even_part

if TYPE_CHECKING:
    from conv2d_cli.engine.task import Task

# Of one block: its lowered rows stay in a cache from the copy to the product. Short rows, which are many small
# products, should stay in the core's own: 7x7 depthwise 384@14 takes 0.70 ms in blocks of 3 MiB, and 0.60 so.
_BLOCK_BYTES, _SHORT_ROWS_BYTES, _SHORT_ROW = 3 << 20, 1 << 20, 28
_ROWS_TOGETHER = (1, 2, 4, 7, 8, 14, 16)
_WEIGHT_BYTES = 4 << 20
# BLAS copies some rows of a small product, which is little but where they are long: (2, 25773, 4) took 0.31 MiB.
_LONG_TAPS = 1 << 13


# Rows that begin at the same place of every page take the same few places of the nearest cache: 11x11 on 1024 columns
# took 4.5 ms so, and 3.0 with these bytes between its rows.
_PAGE_PART, _BETWEEN_BYTES = 1024, 64


class RowBlocks(NamedTuple):
    """Groups and output rows of a block, and how many output rows one product makes."""

    groups: int
    rows: int
    together: int


def lay_out(task: Task) -> Layout | None:
    """Return the fastest layout; None where kernel rows are apart (dilation), or sums must be in the shortest runs."""
    height = task.geometry.height
    if (height.dilation > 1 and height.kernel > 1) or task.summation.kind == WIDE:
        return None
    found = [_layout(task, together) for together in _ROWS_TOGETHER if together <= height.output]
    return best(found, task.threads)


def row_pitch(width: int, itemsize: int) -> int:
    """Return the elements from the start of one lowered row of `width` elements to that of the next."""
    return width + (_BETWEEN_BYTES // itemsize if width * itemsize % _PAGE_PART == 0 else 0)


def product_taps(task: Task, together: int) -> int:
    """Return the length of the sums that make `together` output rows, the zeros between their taps included."""
    height, width = task.geometry.height, task.geometry.width
    return ((together - 1) * height.stride + height.kernel) * task.group_channels[0] * width.kernel


def _layout(task: Task, together: int) -> Layout | None:
    geometry, (channels, filters), itemsize = task.geometry, task.group_channels, task.itemsize
    height, width = geometry.height, geometry.width
    taps = product_taps(task, together)
    weight_bytes = itemsize * geometry.groups * together * filters * taps
    if weight_bytes > _WEIGHT_BYTES:
        return None
    summed = between_zeros(task.summation, taps)
    # BLAS never shares these products out.
    panel = panel_of(task, together * filters, taps, width.output, run=summed.run_taps)
    spares = spare_products(summed.kind, taps, panel.taps)
    # Sums lie close together while runs are added to them.
    stored = not task.stored_directly or (together > 1 and filters > 1) or spares > 0
    spares += stored
    picked = DTYPES[task.dtype].bytes * (task.padding_mode != "zeros")
    wrapped = 8 * (DTYPES[task.dtype].kind in "iu")
    input_row = channels * row_pitch(width.output, itemsize) * itemsize * width.kernel
    picked_row = channels * width.output * picked
    passing_row = height.stride * picked_row + filters * width.output * wrapped
    # Of one group: what each output row takes, and what the rows that its first window spans take besides.
    row_bytes = height.stride * input_row + filters * width.output * itemsize * spares + passing_row
    fixed_bytes = max(0, height.kernel - height.stride) * (input_row + picked_row)
    most = _BLOCK_BYTES if width.output >= _SHORT_ROW else _SHORT_ROWS_BYTES
    budget = min(most, (task.scratch_bytes - weight_bytes) // task.threads)
    least = together * row_bytes + fixed_bytes
    if least > (task.scratch_bytes - weight_bytes) // task.threads:
        return None
    parts = -(-height.output // together)
    rows = together * even_part(parts, max(1, (budget - fixed_bytes) // (together * row_bytes)))
    row_blocks = -(-height.output // rows)
    groups = even_part(geometry.groups, max(1, budget // (rows * row_bytes + fixed_bytes)))
    group_blocks = -(-geometry.groups // groups)
    if row_blocks * group_blocks < task.threads:
        groups = even_part(geometry.groups, -(-geometry.groups // task.threads))
        group_blocks = -(-geometry.groups // groups)
        if group_blocks < task.threads:
            rows = together * even_part(parts, -(-parts // task.threads))
            row_blocks = -(-height.output // rows)
    jobs = row_blocks * group_blocks
    input_rows = (rows - 1) * height.stride + height.kernel
    runs = -(-taps // panel.taps)
    lowered = groups * channels * input_rows
    # Rows that are left over are made one by one.
    whole, left = divmod(min(rows, height.output), together)
    products = whole * costs.product(panel, together * filters, taps, width.output, itemsize)
    products += left * costs.product(panel, filters, product_taps(task, 1), width.output, itemsize)
    far = not stored and filters > costs.COSTS.near_pages and task.pixels * itemsize > costs.COSTS.page_bytes
    products += far * filters * min(rows, height.output) * costs.COSTS.far_row
    transposed = costs.COSTS.transposed * geometry.groups * together * filters * taps
    calls = jobs * (12 + 2 * runs + 2 * width.kernel)
    nanoseconds = (
        costs.COSTS.setup
        + transposed
        + jobs
        * (
            costs.copy(lowered * width.kernel * width.output, width.output, width.stride, itemsize)
            + groups * products
            + stored * costs.copy(groups * filters * rows * width.output, width.output, 1, itemsize)
        )
        + calls * costs.COSTS.call
    )
    passing = groups * (rows * passing_row + max(0, height.kernel - height.stride) * picked_row)
    worker_bytes = groups * (rows * row_bytes + fixed_bytes) - passing
    if panel.taps > _LONG_TAPS and not is_cut(together * filters, panel.taps, width.output):
        passing += 4 * panel.taps * itemsize
    return Layout(
        RowBlocks(groups, rows, together),
        jobs,
        nanoseconds,
        worker_bytes,
        weight_bytes,
        f"rows are laid out for each kernel column, {together} output rows by one product, "
        f"{groups} groups and {rows} of {height.output} rows at a time",
        passing,
        # Between kernels in a Toeplitz matrix are zeros, and zero times infinity is NaN.
        needs_finite=together > 1,
        serial=transposed,
        calls=calls,
        panel=panel,
    )
