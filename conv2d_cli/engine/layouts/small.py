"""Small images: all windows of several images as columns at once, in as few calls as can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.engine import costs
from conv2d_cli.engine.layouts.im2col import span
from conv2d_cli.engine.panels import panel_of, with_and_without_panels
from conv2d_cli.engine.task import Layout, best

if TYPE_CHECKING:
    from conv2d_cli.engine.task import Task

# Of the images that are taken at once, and of one: larger ones gain nothing by it.
_BLOCK_BYTES, _IMAGE_BYTES = 2 << 20, 3 << 19
# Outputs of a 1x1 kernel: with more it does not pay to copy what is its own column already.
_SINGLE_ELEMENTS = 20_000


class SmallBlocks(NamedTuple):
    """How many images are taken at once, and whether padded rows lie flat: columns between outputs are summed too."""

    images: int
    flat: bool


def lay_out(task: Task) -> Layout | None:
    """Return the fastest layout; None where an image is not small, or its sums must be in runs."""
    height, width = task.geometry.height, task.geometry.width
    may_lie = height.stride == width.stride == 1 < width.kernel
    flats = (False, True)[: 1 + may_lie]
    found = (_layout(one, flat=flat) for one in with_and_without_panels(task) for flat in flats)
    return best(found, task.threads)


def _layout(task: Task, *, flat: bool) -> Layout | None:
    geometry, (_, filters), itemsize = task.geometry, task.group_channels, task.itemsize
    taps, groups, rows = geometry.taps_per_output, geometry.groups, geometry.height.output
    if task.summation.run_taps < taps:
        return None
    if geometry.height.kernel * geometry.width.kernel == 1 and geometry.out_channels * task.pixels > _SINGLE_ELEMENTS:
        return None
    columns = span(geometry.width, geometry.width.output)
    padded = geometry.in_channels * span(geometry.height, rows) * columns
    pixels = rows * columns if flat else task.pixels
    lowered, sums, stored = groups * taps * pixels, geometry.out_channels * pixels, flat or not task.stored_directly
    # Whole numbers are brought to int64 before they wrap, and modes that are not zeros pick what they repeat first.
    passing = 8 * sums * (DTYPES[task.dtype].kind in "iu")
    passing += DTYPES[task.dtype].bytes * padded * (task.padding_mode != "zeros")
    image_bytes = itemsize * (padded + lowered + sums * stored) + passing
    weight_bytes = itemsize * geometry.out_channels * (taps + 1)
    if image_bytes > min(_IMAGE_BYTES, task.scratch_bytes) or weight_bytes > min(_BLOCK_BYTES, task.scratch_bytes):
        return None
    images = max(1, _BLOCK_BYTES // image_bytes)
    panel = panel_of(task, filters, taps, pixels, may_cut_sums=False)
    nanoseconds = (
        costs.COSTS.setup_small
        + costs.copy(padded, columns, 1, itemsize)
        + costs.copy(lowered, pixels if flat else task.row_length, geometry.width.stride, itemsize)
        + groups * costs.product(panel, filters, taps, pixels, itemsize)
        + stored * costs.copy(sums, columns if flat else sums, 1, itemsize)
    )
    return Layout(
        SmallBlocks(images, flat),
        1,
        nanoseconds,
        0,
        weight_bytes,
        f"windows are copied to columns{', rows lying flat,' * flat} for up to {images} whole images at a time",
        images * image_bytes,
        products=costs.shared_product(panel, groups, filters, taps, pixels, itemsize),
        panel=panel,
    )
