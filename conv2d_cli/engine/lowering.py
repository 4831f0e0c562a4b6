"""Windows of the input laid out as columns, one block of output pixels at a time, with the padding made on the way.

Only the rows that the block needs are gathered, so neither a padded input nor a whole im2col matrix ever exists.
Source: K. Chellapilla, S. Puri and P. Simard, "High performance convolutional neural networks for document
processing", 2006.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.engine.plan import rows_at_once, span

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.arithmetic.window import Axis

    Array = np.ndarray[Any, Any]

# The real element that each padded position repeats; positions may lie outside [0, size).
_SOURCES: dict[str, Callable[[Array, int], Array]] = {
    "reflect": lambda positions, size: (size - 1) - np.abs((size - 1) - np.abs(positions)),
    "replicate": lambda positions, size: np.clip(positions, 0, size - 1),
    "circular": lambda positions, size: positions % size,
}


class Block(NamedTuple):
    """Output pixels that are worked out together."""

    top: int
    left: int
    rows: int
    columns: int


class Scratch(NamedTuple):
    """Flat buffers of the compute type, used again for every block."""

    columns: Array
    padded: Array


def shaped(buffer: Array, *shape: int) -> Array:
    """Return the start of a flat buffer as an array of `shape`."""
    return buffer[: prod(shape)].reshape(shape)


def lower(image: Array, geometry: Geometry, padding_mode: str, block: Block, scratch: Scratch) -> Array:
    """Return the windows of `block` as (groups, K, pixels), a view of `scratch.columns`.

    `image` is (in_channels, H, W), of any strides, byte order and type that converts to the scratch's.
    """
    height, width = geometry.height, geometry.width
    taps, step, jump = rows_at_once(height)
    channels, reach, first_column = len(image), span(width, block.columns), block.left * width.stride - width.before
    # A window of one element is that element itself.
    single = taps == width.kernel == width.stride == 1
    columns = shaped(scratch.columns, channels, height.kernel, width.kernel, block.rows, block.columns)
    for tap in range(0, height.kernel, taps):
        target = columns[:, tap : tap + taps]
        rows = (block.rows - 1) * jump + taps
        padded = target[:, 0, 0] if single else shaped(scratch.padded, channels, rows, reach)
        first_row = block.top * height.stride - height.before + tap * height.dilation
        _gather(
            image,
            _parts(padding_mode, first_row, step, rows, height.size),
            _parts(padding_mode, first_column, 1, reach, width.size),
            padded,
        )
        if not single:
            np.copyto(target, _windows(padded, jump, width, target.shape))
    return columns.reshape(geometry.groups, geometry.taps_per_output, -1)


# Positions of a padded axis, and the elements of the real one that stand there.
Part = tuple[slice, "slice | Array"]


@lru_cache(maxsize=256)
def _parts(padding_mode: str, first: int, step: int, count: int, size: int) -> tuple[Part, ...]:
    """Return where the elements first, first + step, ... come from: the real ones, then any that repeat one."""
    low = min(count, max(0, -(first // step)))
    high = max(low, min(count, -((first - size) // step)))
    start = first + low * step
    real = (slice(low, high), slice(start, start + (high - low) * step, step))
    if padding_mode == "zeros":
        return (real,)
    sides = ((begin, end) for begin, end in ((0, low), (high, count)) if begin < end)
    source = _SOURCES[padding_mode]
    repeated = (
        (slice(begin, end), source(np.arange(first + begin * step, first + end * step, step), size))
        for begin, end in sides
    )
    return (real, *repeated)


def _gather(image: Array, rows: tuple[Part, ...], columns: tuple[Part, ...], padded: Array) -> None:
    """Fill `padded` (channels, rows, columns); what no part covers is zero."""
    if (_covered(rows), _covered(columns)) != padded.shape[1:]:
        padded[...] = 0
    for row_target, row_source in rows:
        for column_target, column_source in columns:
            padded[:, row_target, column_target] = _pick(image, row_source, column_source)


def _covered(parts: tuple[Part, ...]) -> int:
    return sum(target.stop - target.start for target, _ in parts)


def _pick(image: Array, rows: slice | Array, columns: slice | Array) -> Array:
    """Return (channels, rows, columns) of the image, each axis picked for itself."""
    if isinstance(rows, slice) or isinstance(columns, slice):
        return image[:, rows, columns]
    return image[:, rows[:, None], columns]


def _windows(padded: Array, jump: int, width: Axis, shape: tuple[int, ...]) -> Array:
    """Return each kernel element's view, as (channels, kh, kw, rows, columns), of a contiguous `padded`."""
    channel, row, element = padded.strides
    strides = (channel, row, width.dilation * element, jump * row, width.stride * element)
    return np.ndarray(shape, padded.dtype, padded, 0, strides)
