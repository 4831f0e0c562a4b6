"""Large images in tiles, on integers alone: each is a convolution of its own on the real input and padding it reads.

Tiles depend on the layer and the image's size, so an image has the same bits in memory, from a file and in a batch.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.engine.planning.blocking import even_part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.arithmetic.window import Axis

# Input and output of one image: up to the first it is convolved whole, else a tile takes about the second.
_WHOLE_BYTES, _TILE_BYTES = 64 << 20, 24 << 20
# What an algorithm may take beside a tile.
TILE_WORKSPACE_BYTES = 32 << 20


class Tiling(NamedTuple):
    """Output rows and columns of a tile; the last ones may have fewer."""

    rows: int
    columns: int


class Tile(NamedTuple):
    """A rectangle of the output of one image."""

    top: int
    left: int
    rows: int
    columns: int


def tiling_of(geometry: Geometry, itemsize: int) -> Tiling | None:
    """Return the tiles of one image whose elements have `itemsize` bytes; None where it is convolved whole."""
    height, width = geometry.height.output, geometry.width.output
    whole = geometry.in_channels * geometry.height.size * geometry.width.size + geometry.out_channels * height * width
    if whole * itemsize <= _WHOLE_BYTES:
        return None
    # A tile spans the width if it has four output rows for each input row of its halo: else columns are cut too.
    least = min(height, 4 * max(1, geometry.height.effective_kernel - geometry.height.stride))
    columns = _most(width, lambda count: tile_bytes(geometry, Tiling(least, count), itemsize))
    rows = _most(height, lambda count: tile_bytes(geometry, Tiling(count, columns), itemsize))
    return Tiling(even_part(height, rows), even_part(width, columns))


def tiles_of(geometry: Geometry, tiling: Tiling) -> Iterator[Tile]:
    """Yield the tiles of one image, row by row."""
    height, width = geometry.height.output, geometry.width.output
    for top, left in product(range(0, height, tiling.rows), range(0, width, tiling.columns)):
        yield Tile(top, left, min(tiling.rows, height - top), min(tiling.columns, width - left))


def tile_geometry(geometry: Geometry, rows: int, columns: int) -> Geometry:
    """Return the geometry of one tile, whose padding is part of its input."""
    return geometry._replace(batch=1, height=_part(geometry.height, rows), width=_part(geometry.width, columns))


def tile_bytes(geometry: Geometry, tiling: Tiling, itemsize: int) -> int:
    """Return the bytes of input and output of a tile."""
    part = tile_geometry(geometry, *tiling)
    elements = part.in_channels * part.height.size * part.width.size + part.out_channels * tiling.rows * tiling.columns
    return elements * itemsize


def _part(axis: Axis, outputs: int) -> Axis:
    return axis._replace(size=(outputs - 1) * axis.stride + axis.effective_kernel, before=0, after=0).simplest


def _most(total: int, size: Callable[[int], int]) -> int:
    """Return the largest part of `total` whose size, which is linear, a tile may have, or 1."""
    return max(1, min(total, 1 + (_TILE_BYTES - size(1)) // (size(2) - size(1))))
