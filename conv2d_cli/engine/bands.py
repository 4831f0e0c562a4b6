"""Rows and columns of an image gathered into a dense buffer, with the padding made on the way.

Only what a block needs is gathered, so a padded input never exists as a whole.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    Array = np.ndarray[Any, Any]

# The real element that each padded position repeats. Positions beyond the padding, which only outputs that are thrown
# away read, may give any number.
_SOURCES: dict[str, Callable[[Array, int], Array]] = {
    "reflect": lambda positions, size: (size - 1) - np.abs((size - 1) - np.abs(positions)),
    "replicate": lambda positions, size: np.clip(positions, 0, size - 1),
    "circular": lambda positions, size: positions % size,
}


class Image(Protocol):
    """An image (channels, H, W) of which parts are taken as `image[..., rows, columns]`: an array, or one in a file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Channels, height and width."""

    def __getitem__(self, key: Any) -> Array:  # noqa: ANN401 - slices and arrays of indices
        """Return the rows and columns asked for."""


class Span(NamedTuple):
    """Positions of one axis, counted from its first real element: first, first + step, ... so many."""

    first: int
    step: int
    length: int


def gather(
    image: Image, padding_mode: str, rows: Span, columns: Span, band: Array, *, sides_are_zero: bool = False
) -> None:
    """Fill `band` (..., rows, columns) from `image` (..., H, W), of any strides, byte order and type that converts.

    `sides_are_zero` says that the columns which padding with zeros makes hold zeros already.
    """
    height, width = image.shape[-2:]
    row_parts, column_parts = _parts(padding_mode, *rows, height), _parts(padding_mode, *columns, width)
    if padding_mode == "zeros":
        _clear_border(band, row_parts[0][0], column_parts[0][0], sides=not sides_are_zero)
    for row_target, row_source in row_parts:
        for column_target, column_source in column_parts:
            band[..., row_target, column_target] = _pick(image, row_source, column_source)


class Move(NamedTuple):
    """A part of a band, and the rows and columns of an image (..., H, W) that go there."""

    target: Array
    rows: slice | Array
    columns: slice | Array

    def make(self, image: Image) -> None:
        """Copy them."""
        self.target[...] = _pick(image, self.rows, self.columns)


def moves(size: tuple[int, int], padding_mode: str, rows: Span, columns: Span, band: Array) -> list[Move]:
    """Return what `gather` would do with each of many images of that size, but for the zeros."""
    row_parts, column_parts = _parts(padding_mode, *rows, size[0]), _parts(padding_mode, *columns, size[1])
    return [
        Move(band[..., row_target, column_target], row_source, column_source)
        for row_target, row_source in row_parts
        for column_target, column_source in column_parts
    ]


def ends(band: Array, padding_mode: str, rows: Span, height: int) -> list[Array]:
    """Return the parts of `band` (..., rows, columns) whose rows padding with zeros makes."""
    real = _parts(padding_mode, *rows, height)[0][0]
    parts = [band[..., : real.start, :], band[..., real.stop :, :]] if padding_mode == "zeros" else []
    return [part for part in parts if part.size]


def gathered(image: Array, padding_mode: str, rows: Span, columns: Span, dtype: np.dtype[Any]) -> Array:
    """Return a new dense array (..., rows, columns) of `dtype`; quicker than `gather` where it is small."""
    height, width = image.shape[-2:]
    band = (np.zeros if padding_mode == "zeros" else np.empty)((*image.shape[:-2], rows.length, columns.length), dtype)
    for row_target, row_source in _parts(padding_mode, *rows, height):
        for column_target, column_source in _parts(padding_mode, *columns, width):
            band[..., row_target, column_target] = _pick(image, row_source, column_source)
    return band


def clear_sides(band: Array, padding_mode: str, columns: Span, width: int) -> None:
    """Put zeros in the columns of `band` (..., columns) that padding with zeros makes, once for many `gather`s."""
    if padding_mode == "zeros":
        real = _parts(padding_mode, *columns, width)[0][0]
        if real.start:
            band[..., : real.start] = 0
        if real.stop < band.shape[-1]:
            band[..., real.stop :] = 0


# Rows of so few elements are cleared whole: each of a border's short runs takes as long as a dozen elements.
_NARROW = 32

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
    source = _SOURCES[padding_mode]
    repeated = (
        (
            slice(begin, end),
            np.clip(source(np.arange(first + begin * step, first + end * step, step), size), 0, size - 1),
        )
        for begin, end in sides
    )
    return (real, *repeated)


def _clear_border(band: Array, rows: slice, columns: slice, *, sides: bool) -> None:
    height, width = band.shape[-2:]
    if sides and width <= _NARROW:
        band[...] = 0
        return
    if rows.start:
        band[..., : rows.start, :] = 0
    if rows.stop < height:
        band[..., rows.stop :, :] = 0
    if sides and columns.start:
        band[..., rows, : columns.start] = 0
    if sides and columns.stop < width:
        band[..., rows, columns.stop :] = 0


def _pick(image: Image, rows: slice | Array, columns: slice | Array) -> Array:
    """Return (..., rows, columns) of the image, each axis picked for itself."""
    if isinstance(rows, slice) or isinstance(columns, slice):
        return image[..., rows, columns]
    return image[..., rows[:, None], columns]
