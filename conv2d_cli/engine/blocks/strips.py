"""Padded strips: rows and columns of an image gathered into a dense buffer, with the padding made on the way.

Only what a block needs is gathered, so a padded input never exists as a whole.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    from conv2d_cli.arithmetic.window import Axis
    from conv2d_cli.numpy_dtypes import Array


class Image(Protocol):
    """An image (channels, H, W) of which parts are taken as `image[..., rows, columns]`: an array, or one in a file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Channels, height and width."""

    def __getitem__(self, key: Any) -> Array:  # noqa: ANN401 - slices and arrays of indices
        """Return the rows and columns asked for."""


class Span(NamedTuple):
    """Positions of one axis, counted from its first real element: first, first + step, ... of a number."""

    first: int
    step: int
    length: int


def window_span(axis: Axis, first: int, outputs: int) -> Span:
    """Return the positions that neighbouring outputs read, from output `first` on, those between taps included."""
    return Span(first * axis.stride - axis.before, 1, (outputs - 1) * axis.stride + axis.effective_kernel)


def gather(image: Image, padding_mode: str, rows: Span, columns: Span, strip: Array) -> None:
    """Fill `strip` (..., rows, columns) from `image` (..., H, W), of any strides, byte order and type that converts."""
    clear_rows(strip, padding_mode, rows, image.shape[-2])
    clear_columns(strip, padding_mode, columns, image.shape[-1])
    gather_real(image, padding_mode, rows, columns, strip)


def gather_real(image: Image, padding_mode: str, rows: Span, columns: Span, strip: Array) -> None:
    """Do as `gather`, but leave the zeros of padding to `clear_rows` and `clear_columns`."""
    height, width = image.shape[-2:]
    for row_target, row_source in _parts(padding_mode, *rows, height):
        for column_target, column_source in _parts(padding_mode, *columns, width):
            strip[..., row_target, column_target] = _take(image, row_source, column_source)


def clear_rows(strip: Array, padding_mode: str, rows: Span, height: int) -> None:
    """Put zeros in the rows of `strip` (..., rows, columns) that padding with zeros makes."""
    clear_columns(strip.swapaxes(-1, -2), padding_mode, rows, height)


def clear_columns(strip: Array, padding_mode: str, columns: Span, width: int) -> None:
    """Put zeros in the columns of `strip` (..., columns) that padding with zeros makes."""
    if padding_mode == "zeros":
        real = _parts(padding_mode, *columns, width)[0][0]
        if real.start:
            strip[..., : real.start] = 0
        if real.stop < strip.shape[-1]:
            strip[..., real.stop :] = 0


# Positions of a padded axis, and the elements of the real one that stand there.
Part = tuple[slice, "slice | Array"]


@lru_cache(maxsize=1024)
def _parts(padding_mode: str, first: int, step: int, count: int, size: int) -> tuple[Part, ...]:
    """Return where the elements first, first + step, ... come from: the real ones, then any that repeat one."""
    low = min(count, max(0, -(first // step)))
    high = max(low, min(count, -((first - size) // step)))
    start = first + low * step
    real = (slice(low, high), slice(start, start + (high - low) * step, step))
    if padding_mode == "zeros":
        return (real,)
    sides = ((begin, end) for begin, end in ((0, low), (high, count)) if begin < end)
    positions = np.arange(first, first + count * step, step)
    return (real, *((slice(begin, end), _repeated(padding_mode, positions[begin:end], size)) for begin, end in sides))


def _repeated(padding_mode: str, positions: Array, size: int) -> Array:
    """Return the real elements that padded positions repeat.

    Positions beyond the padding, which only outputs that are thrown away read, may give any.
    """
    if padding_mode == "circular":
        return positions % size
    if padding_mode == "reflect":
        positions = (size - 1) - np.abs((size - 1) - np.abs(positions))
    return np.minimum(np.maximum(positions, 0), size - 1)


def _take(image: Image, rows: slice | Array, columns: slice | Array) -> Array:
    """Return (..., rows, columns) of the image, each axis taken for itself."""
    if isinstance(rows, slice) or isinstance(columns, slice):
        return image[..., rows, columns]
    return image[..., rows[:, None], columns]
