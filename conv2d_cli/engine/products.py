"""Products of matrices whose sums keep the error bound: in runs, added one to the next or pairwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.engine.summation import WIDE

if TYPE_CHECKING:
    from conv2d_cli.engine.summation import Summation

    Array = np.ndarray[Any, Any]


def multiply(weight: Array, columns: Array, summation: Summation, product: Array, spares: list[Array]) -> None:
    """Fill `product` (..., rows, pixels) with `weight` (..., rows, K) times `columns` (..., K, pixels)."""
    taps, run = weight.shape[-1], summation.run_taps
    if taps == 1:
        # BLAS takes ten times as long. A sum starts from +0, so -0 alone is +0.
        np.multiply(weight, columns, out=product)
        product += 0
    elif taps <= run:
        np.matmul(weight, columns, out=product)
    elif summation.kind == WIDE:
        _multiply_pairwise(weight, columns, run, product, spares)
    else:
        np.matmul(weight[..., :run], columns[..., :run, :], out=product)
        for start in range(run, taps, run):
            part = slice(start, start + run)
            np.matmul(weight[..., part], columns[..., part, :], out=spares[0])
            product += spares[0]


def _multiply_pairwise(weight: Array, columns: Array, run: int, product: Array, spares: list[Array]) -> None:
    """Add the runs as a balanced tree.

    Source: N. J. Higham, "The accuracy of floating point summation", SIAM J. Sci. Comput. 14, 1993.
    """
    taps = weight.shape[-1]
    if taps <= run:
        np.matmul(weight, columns, out=product)
        return
    half = (-(-taps // run) + 1) // 2 * run
    _multiply_pairwise(weight[..., :half], columns[..., :half, :], run, product, spares)
    _multiply_pairwise(weight[..., half:], columns[..., half:, :], run, spares[0], spares[1:])
    product += spares[0]


def store(product: Array, target: Array) -> None:
    """Bring sums to the output's type; whole numbers wrap."""
    if product.dtype.kind == "f" and target.dtype.kind in "iu":
        product = product.astype(np.int64)
    np.copyto(target, product, casting="unsafe")
