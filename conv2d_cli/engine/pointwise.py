"""A 1x1 kernel without padding as one product of matrices: the input itself is the matrix of columns."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.engine.products import multiply
from conv2d_cli.engine.scratch import Scratch, shaped
from conv2d_cli.engine.summation import spare_products
from conv2d_cli.engine.threads import share_out

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.engine.plan import Plan

    Array = np.ndarray[Any, Any]


def prepare(plan: Plan, weight: Array, bias: Array | None) -> tuple[Array, Array | None]:
    """Return the weight as (groups, filters, channels), and the bias as (groups, filters, 1)."""
    groups = plan.geometry.groups
    matrix = np.ascontiguousarray(weight, weight.dtype.newbyteorder("=")).reshape(groups, -1, weight.shape[1])
    return matrix, None if bias is None else bias.astype(matrix.dtype).reshape(groups, -1, 1)


def convolve(plan: Plan, x: Array, parameters: tuple[Array, Array | None], out: Array) -> None:
    """Fill `out` (N, out_channels, Ho, Wo) from `x` (N, in_channels, H, W)."""
    geometry, (block_rows, block_columns, copied) = plan.geometry, plan.layout.blocks
    (weight, bias), groups = parameters, geometry.groups
    vertical, horizontal = geometry.height.stride, geometry.width.stride
    kind, panel = plan.summation.kind, plan.layout.panel
    spares = spare_products(kind, weight.shape[2], panel.taps)
    if plan.workers == 1 and not copied and not spares and block_rows == out.shape[2] and x.flags.c_contiguous:
        # All images are one block each, and the input is their matrices.
        sums = out.reshape(len(out), groups, weight.shape[1], -1)
        multiply(weight, x.reshape(len(x), groups, weight.shape[2], -1), kind, panel, sums, [])
        if bias is not None:
            sums += bias
        return
    grouped_out = out.reshape(out.shape[0], groups, weight.shape[1], *out.shape[2:])

    def work_of(scratch: Scratch) -> Callable[[tuple[int, int, int]], None]:
        pixels = block_rows * block_columns
        spare = [scratch.take(geometry.out_channels * pixels, dtype=out.dtype) for _ in range(spares)]
        columns = scratch.take(geometry.in_channels * pixels if copied else 0, dtype=out.dtype)

        def work(job: tuple[int, int, int]) -> None:
            image, top, left = job
            target = grouped_out[image, :, :, top : top + block_rows, left : left + block_columns]
            rows, width = target.shape[2:]
            window = x[
                image,
                :,
                top * vertical : (top + rows - 1) * vertical + 1 : vertical,
                left * horizontal : (left + width - 1) * horizontal + 1 : horizontal,
            ]
            if copied:
                dense = shaped(columns, *window.shape)
                np.copyto(dense, window)
                window = dense
            sums = target.reshape(groups, -1, rows * width)
            parts = [shaped(buffer, *sums.shape) for buffer in spare]
            multiply(weight, window.reshape(groups, -1, rows * width), kind, panel, sums, parts)
            if bias is not None:
                sums += bias

        return work

    height, width = out.shape[2:]
    jobs = product(range(len(x)), range(0, height, block_rows), range(0, width, block_columns))
    share_out(jobs, plan, work_of)
