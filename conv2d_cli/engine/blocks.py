"""The loop over images and blocks that algorithms on lowered columns share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.engine.lowering import Block, Scratch, lower, shaped
from conv2d_cli.engine.plan import gathered_rows, span
from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conv2d_cli.engine.plan import Plan

    Array = np.ndarray[Any, Any]
    # Takes weight (groups, channels, K) and columns (groups, K, pixels), fills product (groups, channels, pixels).
    Multiply = Callable[[Array, Array, Array], object]


def convolve_blocks(plan: Plan, x: Array, weight: Array, bias: Array | None, out: Array, multiply: Multiply) -> None:
    """Fill `out` (N, out_channels, Ho, Wo), C-contiguous, block by block; `multiply` sums one block's products.

    `x` (N, in_channels, H, W), `weight` and `bias` may have any strides and byte order; they are only read.
    """
    geometry, compute_dtype = plan.geometry, numpy_dtype(plan.compute_dtype)
    groups, group_channels = geometry.groups, geometry.out_channels // geometry.groups
    grouped_weight = weight.reshape(groups, group_channels, geometry.taps_per_output)
    grouped_bias = None if bias is None else bias.reshape(groups, group_channels, 1)
    grouped_out = out.reshape(-1, groups, group_channels, *out.shape[2:])
    scratch, sums = _scratch(plan, compute_dtype)
    for start in range(0, group_channels, plan.block_channels):
        channels = slice(start, start + plan.block_channels)
        tile_weight = np.ascontiguousarray(grouped_weight[:, channels], compute_dtype)
        tile_bias = None if grouped_bias is None else grouped_bias[:, channels].astype(compute_dtype)
        for image, image_out in zip(x, grouped_out, strict=True):
            for block in _blocks(plan):
                columns = lower(image, geometry, plan.padding_mode, block, scratch)
                product = shaped(sums, groups, tile_weight.shape[1], block.rows * block.columns)
                multiply(tile_weight, columns, product)
                if tile_bias is not None:
                    product += tile_bias
                target = image_out[:, channels, block.top : block.top + block.rows]
                _store(product, target[..., block.left : block.left + block.columns])


def _scratch(plan: Plan, dtype: np.dtype[Any]) -> tuple[Scratch, Array]:
    geometry, pixels = plan.geometry, plan.block_rows * plan.block_columns
    taps = geometry.in_channels * geometry.height.kernel * geometry.width.kernel
    padded = gathered_rows(geometry.height, plan.block_rows) * span(geometry.width, plan.block_columns)
    buffers = Scratch(np.empty(taps * pixels, dtype), np.empty(geometry.in_channels * padded, dtype))
    return buffers, np.empty(geometry.groups * plan.block_channels * pixels, dtype)


def _blocks(plan: Plan) -> Iterator[Block]:
    height, width = plan.geometry.height.output, plan.geometry.width.output
    for top in range(0, height, plan.block_rows):
        for left in range(0, width, plan.block_columns):
            yield Block(top, left, min(plan.block_rows, height - top), min(plan.block_columns, width - left))


def _store(product: Array, target: Array) -> None:
    """Bring a block's sums to the output's type; whole numbers wrap."""
    if product.dtype.kind == "f" and target.dtype.kind in "iu":
        product = product.astype(np.int64)
    np.copyto(target, product.reshape(target.shape), casting="unsafe")
