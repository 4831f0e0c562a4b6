"""Convolution of whole numbers: product after product in unsigned arithmetic, which wraps modulo 2^bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.engine.im2col import convolve_columns, prepare

if TYPE_CHECKING:
    from conv2d_cli.engine.plan import Plan

    Array = np.ndarray[Any, Any]

__all__ = ["convolve", "prepare"]


def convolve(plan: Plan, x: Array, parameters: tuple[Array, Array | None], out: Array) -> None:
    """Fill `out` (N, out_channels, Ho, Wo) from `x` (N, in_channels, H, W)."""
    convolve_columns(plan, x, parameters, out, 1, _multiply)


def _multiply(weight: Array, columns: Array, sums: Array, spares: list[Array]) -> None:
    term = spares[0]
    sums[...] = 0
    for tap in range(columns.shape[1]):
        np.multiply(weight[:, :, tap, None], columns[:, None, tap], out=term)
        sums += term
