"""Large kernels over few channels by the fast Fourier transform, a block of the image at a time (overlap-save)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.engine import costs
from conv2d_cli.engine.task import Layout, best, even_part

if TYPE_CHECKING:
    from conv2d_cli.engine.task import Task

_SIZES = (32, 64, 128, 256, 512)
# Transformed weights take channels x filters x size^2 elements: with many of both, products of matrices win anyway.
_PAIRS = 64
# Of the transformed blocks that are held at once.
_BLOCK_BYTES = 4 << 20


class FftBlocks(NamedTuple):
    """Side of a transformed block, output rows and columns it yields, and how many stand side by side at a time."""

    size: int
    rows: int
    columns: int
    together: int


def lay_out(task: Task) -> Layout | None:
    """Return the fastest block size; None with a stride, with many channels, or where no size holds the kernel."""
    geometry, (channels, filters) = task.geometry, task.group_channels
    if geometry.height.stride * geometry.width.stride > 1 or geometry.groups > 1 or channels * filters > _PAIRS:
        return None
    found = [_layout(task, size) for size in _SIZES]
    return best(found, task.threads)


def _layout(task: Task, size: int) -> Layout | None:
    geometry, itemsize = task.geometry, task.itemsize
    channels, filters = geometry.in_channels, geometry.out_channels
    rows = min(size - geometry.height.effective_kernel + 1, geometry.height.output)
    columns = min(size - geometry.width.effective_kernel + 1, geometry.width.output)
    if rows < 1 or columns < 1:
        return None
    across, down = -(-geometry.width.output // columns), -(-geometry.height.output // rows)
    # Two real numbers for each element of half a spectrum, in the copies that the transforms make.
    spectrum = 2 * itemsize * size * (size // 2 + 1)
    block_bytes = (2 * channels + 3) * spectrum + (channels + 1) * itemsize * size * size
    together = even_part(across, max(1, _BLOCK_BYTES // block_bytes))
    # Spectra of the kernels are kept; while they are made there are a copy of them and the padded kernels.
    making = channels * filters * (spectrum + size * size * itemsize)
    weight_bytes = channels * filters * spectrum + max(0, making - together * block_bytes)
    jobs = down * -(-across // together)
    if task.threads * together * block_bytes + weight_bytes > task.scratch_bytes:
        return None
    dense_bytes = itemsize * channels * size * size * together
    area, fft = size * size, costs.COSTS.fft / 2 * itemsize / 4
    spectra = channels * filters * area * fft
    nanoseconds = (
        costs.COSTS.setup
        + spectra
        + down
        * across
        * ((channels + filters) * area * fft + channels * filters * area * costs.COSTS.add * 4 * itemsize / 4)
    )
    nanoseconds += jobs * (10 + 6 * channels * filters) * costs.COSTS.call
    return Layout(
        FftBlocks(size, rows, columns, together),
        jobs,
        nanoseconds,
        dense_bytes,
        weight_bytes,
        f"Fourier transforms of {size}x{size} blocks that yield {rows}x{columns} output pixels each",
        together * block_bytes - dense_bytes,
        needs_finite=True,
        serial=spectra,
    )
