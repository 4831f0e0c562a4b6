"""Convolution as matrix products: windows are laid out as columns, one block of output pixels at a time.

Source: K. Chellapilla, S. Puri and P. Simard, "High performance convolutional neural networks for document
processing", 2006.
"""

from __future__ import annotations

from functools import partial
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.engine.columns import lowering
from conv2d_cli.engine.products import multiply, store
from conv2d_cli.engine.scratch import shaped
from conv2d_cli.engine.summation import spare_products
from conv2d_cli.engine.threads import share_out
from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conv2d_cli.engine.plan import Plan
    from conv2d_cli.engine.scratch import Scratch

    Array = np.ndarray[Any, Any]
    # Takes weight (groups, filters, K) and columns (groups, K, pixels), fills sums; the last is spare room like them.
    Multiply = Callable[[Array, Array, Array, list[Array]], object]


def prepare(plan: Plan, weight: Array, bias: Array | None) -> tuple[Array, Array | None]:
    """Return the weight as (groups, filters, K) and the bias as (groups, filters, 1), in their own type."""
    groups = plan.geometry.groups
    matrix = weight.reshape(groups, -1, plan.geometry.taps_per_output)
    return matrix, None if bias is None else bias.reshape(groups, -1, 1)


def convolve(plan: Plan, x: Array, parameters: tuple[Array, Array | None], out: Array) -> None:
    """Fill `out` (N, out_channels, Ho, Wo) from `x` (N, in_channels, H, W)."""
    kind, panel = plan.summation.kind, plan.layout.panel
    spares = spare_products(kind, plan.geometry.taps_per_output, panel.taps)

    def multiply_runs(weight: Array, columns: Array, sums: Array, room: list[Array]) -> None:
        multiply(weight, columns, kind, panel, sums, room)

    convolve_columns(plan, x, parameters, out, spares, multiply_runs)


def convolve_columns(
    plan: Plan, x: Array, parameters: tuple[Array, Array | None], out: Array, spares: int, multiply: Multiply
) -> None:
    """Go through `out` block by block; `multiply` sums one block's products with so many spare buffers."""
    geometry, blocks = plan.geometry, plan.layout.blocks
    dtype, (weight, bias), groups = numpy_dtype(plan.summation.compute_dtype), parameters, geometry.groups
    window = geometry.height.kernel * geometry.width.kernel
    jobs, shared = _jobs(plan, out, dtype)

    def work_of(tile: _Tile, scratch: Scratch) -> Callable[[_Job], None]:
        lower = lowering(plan, dtype, scratch)
        size = groups * blocks.channels * blocks.rows * blocks.columns
        several = blocks.depth < geometry.in_channels
        room = [scratch.take(size, dtype=dtype) for _ in range(spares + several + (not blocks.direct))]

        def work(job: _Job) -> None:
            target = job.target[:, tile.channels]
            shape = (groups, tile.weight.shape[1], prod(target.shape[2:]))
            buffers = [shaped(buffer, *shape) for buffer in room]
            sums = target.reshape(shape) if blocks.direct else buffers.pop()
            for number, part in enumerate(job.parts):
                columns = lower(x[job.image, part], job.top, job.left, *target.shape[2:])
                taps = slice(part.start * window, part.stop * window)
                product = buffers[-1] if number else sums
                multiply(tile.weight[..., taps], columns, product, buffers)
                if number:
                    sums += product
            if tile.bias is not None and job.is_whole:
                sums += tile.bias
            if not blocks.direct:
                store(sums.reshape(target.shape), target)

        return work

    for tile in _tiles(weight, bias, blocks.channels, dtype):
        share_out(jobs, plan, partial(work_of, tile))
    for sums in shared:
        _add_up(sums, bias)


def _add_up(sums: list[Array], bias: Array | None) -> None:
    """Add the sums of all parts to the first, and the bias last, as a job does that has all parts."""
    first, *others = sums
    for other in others:
        first += other
    if bias is not None:
        first += bias[..., None]


class _Job(NamedTuple):
    """Output pixels of an image from (top, left) on, the input channels that are summed, and where to.

    `target` is (groups, filters, rows, columns). Parts of the channels are summed one after another.
    """

    image: int
    top: int
    left: int
    parts: list[slice]
    target: Array
    is_whole: bool = True


def _jobs(plan: Plan, out: Array, dtype: np.dtype[Any]) -> tuple[list[_Job], list[list[Array]]]:
    """Return the jobs, and the sums that are still to be added: of each part of a block, the first in `out`."""
    geometry, blocks, (height, width) = plan.geometry, plan.layout.blocks, out.shape[2:]
    grouped_out = out.reshape(len(out), geometry.groups, -1, height, width)
    starts = range(0, geometry.in_channels, blocks.depth)
    parts = [slice(start, start + blocks.depth) for start in starts]
    corners = list(product(range(len(out)), range(0, height, blocks.rows), range(0, width, blocks.columns)))
    # Blocks that not every worker has one of are shared out by input channels, which each of them sums for itself.
    few = len(corners) % plan.workers if len(parts) > 1 else 0
    jobs, shared = [], []
    for number, (image, top, left) in enumerate(corners, start=few - len(corners)):
        target = grouped_out[image, :, :, top : top + blocks.rows, left : left + blocks.columns]
        if number < 0:
            jobs.append(_Job(image, top, left, parts, target))
        else:
            sums = [target, *(np.empty(target.shape, dtype) for _ in parts[1:])]
            shared.append(sums)
            jobs += [_Job(image, top, left, [part], to, is_whole=False) for part, to in zip(parts, sums, strict=True)]
    return jobs, shared


class _Tile(NamedTuple):
    """Some filters of each group, (groups, filters, K), with their biases, (groups, filters, 1)."""

    channels: slice
    weight: Array
    bias: Array | None


def _tiles(weight: Array, bias: Array | None, channels: int, dtype: np.dtype[Any]) -> Iterator[_Tile]:
    """Yield the filters, so many of each group at a time."""
    for first in range(0, weight.shape[1], channels):
        part = slice(first, first + channels)
        tile_bias = None if bias is None else bias[:, part].astype(dtype)
        yield _Tile(part, np.ascontiguousarray(weight[:, part], dtype), tile_bias)
