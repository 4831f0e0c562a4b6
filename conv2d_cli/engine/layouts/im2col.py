"""Windows laid out as columns, a block of output pixels at a time, and multiplied by the weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.engine import costs
from conv2d_cli.engine.panels import panel_of, with_and_without_panels
from conv2d_cli.engine.summation import WIDE, spare_products
from conv2d_cli.engine.task import SHARED_PIXELS, WORTH_SHARING, Layout, best, even_part

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.arithmetic.window import Axis
    from conv2d_cli.engine.task import Task

# Of one block: its columns stay in the last-level cache from the copy to the product.
_BLOCK_BYTES = 4 << 20
# Weights in the compute type: larger ones are converted a tile of output channels at a time.
_WEIGHT_BYTES = 16 << 20
# Rows of so few outputs are lowered before they are copied to columns: for 256 channels of 14x14 and 3x3 that takes 104
# us instead of 188 on Zen 4. On 28x28 the whole convolution takes as long, and longer where two threads do it.
_SHORT_ROW = 20
# Short calls of a block, and of each kernel row or column that is gathered for itself.
_CALLS, _GATHER_CALLS = 4, 4
# Where an image is too few pixels to be shared out, each thread sums at least so many products of an output.
_SHARED_TAPS = 256


class Im2colBlocks(NamedTuple):
    """Output rows and columns of a block, filters of each group at a time, and whether `out` takes the products.

    `depth` input channels are summed at a time.
    """

    rows: int
    columns: int
    channels: int
    direct: bool
    depth: int


def lay_out(task: Task) -> Layout | None:
    """Return the faster of both layouts, in panels or not: any convolution has one."""
    return best(map(_layout, with_and_without_panels(task)), task.threads)


def _layout(task: Task) -> Layout:
    geometry, (_, filters) = task.geometry, task.group_channels
    taps, itemsize, groups = geometry.taps_per_output, task.itemsize, geometry.groups
    converted = not task.stored_directly
    channels = even_part(filters, _WEIGHT_BYTES // (itemsize * groups * taps)) if converted else filters
    # The runs of panels are added up too, in room that is small beside the columns.
    needed = spare_products(task.summation.kind, taps, task.summation.run_taps)
    spares = max(task.small_unpacked, needed)
    sum_bytes = itemsize * groups * channels
    window, depth = geometry.height.kernel * geometry.width.kernel, geometry.in_channels
    # Whole numbers are brought to int64 before they wrap, and modes that are not zeros pick what they repeat first.
    passing_pixel = 8 * groups * channels * (DTYPES[task.dtype].kind in "iu")
    passing_gathered = DTYPES[task.dtype].bytes * (task.padding_mode != "zeros")

    def band(rows: int, columns: int) -> int:
        return depth * gathered_rows(geometry.height, rows) * span(geometry.width, columns)

    def passing(rows: int, columns: int) -> int:
        return rows * columns * passing_pixel + band(rows, columns) * passing_gathered

    def block_scratch(rows: int, columns: int) -> int:
        held = rows * columns * (itemsize * depth * window + sum_bytes * (spares + converted))
        return held + gathered_size(geometry, rows, columns) * depth * itemsize + passing(rows, columns)

    def block_bytes(rows: int, columns: int) -> int:
        # Without what lies near for a short while only.
        held = rows * columns * (itemsize * depth * window + sum_bytes * (needed + converted))
        return held + band(rows, columns) * itemsize + passing(rows, columns)

    output, budget = (geometry.height.output, geometry.width.output), task.scratch_bytes // task.threads
    workers = task.threads if task.pixels >= task.threads * SHARED_PIXELS else 1
    rows, columns = block_pixels(block_bytes, *output, min(_BLOCK_BYTES, budget), workers)
    if block_scratch(rows, columns) > budget:
        rows, columns = block_pixels(block_scratch, *output, budget, workers)
    blocks = -(-geometry.height.output // rows) * -(-geometry.width.output // columns)
    pixels = rows * columns
    panel = panel_of(task, channels, taps, pixels, may_cut_sums=task.summation.kind != WIDE)
    runs = -(-taps // panel.taps)
    tiles = -(-filters // channels)
    calls = tiles * blocks * (_CALLS + _GATHER_CALLS * _gathers(geometry) + 2 * runs + converted)
    nanoseconds = costs.COSTS.setup + calls * costs.COSTS.call
    nanoseconds += (tiles * blocks) * (
        _copies(geometry, rows, columns, itemsize)
        + groups * costs.product(panel, channels, taps, pixels, itemsize)
        + converted * groups * channels * pixels * costs.COSTS.add * itemsize / 4
    )
    shares = _shares(task, blocks, nanoseconds) if groups == 1 and not converted else 1
    depth = -(-depth // shares)
    unused = spares - spare_products(task.summation.kind, taps, panel.taps)
    held = block_scratch(rows, columns) - passing(rows, columns) - pixels * sum_bytes * unused
    if shares > 1:
        held += pixels * sum_bytes
        # Each block that is left over has a sum for each share, one of them in the output.
        shared_bytes = (task.threads - 1) * (shares - 1) * pixels * sum_bytes
    else:
        shared_bytes = itemsize * channels * groups * (taps + 1) if converted else 0
    products = tiles * blocks * groups * runs
    return Layout(
        Im2colBlocks(rows, columns, min(channels, filters), not converted, depth),
        blocks * shares,
        nanoseconds,
        held,
        shared_bytes,
        f"windows are copied to columns for {rows}x{columns} output pixels at a time",
        passing(rows, columns),
        products=costs.shared_product(panel, products, channels, -(-taps // runs), pixels, itemsize),
        serial=tiles * blocks * groups * costs.far_operands(channels, taps, pixels, itemsize),
        calls=calls,
        panel=panel,
    )


def _copies(geometry: Geometry, rows: int, columns: int, itemsize: int) -> float:
    """Return what copying the windows of one block costs."""
    channels, step = geometry.in_channels, geometry.width.stride
    elements = geometry.taps_per_output * geometry.groups * rows * columns
    if lowers_rows(geometry):
        lowered = costs.copy_rows(channels * gathered_size(geometry, rows, columns), rows, columns, step, itemsize)
        return lowered + costs.copy(elements, rows * columns, 1, itemsize)
    band = costs.copy_rows(channels * rows * columns, rows, columns, 1, itemsize)
    return costs.copy_rows(elements, rows, columns, step, itemsize) + band


def _gathers(geometry: Geometry) -> int:
    """Return how often a block gathers from the image."""
    height = geometry.height
    return geometry.width.kernel if lowers_rows(geometry) else -(-height.kernel // rows_at_once(height)[0])


def _shares(task: Task, blocks: int, nanoseconds: float) -> int:
    """Return in how many parts the input channels are summed: one for each thread where the blocks are too few."""
    if blocks >= task.threads or nanoseconds < WORTH_SHARING:
        return 1
    channels, taps = task.geometry.in_channels, task.geometry.taps_per_output
    part = -(-channels // task.threads)
    fits = -(-channels // part) == task.threads and part * taps // channels >= _SHARED_TAPS
    return task.threads if fits else 1


def span(axis: Axis, outputs: int) -> int:
    """Return the input elements from the first to the last that so many neighbouring outputs reach."""
    return (outputs - 1) * axis.stride + axis.effective_kernel


def rows_at_once(height: Axis) -> tuple[int, int, int]:
    """Return how rows are gathered: for how many kernel rows together, every how manieth, and outputs how far apart.

    Kernel rows that share input rows are served together, others one by one.
    """
    if height.dilation == 1 and height.stride < height.kernel:
        return height.kernel, 1, height.stride
    return 1, height.stride, 1


def lowers_rows(geometry: Geometry) -> bool:
    """Return whether rows are lowered first, each for all kernel rows, and columns copied from those.

    That is in runs of whole planes, and so pays where rows are short.
    """
    height, width = geometry.height, geometry.width
    return height.stride == height.dilation == 1 < min(height.kernel, width.kernel) and width.output <= _SHORT_ROW


def gathered_size(geometry: Geometry, rows: int, columns: int) -> int:
    """Return the elements of a channel that are gathered for so many output rows and columns."""
    width = geometry.width
    across = width.kernel * columns if lowers_rows(geometry) else span(width, columns)
    return gathered_rows(geometry.height, rows) * across


def gathered_rows(height: Axis, outputs: int) -> int:
    """Return the input rows that are gathered at a time for so many output rows."""
    taps, _, jump = rows_at_once(height)
    return (outputs - 1) * jump + taps


def block_pixels(
    block_scratch: Callable[[int, int], int], rows: int, columns: int, budget: int, workers: int = 1
) -> tuple[int, int]:
    """Return the rows and columns of a block: whole rows if one fits the budget, else part of one.

    `block_scratch(rows, columns)` is linear in each. Rows are cut in a multiple of `workers`.
    """
    fixed = block_scratch(0, columns)
    whole = (budget - fixed) // (block_scratch(1, columns) - fixed)
    if whole >= 1:
        return even_part(rows, whole, workers), columns
    fixed = block_scratch(1, 0)
    return 1, even_part(columns, (budget - fixed) // (block_scratch(1, 1) - fixed))
