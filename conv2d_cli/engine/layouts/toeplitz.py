"""Depthwise layers on narrow planes: the padded rows that an output row reads times a Toeplitz matrix of the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.engine import costs
from conv2d_cli.engine.layouts.im2col import span
from conv2d_cli.engine.panels import panel_of
from conv2d_cli.engine.summation import WIDE, between_zeros, spare_products
from conv2d_cli.engine.task import Layout, even_part

if TYPE_CHECKING:
    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.engine.task import Task

# Of longer rows the matrix is mostly zeros.
_LONGEST_ROW = 32
# Of one block, which stays in a core's cache.
_BLOCK_BYTES = 2 << 20
_WEIGHT_BYTES = 8 << 20


class ToeplitzBlocks(NamedTuple):
    """Groups and output rows of a block."""

    groups: int
    rows: int


def product_taps(geometry: Geometry) -> int:
    """Return the length of the sums that make an output row, the zeros between their taps included."""
    return geometry.height.kernel * span(geometry.width, geometry.width.output)


def lay_out(task: Task) -> Layout | None:
    """Return the layout; None but for depthwise layers with short rows, or where sums must be in the shortest runs."""
    geometry, (channels, filters), itemsize = task.geometry, task.group_channels, task.itemsize
    height, width = geometry.height, geometry.width
    if channels > 1 or width.output > _LONGEST_ROW or width.kernel == 1 or task.summation.kind == WIDE:
        return None
    taps, columns = product_taps(geometry), filters * width.output
    matrix = geometry.groups * columns * taps
    weight_bytes = itemsize * (matrix + geometry.out_channels)
    if weight_bytes > _WEIGHT_BYTES:
        return None
    summed = between_zeros(task.summation, taps)
    stored = not task.stored_directly or filters > 1
    sums = stored + spare_products(summed.kind, taps, summed.run_taps)
    # Modes that are not zeros pick what they repeat in the input's own type first.
    picked = DTYPES[task.dtype].bytes * (task.padding_mode != "zeros")
    input_row = span(width, width.output)
    # Of one group: what each output row takes, and what the rows that its first window spans take besides.
    row_bytes = itemsize * (taps + sums * columns) + height.stride * input_row * (itemsize + picked)
    fixed_bytes = max(0, height.effective_kernel - height.stride) * input_row * (itemsize + picked)
    budget = (task.scratch_bytes - weight_bytes) // task.threads
    if row_bytes + fixed_bytes > budget:
        return None
    most = min(_BLOCK_BYTES, budget)
    rows = even_part(height.output, max(1, (most - fixed_bytes) // row_bytes))
    groups = even_part(geometry.groups, max(1, most // (rows * row_bytes + fixed_bytes)), task.threads)
    if geometry.groups < task.threads:
        rows = even_part(height.output, rows, task.threads)
    jobs = -(-height.output // rows) * -(-geometry.groups // groups)
    panel = panel_of(task, rows, taps, columns, run=summed.run_taps, may_cut_sums=False)
    gathered = groups * span(height, rows) * input_row
    runs = -(-taps // panel.taps)
    calls = jobs * (8 + 2 * runs + stored)
    making = costs.copy(matrix, taps, 1, itemsize) + costs.copy(matrix // width.output, width.kernel, 1, itemsize)
    nanoseconds = (
        costs.COSTS.setup
        + making
        + calls * costs.COSTS.call
        + jobs
        * (
            costs.copy_rows(gathered, rows, width.size, 1, itemsize)
            + costs.copy(groups * rows * taps, taps if height.dilation == 1 else input_row, 1, itemsize)
            + groups * costs.product(panel, rows, taps, columns, itemsize)
            + stored * costs.copy(groups * rows * columns, width.output, 1, itemsize)
        )
    )
    operand_bytes = itemsize * (matrix + geometry.groups * height.output * taps)
    if operand_bytes > costs.COSTS.own_cache_bytes:
        # They are written, and read again by the products.
        nanoseconds += 2 * operand_bytes * costs.COSTS.panel_weight
    passing = groups * input_row * picked * span(height, rows)
    worker_bytes = groups * (rows * row_bytes + fixed_bytes) - passing
    # Kernels between zeros, which the matrices are made from before there is a block.
    flat_bytes = itemsize * geometry.out_channels * (width.stride * (width.output - 1) + taps)
    return Layout(
        ToeplitzBlocks(groups, rows),
        jobs,
        nanoseconds,
        worker_bytes,
        weight_bytes + max(0, flat_bytes - worker_bytes),
        f"padded rows that an output row reads times a Toeplitz matrix of the kernel, {groups} groups and {rows} of "
        f"{height.output} rows at a time",
        passing,
        # Between kernels are zeros, and zero times infinity is NaN.
        needs_finite=True,
        serial=making,
        calls=calls,
        panel=panel,
    )
