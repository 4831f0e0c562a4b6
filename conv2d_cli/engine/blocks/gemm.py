"""Products of matrices, as BLAS makes them, at once or in tiles; whole numbers that wrap, tap by tap."""

from __future__ import annotations

from itertools import product as pairs_of
from typing import TYPE_CHECKING

import numpy as np

from conv2d_cli.engine.runtime.workspace import shaped

if TYPE_CHECKING:
    from conv2d_cli.engine.planning.gemm_tile import GemmTile
    from conv2d_cli.numpy_dtypes import Array


def multiply(
    weight: Array, columns: Array, sums: Array, tile: GemmTile | None = None, partial: Array | None = None
) -> None:
    """Fill `sums` (..., rows, pixels) with `weight` (..., rows, K) times `columns` (..., K, pixels).

    `partial` is a flat buffer of the size of `sums`, where `partial_sums` says that one is needed.
    """
    taps = weight.shape[-1]
    if sums.dtype.kind == "u":
        _multiply_tap_by_tap(weight, columns, sums, _like(sums, partial))
    elif tile is None or taps <= tile.depth:
        multiply_tiles(weight, columns, tile, sums)
    else:
        buffer = _like(sums, partial)
        for start in range(0, taps, tile.depth):
            block = slice(start, start + tile.depth)
            multiply_tiles(weight[..., block], columns[..., block, :], tile, buffer if start else sums)
            if start:
                sums += buffer


def multiply_tiles(left: Array, right: Array, tile: GemmTile | None, out: Array) -> None:
    """Fill `out` with a product whose sums are not cut: in tiles, or at once."""
    if left.shape[-1] == 1:
        # BLAS takes ten times as long. A sum starts from +0, so -0 alone is +0.
        np.multiply(left, right, out=out)
        out += 0
    elif tile is None:
        np.matmul(left, right, out=out)
    else:
        _multiply_tiles(left, right, tile, out)


def _like(sums: Array, buffer: Array | None) -> Array:
    assert buffer is not None  # noqa: S101 - the plan has counted it
    return shaped(buffer, *sums.shape)


def _multiply_tap_by_tap(weight: Array, columns: Array, sums: Array, term: Array) -> None:
    sums[...] = 0
    for tap in range(weight.shape[-1]):
        np.multiply(weight[..., tap, None], columns[..., None, tap, :], out=term)
        sums += term


def _multiply_tiles(left: Array, right: Array, tile: GemmTile, out: Array) -> None:
    (rows, depth), columns = left.shape[-2:], right.shape[-1]
    for (down, height), (across, width) in pairs_of(_parts(rows, tile.rows), _parts(columns, tile.columns)):
        some, others, target = left[..., down, :], right[..., across], out[..., down, across]
        # A batch of tiles (..., parts of the rows, parts of the columns, height, width).
        some = some.reshape(*some.shape[:-2], -1, 1, height, depth)
        others = others.reshape(*others.shape[:-1], -1, width).swapaxes(-3, -2)[..., None, :, :, :]
        target = target.reshape(*target.shape[:-2], -1, height, target.shape[-1] // width, width).swapaxes(-3, -2)
        np.matmul(some, others, out=target)


def _parts(total: int, most: int) -> list[tuple[slice, int]]:
    """Return what is cut into parts of one size, which follows: all that make whole ones, and the rest."""
    whole = total - total % most
    parts = [(slice(0, whole), most), (slice(whole, total), total - whole)]
    return [(part, size) for part, size in parts if part.stop > part.start]


def store(sums: Array, target: Array) -> None:
    """Bring sums to the output's type; whole numbers wrap modulo 2^bits."""
    if sums.dtype.kind == "f" and target.dtype.kind in "iu":
        sums = sums.astype(np.int64)
    np.copyto(target, sums, casting="unsafe")
