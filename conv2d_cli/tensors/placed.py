"""Elements that lie in a file one after another, in C order: parts of them are read and written where they are.

By explicit reads at a position, not by a mapping: a file that shrinks meanwhile is a fault to tell, not a crash.
"""

from __future__ import annotations

import errno
import math
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

import numpy as np

from conv2d_cli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Array = np.ndarray[Any, Any]
    # Positions of an axis: neighbours as a slice, others as an array of indices.
    Positions = slice | Array

_LARGEST_STEP = 1 << 26
# What file systems answer that cannot take room beforehand.
_NO_ALLOCATION = {errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS}


class Image(Protocol):
    """An image (channels, H, W) of which parts are taken as `image[..., rows, columns]`."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Channels, height and width."""

    def __getitem__(self, key: Any) -> Array:  # noqa: ANN401 - slices and arrays of indices
        """Return the rows and columns asked for."""


class PartlyRead:
    """One image (channels, H, W) of which `image[..., rows, columns]` reads just that."""

    shape: tuple[int, ...]

    def read(self, top: int, bottom: int, left: int, right: int) -> Array:
        """Return a rectangle of it, (channels, rows, columns)."""
        raise NotImplementedError

    def __getitem__(self, key: tuple[object, Positions, Positions]) -> Array:
        """Return (channels, rows, columns); rows as indices stand in a column of them, as NumPy wants it.

        Raises:
            DataError: the bytes are not what they were said to be.
        """
        _, rows, columns = key
        left, right = _bounds(columns, self.shape[2])
        if isinstance(rows, slice):
            part = self.read(*_bounds(rows, self.shape[1]), left, right)
        else:
            places, order = np.unique(rows, return_inverse=True)
            breaks = np.flatnonzero(np.diff(places) > 1) + 1
            several = [self.read(int(run[0]), int(run[-1]) + 1, left, right) for run in np.split(places, breaks)]
            part = np.concatenate(several, axis=1)[:, order.reshape(-1)]
        return part if isinstance(columns, slice) else part[..., columns.reshape(-1) - left]


def read_box(
    stream: BinaryIO, offset: int, shape: tuple[int, ...], box: tuple[slice, ...], dtype: np.dtype[Any]
) -> Array:
    """Return a box of an image of three axes, `shape`, whose elements lie one after another from byte `offset` on.

    Raises:
        DataError: the file has become shorter.
    """
    (first, last), (top, bottom), (left, right) = (one.indices(size)[:2] for one, size in zip(box, shape, strict=True))
    part = np.empty((last - first, bottom - top, right - left), dtype)

    def place(plane: int, row: int) -> int:
        return offset + ((plane * shape[1] + row) * shape[2] + left) * dtype.itemsize

    whole_rows = right - left == shape[2]
    if whole_rows and bottom - top == shape[1]:
        read_at(stream, part, place(first, 0))
        return part
    for plane in range(first, last):
        if whole_rows:
            read_at(stream, part[plane - first], place(plane, top))
            continue
        for row in range(top, bottom):
            read_at(stream, part[plane - first, row - top], place(plane, row))
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


def bytes_at(stream: BinaryIO, count: int, offset: int) -> bytes:
    """Return `count` bytes of a file from `offset` on; fewer where it ends before."""
    if hasattr(os, "pread"):
        return os.pread(stream.fileno(), count, offset)
    stream.seek(offset)
    return stream.read(count)


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


class PlacedOutput:
    """A file being written whose elements lie one after another: images of three axes, in whatever order these are."""

    remarks = ()

    def __init__(self, stream: BinaryIO, offset: int, shape: tuple[int, ...], itemsize: int) -> None:
        """Write from byte `offset` on; what stands before is there already."""
        self._stream, self._offset, self._itemsize = stream, offset, itemsize
        self._shape = shape[-3:]

    def write(self, first: int, images: Array) -> None:
        """Write whole images, the first of which has that number."""
        self._put(first * math.prod(self._shape), images)

    def write_tile(self, number: int, top: int, left: int, tile: Array) -> None:
        """Write a rectangle (channels, rows, columns) of one image."""
        self.write_part(number, (0, top, left), tile)

    def write_part(self, number: int, starts: tuple[int, ...], part: Array) -> None:
        """Write a box of one image that begins at these places of its three axes."""
        planes, height, width = self._shape
        rows, columns = part.shape[1:]
        for plane in range(part.shape[0]):
            start = ((number * planes + starts[0] + plane) * height + starts[1]) * width + starts[2]
            if columns == width:
                self._put(start, part[plane])
                continue
            for row in range(rows):
                self._put(start + row * width, part[plane, row])

    def _put(self, element: int, part: Array) -> None:
        write_at(self._stream, part, self._offset + element * self._itemsize)


@contextmanager
def placed_output(
    path: Path, shape: tuple[int, ...], dtype: np.dtype[Any], write_header: Callable[..., None]
) -> Iterator[PlacedOutput]:
    """Open a file for writing whose header `write_header(stream, shape, dtype)` writes; all its room is taken first."""
    with path.open("r+b", buffering=0) as stream:
        write_header(stream, shape, dtype)
        offset = stream.tell()
        _take_room(stream, offset + math.prod(shape) * dtype.itemsize)
        yield PlacedOutput(stream, offset, shape, dtype.itemsize)


def _take_room(stream: BinaryIO, size: int) -> None:
    """Make a file so long, with its room on the disk where the system can say that there is enough."""
    if hasattr(os, "posix_fallocate") and size:
        try:
            os.posix_fallocate(stream.fileno(), 0, size)
        except OSError as error:
            if error.errno not in _NO_ALLOCATION:
                raise
        else:
            return
    stream.truncate(size)


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
