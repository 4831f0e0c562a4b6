"""Elements that lie in a file one after another, in C order: parts of them are read and written where they are.

By explicit reads at a position, not by a mapping: a file that shrinks meanwhile is a fault to tell, not a crash.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np

from conv2d_cli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    Array = np.ndarray[Any, Any]
    # Positions of an axis: neighbours as a slice, others as an array of indices.
    Positions = slice | Array

_LARGEST_STEP = 1 << 26


class PlacedImage:
    """One image (channels, H, W) in a file, of which `image[..., rows, columns]` reads just that."""

    def __init__(self, stream: BinaryIO, offset: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        """Remember where it lies: from byte `offset` on."""
        self.shape, self._dtype = shape, dtype
        self._stream, self._offset = stream, offset

    def __getitem__(self, key: tuple[object, Positions, Positions]) -> Array:
        """Return (channels, rows, columns); rows as indices stand in a column of them, as NumPy wants it.

        Raises:
            DataError: the file has become shorter.
        """
        _, rows, columns = key
        height, width = self.shape[1:]
        left, right = _bounds(columns, width)
        if isinstance(rows, slice):
            part = self._rows(rows.start, rows.stop, left, right)
        else:
            places, order = np.unique(rows, return_inverse=True)
            several = [self._rows(int(place), int(place) + 1, left, right) for place in places]
            part = np.concatenate(several, axis=1)[:, order.reshape(-1)]
        del height
        return part if isinstance(columns, slice) else part[..., columns.reshape(-1) - left]

    def _rows(self, top: int, bottom: int, left: int, right: int) -> Array:
        channels, height, width = self.shape
        part = np.empty((channels, bottom - top, right - left), self._dtype)
        itemsize = self._dtype.itemsize
        for channel in range(channels):
            if right - left == width:
                start = (channel * height + top) * width
                read_at(self._stream, part[channel], self._offset + start * itemsize)
                continue
            for row in range(top, bottom):
                start = (channel * height + row) * width + left
                read_at(self._stream, part[channel, row - top], self._offset + start * itemsize)
        return part


def read_at(stream: BinaryIO, target: Array, offset: int) -> None:
    """Fill a dense array from byte `offset` of a file on.

    Raises:
        DataError: the file ends before.
    """
    content = _bytes_of(target)
    done = 0
    while done < len(content):
        step = content[done : done + _LARGEST_STEP]
        count = _read_step(stream, step, offset + done)
        if not count:
            raise DataError("it became shorter while it was read", "let it be written whole first")
        done += count


def write_at(stream: BinaryIO, source: Array, offset: int) -> None:
    """Write a dense array from byte `offset` of a file on."""
    content = _bytes_of(source)
    done = 0
    while done < len(content):
        step = content[done : done + _LARGEST_STEP]
        if hasattr(os, "pwrite"):
            done += os.pwrite(stream.fileno(), step, offset + done)
        else:
            stream.seek(offset + done)
            done += stream.write(step)


def runs_of(shape: tuple[int, ...], top: int, left: int, rows: int, columns: int) -> Iterator[tuple[int, Any]]:
    """Yield, for a rectangle of an image (channels, H, W), where each run of elements starts, and its part.

    The part is an index into an array (channels, rows, columns).
    """
    channels, height, width = shape
    for channel in range(channels):
        if columns == width:
            yield (channel * height + top) * width, channel
            continue
        for row in range(rows):
            yield (channel * height + top + row) * width + left, (channel, row)


def _read_step(stream: BinaryIO, target: memoryview, offset: int) -> int:
    if hasattr(os, "preadv"):
        return os.preadv(stream.fileno(), [target], offset)
    stream.seek(offset)
    return cast("int", stream.readinto(target))  # type: ignore[attr-defined]


def _bytes_of(array: Array) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


def _bounds(positions: Positions, size: int) -> tuple[int, int]:
    """Return the first of some positions, and the one after the last."""
    if isinstance(positions, slice):
        start, stop, _ = positions.indices(size)
        return start, stop
    return int(positions.min()), int(positions.max()) + 1
