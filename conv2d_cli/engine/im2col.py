"""Convolution as matrix products: BLAS multiplies the weights with the columns of one block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.engine.blocks import convolve_blocks

if TYPE_CHECKING:
    from conv2d_cli.engine.plan import Plan

    Array = np.ndarray[Any, Any]


def convolve(plan: Plan, x: Array, weight: Array, bias: Array | None, out: Array) -> None:
    """Fill `out` (N, out_channels, Ho, Wo) from `x` (N, in_channels, H, W), of the types that the plan names."""

    def multiply(weight: Array, columns: Array, product: Array) -> None:
        _multiply_pairwise(weight, columns, plan.chunk_taps, product)

    convolve_blocks(plan, x, weight, bias, out, multiply)


def _multiply_pairwise(weight: Array, columns: Array, chunk_taps: int, product: Array) -> Array:
    """Fill `product` with `weight @ columns`; no more than `chunk_taps` products are added one after another.

    Source: N. J. Higham, "The accuracy of floating point summation", SIAM J. Sci. Comput. 14, 1993.
    """
    taps = weight.shape[-1]
    if taps <= chunk_taps:
        return np.matmul(weight, columns, out=product)
    chunks = -(-taps // chunk_taps)
    half = (chunks + 1) // 2 * chunk_taps
    _multiply_pairwise(weight[..., :half], columns[:, :half], chunk_taps, product)
    product += _multiply_pairwise(weight[..., half:], columns[:, half:], chunk_taps, np.empty_like(product))
    return product
