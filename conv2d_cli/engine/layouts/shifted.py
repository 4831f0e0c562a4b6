"""One product of matrices for each kernel element, on views of the padded rows: nothing is laid out as columns."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.engine import costs
from conv2d_cli.engine.panels import panel_of, with_and_without_panels
from conv2d_cli.engine.summation import WIDE, even_run
from conv2d_cli.engine.task import SHARED_PIXELS, Layout, best, even_part

if TYPE_CHECKING:
    from conv2d_cli.arithmetic.window import Axis
    from conv2d_cli.engine.task import Task

# Of one block: the sums, one product and the rows they come from.
_BLOCK_BYTES = 3 << 19
# Shorter products than this do not reach the speed of longer ones.
_PIXELS = 1024
_WEIGHT_BYTES = 24 << 20


class ShiftedBlocks(NamedTuple):
    """Output rows of a block, the width of its flat rows, how many channels one product adds, and what is shifted.

    `lowered` says that only kernel rows are: each kernel column has its own copy of the rows, as if it were a channel.
    """

    rows: int
    width: int
    channels: int
    lowered: bool


class Phase(NamedTuple):
    """Rows (or columns) first, first + stride, ... of the padded input, and the kernel elements that read them."""

    first: int
    taps: tuple[int, ...]
    shifts: tuple[int, ...]


def phases(axis: Axis) -> list[Phase]:
    """Return the phases of an axis by stride: tap u reads phase `u d mod s`, shifted by `u d // s`."""
    found: dict[int, list[int]] = {}
    for tap in range(axis.kernel):
        found.setdefault(tap * axis.dilation % axis.stride, []).append(tap)
    return [
        Phase(first, tuple(taps), tuple(tap * axis.dilation // axis.stride for tap in taps))
        for first, taps in found.items()
    ]


def reach(axis: Axis) -> int:
    """Return the farthest shift of any tap."""
    return (axis.kernel - 1) * axis.dilation // axis.stride


def lay_out(task: Task) -> Layout | None:
    """Return the fastest layout; None where weights would not fit beside it, or sums must be in short runs."""
    found = (_layout(one, lowered=lowered) for one in with_and_without_panels(task) for lowered in (False, True))
    return best(found, task.threads)


def _layout(task: Task, *, lowered: bool) -> Layout | None:
    geometry, (channels, filters), itemsize = task.geometry, task.group_channels, task.itemsize
    height, width, groups = geometry.height, geometry.width, geometry.groups
    weight_bytes = itemsize * (prod(geometry.weight_shape) + geometry.out_channels)
    if weight_bytes > min(_WEIGHT_BYTES, task.scratch_bytes // 2) or task.summation.kind == WIDE:
        return None
    columns = width.kernel if lowered else 1
    depth, sideways = channels * columns, 0 if lowered else reach(width)
    whole = task.summation.run_taps >= geometry.taps_per_output
    run = depth if whole else even_run(depth, min(depth, task.summation.run_taps))
    flat = width.output + sideways
    planes = len(phases(height)) * (1 if lowered else len(phases(width)))
    # Modes that are not zeros pick what they repeat in the input's own type first; wraps go through int64.
    picked = DTYPES[task.dtype].bytes * (task.padding_mode != "zeros")
    wrapped = 8 * (DTYPES[task.dtype].kind in "iu")
    passing_bytes = flat * (geometry.out_channels * wrapped + geometry.in_channels * picked)
    band_bytes = groups * depth * itemsize * planes
    row_bytes = flat * (2 * geometry.out_channels * itemsize + band_bytes) + passing_bytes
    halo_bytes = reach(height) * flat * (band_bytes + geometry.in_channels * picked)
    budget = (task.scratch_bytes - weight_bytes) // task.threads
    if row_bytes + halo_bytes > budget:
        return None
    most = max(1, _BLOCK_BYTES // row_bytes, -(-_PIXELS // flat))
    most = min(most, (budget - halo_bytes) // row_bytes)
    rows = even_part(height.output, most, task.threads if task.pixels >= task.threads * SHARED_PIXELS else 1)
    jobs = -(-height.output // rows)
    pixels = rows * flat
    panel = panel_of(task, filters, depth, pixels, run=run)
    run = panel.taps
    sums = height.kernel * (width.kernel // columns) * -(-depth // run)
    products = jobs * sums * groups * costs.product(panel, filters, run, pixels, itemsize)
    transposed = costs.COSTS.transposed * prod(geometry.weight_shape) * itemsize / 4
    gathered = groups * depth * (rows + reach(height)) * flat * planes
    # A block that is far larger than the caches is read from beyond them for each kernel element.
    far = (3 * geometry.out_channels + groups * run) * pixels * itemsize * costs.COSTS.far_weight
    if rows * row_bytes + halo_bytes <= costs.COSTS.near_bytes:
        far = 0.0
    calls = jobs * (2 * sums + 4 + 6 * planes * columns)
    nanoseconds = (
        costs.COSTS.setup
        + transposed
        + products
        + jobs * sums * far
        + jobs
        * (
            (sums - 1) * geometry.out_channels * pixels * costs.COSTS.add * itemsize / 4
            + costs.copy_rows(gathered, rows, flat, width.stride, itemsize)
            + costs.copy_rows(geometry.out_channels * rows * width.output, rows, width.output, 1, itemsize)
        )
        + calls * costs.COSTS.call
    )
    passing = rows * passing_bytes + reach(height) * flat * geometry.in_channels * picked
    shifts = (
        "kernel row multiplies shifted rows, laid out for each kernel column"
        if lowered
        else "kernel element multiplies shifted rows"
    )
    return Layout(
        ShiftedBlocks(rows, flat, run, lowered),
        jobs,
        nanoseconds,
        rows * row_bytes + halo_bytes - passing + sideways * band_bytes,
        weight_bytes,
        f"each {shifts}, {rows} of {height.output} output rows at a time",
        passing,
        products=costs.shared_product(panel, jobs * sums * groups, filters, run, pixels, itemsize),
        serial=transposed,
        calls=calls,
        panel=panel,
    )
