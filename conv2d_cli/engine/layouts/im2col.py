"""Windows laid out as columns, a block of output pixels at a time, and multiplied by the weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.engine import costs
from conv2d_cli.engine.summation import is_cut, spare_products
from conv2d_cli.engine.task import SHARED_PIXELS, WORTH_SHARING, Layout, even_part

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.arithmetic.window import Axis
    from conv2d_cli.engine.task import Task

# Of one block: its columns stay in the last-level cache from the copy to the product.
_BLOCK_BYTES = 4 << 20
# Weights in the compute type: larger ones are converted a tile of output channels at a time.
_WEIGHT_BYTES = 16 << 20
# Where an image is too few pixels to be shared out, each thread sums at least so many products of an output.
_SHARED_TAPS = 256
# Several images of up to so many pixels are multiplied at once until they have so many: (512, 4608, 49) takes 3.5 ms,
# and 2.7 an image for four of them, since the weights are packed once. Their columns need not stay in a cache. With 196
# pixels it gains 4 % of the product, and loses more by copying.
_FEW_PIXELS, _TOGETHER_PIXELS, _TOGETHER_BYTES = 128, 400, 8 << 20


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
    """Return the layout: any convolution has one."""
    geometry, (_, filters) = task.geometry, task.group_channels
    taps, itemsize, groups = geometry.taps_per_output, task.itemsize, geometry.groups
    converted = not task.stored_directly
    channels = even_part(filters, _WEIGHT_BYTES // (itemsize * groups * taps)) if converted else filters
    spares = spare_products(task.summation, taps)
    sum_bytes = itemsize * groups * channels
    window, depth = geometry.height.kernel * geometry.width.kernel, geometry.in_channels
    # Whole numbers are brought to int64 before they wrap, and modes that are not zeros pick what they repeat first.
    passing_pixel = 8 * groups * channels * (DTYPES[task.dtype].kind in "iu")
    passing_gathered = DTYPES[task.dtype].bytes * (task.padding_mode != "zeros")

    def gathered(rows: int, columns: int) -> int:
        return gathered_rows(geometry.height, rows) * span(geometry.width, columns)

    def passing(rows: int, columns: int) -> int:
        return rows * columns * passing_pixel + depth * gathered(rows, columns) * passing_gathered

    def block_scratch(rows: int, columns: int) -> int:
        held = rows * columns * (itemsize * depth * window + sum_bytes * (spares + converted))
        return held + gathered(rows, columns) * depth * itemsize + passing(rows, columns)

    budget = min(_BLOCK_BYTES, task.scratch_bytes // task.threads)
    workers = task.threads if task.pixels >= task.threads * SHARED_PIXELS else 1
    rows, columns = block_pixels(block_scratch, geometry.height.output, geometry.width.output, budget, workers)
    blocks = -(-geometry.height.output // rows) * -(-geometry.width.output // columns)
    pixels = rows * columns
    runs = -(-taps // task.summation.run_taps)
    tiles = -(-filters // channels)
    run = min(pixels, task.row_length)
    lowering = blocks * (
        costs.copy(depth * window * pixels, run, geometry.width.stride, itemsize)
        + costs.copy(depth * pixels, run, 1, itemsize)
        + 8 * costs.COSTS.call
    )
    products = blocks * (
        groups * runs * costs.gemm(channels, -(-taps // runs), pixels, itemsize)
        + runs * costs.COSTS.matmul_call
        + (runs - 1 + converted) * (groups * channels * pixels * costs.COSTS.add * itemsize / 4 + costs.COSTS.call)
    )
    nanoseconds = costs.COSTS.setup + tiles * (lowering + products)
    shares = _shares(task, blocks, nanoseconds) if groups == 1 and not converted else 1
    depth = -(-depth // shares)
    held = block_scratch(rows, columns) - passing(rows, columns)
    # Of each image but the first: its columns and sums, the sums that one block alone would not need among them.
    image_bytes = pixels * (itemsize * depth * window + sum_bytes * (spares + (shares > 1) + 2))
    whole = blocks == 1 and shares >= task.threads and not converted
    images = _together(task, depth * window, held, image_bytes) if whole else 1
    if shares > 1:
        held += pixels * sum_bytes
        # Each block that is left over has a sum for each share, one of them in the output.
        shared_bytes = (task.threads - 1) * (shares - 1) * pixels * sum_bytes
    else:
        shared_bytes = itemsize * channels * groups * (taps + 1) if converted else 0
    return Layout(
        Im2colBlocks(rows, columns, min(channels, filters), not converted, depth),
        blocks * shares,
        nanoseconds,
        held,
        shared_bytes,
        f"windows are copied to columns for {rows}x{columns} output pixels at a time",
        passing(rows, columns),
        products=costs.shared_gemm(tiles * blocks * groups * runs, channels, -(-taps // runs), pixels, itemsize),
        images=images,
        image_bytes=image_bytes,
    )


def _together(task: Task, part: int, image_bytes: int, further_bytes: int) -> int:
    """Return how many images may be columns of one product of `part` taps, or of what the last part has, with profit.

    Sums must be cut for one image as they are for several, or its bits would be others.
    """
    (_, filters), taps = task.group_channels, task.geometry.taps_per_output
    lengths = (run for length in (part, taps % part or part) for run in _runs(length, task.summation.run_taps))
    alike = task.columns_are_alike and task.summation.compute_dtype == "float32" and min(filters, task.pixels) > 1
    if not alike or task.pixels > _FEW_PIXELS or not all(is_cut(filters, length, task.pixels) for length in lengths):
        return 1
    budget = min(_TOGETHER_BYTES, task.scratch_bytes // task.threads)
    return max(1, min(-(-_TOGETHER_PIXELS // task.pixels), 1 + (budget - image_bytes) // further_bytes))


def _runs(length: int, run: int) -> tuple[int, int]:
    return min(length, run), length % min(length, run) or min(length, run)


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
