"""Products of matrices, in panels, whose sums keep the error bound: in runs, added one to the next or pairwise."""

from __future__ import annotations

from itertools import product as pairs_of
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.engine.summation import WIDE

if TYPE_CHECKING:
    from conv2d_cli.engine.panels import Panel

    Array = np.ndarray[Any, Any]


def multiply(weight: Array, columns: Array, kind: str, panel: Panel, product: Array, spares: list[Array]) -> None:
    """Fill `product` (..., rows, pixels) with `weight` (..., rows, K) times `columns` (..., K, pixels).

    Sums of `kind` are made in runs of the taps of `panel`.
    """
    taps, run = weight.shape[-1], panel.taps
    if taps == 1:
        # BLAS takes ten times as long. A sum starts from +0, so -0 alone is +0.
        np.multiply(weight, columns, out=product)
        product += 0
    elif taps <= run:
        multiply_panels(weight, columns, panel, product)
    elif kind == WIDE:
        _multiply_pairwise(weight, columns, panel, product, spares)
    else:
        multiply_panels(weight[..., :run], columns[..., :run, :], panel, product)
        for start in range(run, taps, run):
            part = slice(start, start + run)
            multiply_panels(weight[..., part], columns[..., part, :], panel, spares[0])
            product += spares[0]


def _multiply_pairwise(weight: Array, columns: Array, panel: Panel, product: Array, spares: list[Array]) -> None:
    """Add the runs as a balanced tree.

    Source: N. J. Higham, "The accuracy of floating point summation", SIAM J. Sci. Comput. 14, 1993.
    """
    taps, run = weight.shape[-1], panel.taps
    if taps <= run:
        multiply_panels(weight, columns, panel, product)
        return
    half = (-(-taps // run) + 1) // 2 * run
    _multiply_pairwise(weight[..., :half], columns[..., :half, :], panel, product, spares)
    _multiply_pairwise(weight[..., half:], columns[..., half:, :], panel, spares[0], spares[1:])
    product += spares[0]


def multiply_panels(left: Array, right: Array, panel: Panel, product: Array) -> None:
    """Fill `product` (..., rows, columns) with `left` (..., rows, K) times `right` (..., K, columns), in panels."""
    (rows, depth), columns = left.shape[-2:], right.shape[-1]
    if rows <= panel.rows and columns <= panel.columns:
        np.matmul(left, right, out=product)
        return
    for (down, height), (across, width) in pairs_of(_parts(rows, panel.rows), _parts(columns, panel.columns)):
        some, others, target = left[..., down, :], right[..., across], product[..., down, across]
        # A batch of panels (..., parts of the rows, parts of the columns, height, width).
        some = some.reshape(*some.shape[:-2], -1, 1, height, depth)
        others = others.reshape(*others.shape[:-1], -1, width).swapaxes(-3, -2)[..., None, :, :, :]
        target = target.reshape(*target.shape[:-2], -1, height, target.shape[-1] // width, width).swapaxes(-3, -2)
        np.matmul(some, others, out=target)


def _parts(total: int, most: int) -> list[tuple[slice, int]]:
    """Return what is to be cut in parts of the same size, which follows: all that make whole ones, and the rest."""
    whole = total - total % most
    parts = [(slice(0, whole), most), (slice(whole, total), total - whole)]
    return [(part, size) for part, size in parts if part.stop > part.start]


def store(product: Array, target: Array) -> None:
    """Bring sums to the output's type; whole numbers wrap."""
    if product.dtype.kind == "f" and target.dtype.kind in "iu":
        product = product.astype(np.int64)
    np.copyto(target, product, casting="unsafe")
