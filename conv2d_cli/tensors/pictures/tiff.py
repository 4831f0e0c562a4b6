"""TIFF as a tensor: strips and tiles, one after the other, into the planes of the result as they stand upright."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from conv2d_cli.errors import DataError
from conv2d_cli.numpy_dtypes import dtype_name
from conv2d_cli.tensors.pictures import orientation
from conv2d_cli.tensors.pictures.by_pillow import opened_by_libtiff
from conv2d_cli.tensors.pictures.limits import broken
from conv2d_cli.tensors.pictures.tiff_codecs import CODECS, UNCOMPRESSED, WHOLE
from conv2d_cli.tensors.pictures.tiff_colors import Colors
from conv2d_cli.tensors.pictures.tiff_directory import directories
from conv2d_cli.tensors.pictures.tiff_layout import PHOTOMETRIC, Layout, layout_of
from conv2d_cli.tensors.pictures.tiff_samples import samples_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from conv2d_cli.tensors.formats import OpenFile
    from conv2d_cli.tensors.pictures.tiff_directory import Directory

    Array = np.ndarray[Any, Any]

_SUBFILE, _DESCRIPTION, _LONGEST_DESCRIPTION = 254, 270, 4096
# Bits of NewSubfileType: a smaller copy, or a mask, of another picture.
_NO_PICTURE = 1 | 4
_MOST_COUNTED = 100


class _Segment(NamedTuple):
    """A strip or a tile: its place in the lists of offsets, and in the planes."""

    number: int
    plane: int
    top: int
    left: int


class TiffTensor:
    """A TIFF whose tags have been read and checked; turned as its orientation says, its palette resolved."""

    fortran_order = False
    is_picture = True
    offset = None

    def __init__(self, file: OpenFile) -> None:
        """Say what the picture becomes.

        Raises:
            DataError: it holds several pictures, is of a kind that is not read, or is broken.
        """
        self._stream, self._size = file.stream, file.size or 0
        self._directory = _only_picture(file.stream, self._size)
        self._layout = layout_of(self._directory, self._size, file.max_pixels)
        self._colors = Colors(self._layout, as_stored=file.as_stored)
        self._turn = 1 if file.as_stored else self._layout.orientation
        height, width = orientation.upright_size(self._layout.height, self._layout.width, self._turn)
        self.shape = (self._colors.channels, height, width)
        self.dtype = self._colors.dtype
        self.holds = dtype_name(self.dtype)

    def read(self) -> Array:
        """Return the pixels (channels, H, W).

        Raises:
            DataError: the picture is broken.
        """
        result = np.empty(self.shape, self.dtype)
        planes = orientation.as_it_lies(result, self._turn)
        if self._layout.compression in WHOLE:
            planes[...] = self._colors.of(_by_libtiff(self._stream, self._directory, self._layout), 0)
            return result
        for segment in _segments(self._layout):
            samples = self._read(segment)
            rows = min(samples.shape[0], self._layout.height - segment.top)
            columns = min(samples.shape[1], self._layout.width - segment.left)
            part = self._colors.of(samples[:rows, :columns], segment.plane)
            first = segment.plane
            planes[
                first : first + len(part), segment.top : segment.top + rows, segment.left : segment.left + columns
            ] = part
        return result

    def _read(self, segment: _Segment) -> Array:
        layout = self._layout
        rows = layout.segment_height if layout.tiled else min(layout.segment_height, layout.height - segment.top)
        size = rows * ((layout.segment_width * layout.segment_samples * layout.bits + 7) // 8)
        content = self._content(segment.number, size)
        if layout.bits_reversed:
            content = content.translate(_REVERSED)
        decoded = CODECS[layout.compression].decoded(content, size)
        if len(decoded) < size:
            raise broken(f"its strip or tile {segment.number} gives {len(decoded)} bytes where {size} belong")
        return samples_of(decoded, layout, rows)

    def _content(self, number: int, size: int) -> bytes:
        offset = int(self._layout.offsets[number])
        count = int(self._layout.counts[number]) if self._layout.counts.size else size
        if not offset or not count:
            raise DataError("some of its strips or tiles were left out (a sparse file)", "save it whole")
        if self._layout.compression == UNCOMPRESSED:
            if count < size:
                raise broken(f"its strip or tile {number} has {count} bytes where {size} belong")
            count = size
        if offset + count > self._size:
            raise broken(f"its strip or tile {number} reaches to byte {offset + count}, and it has {self._size}")
        self._stream.seek(offset)
        return self._stream.read(count)


_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def _segments(layout: Layout) -> Iterator[_Segment]:
    number = 0
    for plane in range(layout.samples if layout.separate else 1):
        for top in range(0, layout.height, layout.segment_height):
            for left in range(0, layout.width, layout.segment_width):
                yield _Segment(number, plane, top, left)
                number += 1


def _only_picture(stream: BinaryIO, size: int) -> Directory:
    """Return the one picture there is; smaller copies and masks of it are left aside."""
    found, pictures, counted = None, 0, 0
    for directory in directories(stream, size):
        found, counted = found or directory, counted + 1
        if not directory.number(_SUBFILE, 0) & _NO_PICTURE:
            found, pictures = (directory if not pictures else found), pictures + 1
        if counted > _MOST_COUNTED:
            raise DataError(f"it holds more than {_MOST_COUNTED} pictures", "save each as a file of its own")
    if found is None:
        raise broken("it holds no picture")
    pictures = max(pictures, _stacked(found))
    if pictures > 1:
        raise DataError(f"it holds {pictures} pictures", "save each as a file of its own")
    return found


def _stacked(directory: Directory) -> int:
    """Return how many pictures one directory is for: ImageJ says so in its description, and names only the first."""
    description = b""
    # One that cannot be read says nothing, and is no fault of the pixels.
    with suppress(DataError):
        description = directory.values(_DESCRIPTION)[:_LONGEST_DESCRIPTION].tobytes()
    if b'"truncated": true' in description:
        raise DataError("it holds several pictures (of tifffile) in one", "save each as a file of its own")
    if not description.startswith(b"ImageJ="):
        return 1
    for line in description.splitlines():
        name, _, number = line.partition(b"=")
        if name == b"images" and number.isdigit():
            return int(number[:9])
    return 1


def _by_libtiff(stream: BinaryIO, directory: Directory, layout: Layout) -> Array:
    """Return samples (rows, columns, samples) that libtiff, as Pillow has it, decodes from JPEG or facsimile codes.

    Of the copy that it reads the orientation is taken away, for it would turn the picture, and white that is zero, for
    it would invert it: both are done here, by one rule for all.
    """
    stream.seek(0)
    content = bytearray(stream.read())
    order: Literal["little", "big"] = "little" if directory.byte_order == "<" else "big"
    for tag, value in ((orientation.TAG, 1), (PHOTOMETRIC, 1 if layout.photometric == 0 else None)):
        if value is not None and tag in directory:
            place = directory.offset_of(tag)
            width = directory.values(tag).itemsize
            content[place : place + width] = value.to_bytes(width, order)
    with opened_by_libtiff(bytes(content)) as picture:
        picture.load()
        # A facsimile's pixels are black or white: one bit, as they would be uncompressed.
        pixels = np.asarray(picture) if layout.bits > 1 else np.asarray(picture.convert("L")) >> 7
    samples = pixels.reshape(*pixels.shape[:2], -1)
    if samples.shape != (layout.height, layout.width, layout.samples):
        raise broken(f"its pixels are {samples.shape}")
    return samples
