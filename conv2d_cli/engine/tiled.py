"""The tiles of a large image: the input that each reads, and its plan."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.engine.bands import Image, Span, gather
from conv2d_cli.engine.plan import Plan, plan_convolution
from conv2d_cli.engine.tiles import TILE_SCRATCH_BYTES, Tile, tile_geometry
from conv2d_cli.errors import UsageError
from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from conv2d_cli.arithmetic.window import Axis

    Array = np.ndarray[Any, Any]


@lru_cache(maxsize=256)
def plan_of_tile(plan: Plan, rows: int, columns: int) -> Plan:
    """Return how a tile of so many output rows and columns of a plan's image is worked out."""
    again = partial(
        plan_convolution,
        tile_geometry(plan.geometry, rows, columns),
        dtype=plan.dtype,
        accuracy=plan.accuracy,
        threads=plan.threads,
        small_unpacked=plan.small_unpacked,
        kind=plan.kind,
        scratch_bytes=TILE_SCRATCH_BYTES,
        tiled=False,
    )
    try:
        return again(algorithm=plan.asked_algorithm)
    except UsageError:
        # The last tiles are smaller, and a named algorithm may not take them.
        return again()


def gathered_tile(plan: Plan, image: Image, tile: Tile) -> Array:
    """Return what a tile reads as (1, channels, rows, columns): dense, the padding made."""
    geometry = plan.geometry
    rows, columns = _span(geometry.height, tile.top, tile.rows), _span(geometry.width, tile.left, tile.columns)
    band = np.empty((1, geometry.in_channels, rows.length, columns.length), numpy_dtype(plan.dtype))
    gather(image, plan.padding_mode, rows, columns, band[0])
    return band


def _span(axis: Axis, first: int, outputs: int) -> Span:
    return Span(first * axis.stride - axis.before, 1, (outputs - 1) * axis.stride + axis.effective_kernel)
