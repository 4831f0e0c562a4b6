"""The directories of a TIFF: which tags there are, and their values (TIFF 6.0, section 2; BigTIFF).

https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf. Only tags that are asked for are read, each first checked
against the file's size: a file of half a MB can name the same MB a thousand times.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from conv2d_cli.limits import TIFF_TAGS
from conv2d_cli.tensors.pictures.limits import broken

if TYPE_CHECKING:
    from collections.abc import Iterator

    Array = np.ndarray[Any, Any]

_BYTE_ORDERS = {b"II": "<", b"MM": ">"}
_CLASSIC, _BIG = 42, 43
_SHORTEST = 8
# The types of tags that are whole numbers, or bytes: BYTE, ASCII, SHORT, LONG, UNDEFINED, IFD, LONG8, IFD8.
_TYPES = {1: "u1", 2: "u1", 3: "u2", 4: "u4", 7: "u1", 13: "u4", 16: "u8", 18: "u8"}


class _Entry(NamedTuple):
    """Where the values of a tag stand."""

    type: int
    number: int
    offset: int


class Directory:
    """One directory, which is one picture."""

    def __init__(self, file: _File, offset: int) -> None:
        """Read which tags there are.

        Raises:
            DataError: it lies beyond the file's end, or has more tags than any writer makes.
        """
        self._file = file
        self.byte_order, self.is_big = file.byte_order, file.is_big
        count_format, entry_format, next_format, inline = (
            ("Q", "HHQ8x", "Q", 8) if file.is_big else ("H", "HHI4x", "I", 4)
        )
        (count,) = file.unpacked(offset, count_format)
        if count > TIFF_TAGS:
            raise broken(f"it declares {count} tags")
        start = offset + struct.calcsize("<" + count_format)
        size = struct.calcsize("<" + entry_format)
        entries = file.read(start, count * size)
        (self.next_offset,) = file.unpacked(start + count * size, next_format)
        self._entries: dict[int, _Entry] = {}
        for number, (tag, kind, values) in enumerate(struct.iter_unpack(file.byte_order + entry_format, entries)):
            place = start + (number + 1) * size - inline
            if kind in _TYPES and values * int(_TYPES[kind][1]) > inline:
                (place,) = file.unpacked(place, next_format)
            # Where a tag stands twice, the first counts, as in libtiff.
            self._entries.setdefault(tag, _Entry(kind, values, place))

    def __contains__(self, tag: int) -> bool:
        """Whether there is a tag."""
        return tag in self._entries

    def values(self, tag: int) -> Array:
        """Return the values of a tag as unsigned integers (count,); of one that is not there, none.

        Raises:
            DataError: they are no whole numbers, or lie beyond the file's end.
        """
        entry = self._entries.get(tag)
        if entry is None or not entry.number:
            return np.empty(0, np.uint8)
        if entry.type not in _TYPES:
            raise broken(f"its tag {tag} is of the type {entry.type}, not of whole numbers")
        dtype = np.dtype(self.byte_order + _TYPES[entry.type])
        return np.frombuffer(self._file.read(entry.offset, entry.number * dtype.itemsize), dtype)

    def number(self, tag: int, default: int) -> int:
        """Return the first value of a tag.

        Raises:
            DataError: as `values`.
        """
        values = self.values(tag)
        return int(values[0]) if values.size else default

    def offset_of(self, tag: int) -> int:
        """Return the byte of the file where the values of a tag that is there stand."""
        return self._entries[tag].offset


class _File:
    """The bytes of a TIFF; nothing is read that does not lie in it."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream, self.size = stream, size
        self.byte_order, self.is_big = "<", False

    def read(self, offset: int, count: int) -> bytes:
        if offset + count > self.size:
            raise broken(f"{count} bytes are said to stand at {offset}, and it has {self.size}")
        self._stream.seek(offset)
        content = self._stream.read(count)
        if len(content) < count:
            raise broken("it became shorter while it was read")
        return content

    def unpacked(self, offset: int, kind: str) -> tuple[int, ...]:
        format_ = self.byte_order + kind
        return struct.unpack(format_, self.read(offset, struct.calcsize(format_)))


def directories(stream: BinaryIO, size: int) -> Iterator[Directory]:
    """Yield the directories of a TIFF in a seekable stream of `size` bytes, one after the other.

    Raises:
        DataError: it is no TIFF, or a directory lies beyond its end or follows itself.
    """
    file = _File(stream, size)
    start = file.read(0, min(size, _SHORTEST))
    order = _BYTE_ORDERS.get(start[:2])
    if order is None or len(start) < _SHORTEST or (version := file_version(start, order)) not in {_CLASSIC, _BIG}:
        raise broken("it does not begin as a TIFF")
    file.byte_order, file.is_big = order, version == _BIG
    if file.is_big:
        offset_bytes, zero, offset = file.unpacked(4, "HHQ")
        if (offset_bytes, zero) != (8, 0):
            raise broken(f"its offsets are of {offset_bytes} bytes")
    else:
        (offset,) = file.unpacked(4, "I")
    seen: set[int] = set()
    while offset:
        if offset in seen:
            raise broken("its directories follow one another in a circle")
        seen.add(offset)
        directory = Directory(file, offset)
        yield directory
        offset = directory.next_offset


def file_version(start: bytes, order: str) -> int:
    """Return the number after the byte order: 42, or 43 of a BigTIFF."""
    (version,) = struct.unpack(order + "H", start[2:4])
    return int(version)
