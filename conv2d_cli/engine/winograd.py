"""3x3 convolution by Winograd's F(m,3) down the rows and F(2,3) across the columns; `layouts/winograd.py` derives both.

Either threads share blocks of rows out, each with all filters, transformed before; or they share the parts of one block
of whole images, each transforming the filters that it multiplies by, in room that stays near.
"""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.engine.scratch import split
from conv2d_cli.engine.threads import do_all, share_out
from conv2d_cli.engine.winograd_blocks import Worker, block_of, rooms_of
from conv2d_cli.engine.winograd_filters import Filters

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.engine.plan import Plan
    from conv2d_cli.engine.scratch import Scratch

    Array = np.ndarray[Any, Any]


def prepare(plan: Plan, weight: Array, bias: Array | None) -> Filters:
    """Return weight and bias; a weight in one part is transformed now."""
    dtype = weight.dtype.newbyteorder("=")
    filters = Filters(plan, np.ascontiguousarray(weight, dtype), None if bias is None else bias.astype(dtype))
    if len(filters.parts) == 1:
        filters.keep(0, plan.workers)
    return filters


def convolve(plan: Plan, x: Array, filters: Filters, out: Array) -> None:
    """Fill `out` (N, out_channels, Ho, Wo) from `x` (N, in_channels, H, W)."""
    tile_rows, block_rows, _, filter_parts = plan.layout.blocks
    if filter_parts > 1:
        _convolve_in_parts(plan, x, filters, out)
        return

    def work_of(scratch: Scratch) -> Callable[[tuple[int, int]], None]:
        rooms = rooms_of(plan, scratch)
        worker = Worker(block_of(plan, filters, 1, scratch), rooms, 0)

        def work(job: tuple[int, int]) -> None:
            image, first = job
            worker.to_points(x[image, None], first, 0)
            worker.to_output(out[image, None], first, 0)

        return work

    tiles = -(-plan.geometry.height.output // tile_rows)
    share_out(product(range(len(x)), range(0, tiles, block_rows)), plan, work_of)


def _convolve_in_parts(plan: Plan, x: Array, filters: Filters, out: Array) -> None:
    """Bring some whole images at a time through, all workers part by part of the channels and then of the filters."""
    layout, workers, together = plan.layout, plan.workers, plan.images_at_once
    (*_, channel_parts, filter_parts) = layout.blocks
    if filters.used_again() or plan.keeps_parameters:
        do_all(range(filter_parts), [lambda: filters.keep] * workers)
    (whole,) = split(workers * layout.worker_bytes + together * layout.shared_bytes, 1)
    for start in range(0, len(x), together):
        images, images_out = x[start : start + together], out[start : start + together]
        if start == 0 or len(images) < together:
            scratch = whole.anew()
            rooms = [rooms_of(plan, scratch) for _ in range(workers)]
            block = block_of(plan, filters, len(images), scratch)
            sharing = [Worker(block, some, number) for number, some in enumerate(rooms)]
        do_all(range(channel_parts), [partial(partial, worker.to_points, images, 0) for worker in sharing])
        do_all(range(filter_parts), [partial(partial, worker.to_output, images_out, 0) for worker in sharing])
