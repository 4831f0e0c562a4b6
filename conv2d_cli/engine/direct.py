"""Convolution of whole numbers: product after product in unsigned arithmetic, which wraps modulo 2^bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.engine.blocks import convolve_blocks

if TYPE_CHECKING:
    from conv2d_cli.engine.plan import Plan

    Array = np.ndarray[Any, Any]


def convolve(plan: Plan, x: Array, weight: Array, bias: Array | None, out: Array) -> None:
    """Fill `out` (N, out_channels, Ho, Wo) from `x` (N, in_channels, H, W), of the types that the plan names."""
    convolve_blocks(plan, x, weight, bias, out, _multiply)


def _multiply(weight: Array, columns: Array, product: Array) -> None:
    term = np.empty_like(product)
    product[...] = 0
    for tap in range(columns.shape[1]):
        product += np.multiply(weight[:, :, tap, None], columns[:, None, tap], out=term)
