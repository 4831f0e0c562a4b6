"""A 1x1 kernel without padding: the input itself is the matrix of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.engine import costs
from conv2d_cli.engine.panels import panel_of, with_and_without_panels
from conv2d_cli.engine.summation import WIDE, spare_products
from conv2d_cli.engine.task import Layout, best, even_part

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
    """Return the faster of both layouts, in panels or not.

    None where the kernel is larger, there is padding, or weights would need converting.
    """
    height, width = task.geometry.height, task.geometry.width
    if height.kernel * width.kernel > 1 or height.before + height.after + width.before + width.after:
        return None
    if not task.stored_directly:
        return None
    return best(map(_layout, with_and_without_panels(task)), task.threads)


def _layout(task: Task) -> Layout:
    geometry, (channels, filters) = task.geometry, task.group_channels
    height, width = geometry.height, geometry.width
    groups, stride, kind = geometry.groups, max(height.stride, width.stride), task.summation.kind
    copied = stride > 1
    run = panel_of(task, filters, channels, task.pixels, may_cut_sums=kind != WIDE).taps
    spares = spare_products(kind, channels, run)
    pixel_bytes = task.itemsize * (spares * geometry.out_channels + copied * geometry.in_channels)
    pixels = even_part(task.pixels, max(64, _BLOCK_BYTES // pixel_bytes)) if pixel_bytes else task.pixels
    rows = even_part(height.output, pixels // width.output) if pixels >= width.output else 1
    columns = min(width.output, pixels)
    jobs, pixels = -(-height.output // rows) * -(-width.output // columns), rows * columns
    panel = panel_of(task, filters, channels, pixels, run=run, may_cut_sums=False)
    runs = -(-channels // run)
    calls, products = 2 * jobs * runs, jobs * groups * runs
    nanoseconds = (
        costs.COSTS.setup_pointwise
        + calls * costs.COSTS.call
        + jobs * groups * costs.product(panel, filters, channels, pixels, task.itemsize)
        + jobs * copied * costs.copy(geometry.in_channels * pixels, columns, stride, task.itemsize)
    )
    return Layout(
        PointwiseBlocks(rows, columns, copied),
        jobs,
        nanoseconds,
        pixels * pixel_bytes,
        0,
        f"the input is the matrix of columns, taken {rows}x{columns} pixels at a time",
        products=costs.shared_product(panel, products, filters, -(-channels // runs), pixels, task.itemsize),
        calls=calls,
        panel=panel,
    )
