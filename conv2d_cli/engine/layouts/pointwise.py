"""A 1x1 kernel without padding: the input itself is the matrix of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.engine import costs
from conv2d_cli.engine.summation import spare_products
from conv2d_cli.engine.task import Layout, even_part

if TYPE_CHECKING:
    from conv2d_cli.engine.task import Task

# Of one block: its spare sums, and its columns where they must be copied, stay in a core's cache.
_BLOCK_BYTES = 1 << 21


class PointwiseBlocks(NamedTuple):
    """Output rows and columns of one block, and whether its columns are copied first (a stride, another type)."""

    rows: int
    columns: int
    copied: bool


def lay_out(task: Task) -> Layout | None:
    """Return the layout; None where the kernel is larger, there is padding, or weights would need converting."""
    geometry = task.geometry
    height, width = geometry.height, geometry.width
    if height.kernel * width.kernel > 1 or height.before + height.after + width.before + width.after:
        return None
    if not task.stored_directly:
        return None
    channels, filters = task.group_channels
    groups, stride = geometry.groups, max(height.stride, width.stride)
    copied = stride > 1
    spares = spare_products(task.summation, channels)
    pixel_bytes = task.itemsize * (spares * geometry.out_channels + copied * geometry.in_channels)
    pixels = even_part(task.pixels, max(64, _BLOCK_BYTES // pixel_bytes)) if pixel_bytes else task.pixels
    rows = even_part(height.output, pixels // width.output) if pixels >= width.output else 1
    columns = min(width.output, pixels)
    jobs = -(-height.output // rows) * -(-width.output // columns)
    runs = -(-channels // task.summation.run_taps)
    product = jobs * groups * runs, filters, -(-channels // runs), rows * columns, task.itemsize
    nanoseconds = (
        costs.COSTS.setup_pointwise
        + product[0] * costs.gemm(*product[1:])
        + jobs
        * (
            runs * costs.COSTS.matmul_call
            + (runs - 1) * (geometry.out_channels * rows * columns * costs.COSTS.add + costs.COSTS.call)
            + copied * costs.copy(geometry.in_channels * rows * columns, columns, stride, task.itemsize)
        )
    )
    return Layout(
        PointwiseBlocks(rows, columns, copied),
        jobs,
        nanoseconds,
        rows * columns * pixel_bytes,
        0,
        f"the input is the matrix of columns, taken {rows}x{columns} pixels at a time",
        products=costs.shared_gemm(*product),
    )
