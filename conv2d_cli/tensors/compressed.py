"""How much compressed bytes hold, found out without holding it: some claim little and hold very much."""

from __future__ import annotations

import bz2
import lzma
import zlib
from typing import TYPE_CHECKING, Protocol

from conv2d_cli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

_STEP = 1 << 20
# RFC 8878: a frame's magic number, its descriptor, and what its blocks are and hold at most.
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_DICTIONARY_BYTES = (0, 1, 2, 4)
_ZSTD_BLOCK, _ZSTD_REPEATED, _ZSTD_COMPRESSED = 1 << 17, 1, 2
# Blosc: versions of the format, and where its header has the sizes before and after.
_BLOSC_VERSIONS, _BLOSC_HEADER = (1, 2), 16


class _Decompressor(Protocol):
    """What `bz2` and `lzma` have in common."""

    @property
    def unused_data(self) -> bytes:
        """What follows the end."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return so many bytes at most."""


def check_decoded_size(content: memoryview, most: int) -> None:
    """Check that bytes, decoded once by the codec they begin like, become no more than `most`.

    Raises:
        DataError: they do.
    """
    for magic, measure in _MEASURES:
        if bytes(content[: len(magic)]) == magic:
            size = measure(content, most)
            break
    else:
        size = _blosc_size(content)
    if size > most:
        raise DataError(
            f"a chunk becomes more than the {most} bytes that it may",
            "it is broken or hostile; write it anew with zarr",
        )


def _zlib_size(content: memoryview, most: int) -> int:
    decompressor = zlib.decompressobj(zlib.MAX_WBITS | 32)
    size, left = 0, bytes(content)
    try:
        while left and size <= most:
            size += len(decompressor.decompress(left, _STEP))
            left = decompressor.unconsumed_tail
            if decompressor.unused_data:
                # Another member follows.
                left, decompressor = decompressor.unused_data, zlib.decompressobj(zlib.MAX_WBITS | 32)
    except zlib.error:
        # The codec will say so, if these are compressed bytes at all.
        return size
    return size


def _measured(make: Callable[[], _Decompressor]) -> Callable[[memoryview, int], int]:
    def size_of(content: memoryview, most: int) -> int:
        decompressor, size, left = make(), 0, bytes(content)
        try:
            while size <= most:
                part = decompressor.decompress(left, _STEP)
                if not part:
                    break
                size, left = size + len(part), b""
                if decompressor.unused_data:
                    # Another stream follows.
                    left, decompressor = decompressor.unused_data, make()
        except (OSError, EOFError, lzma.LZMAError):
            return size
        return size

    return size_of


def _zstd_size(content: memoryview, most: int) -> int:
    """Return the size that the first frame says it has, or the most that its blocks can hold."""
    descriptor = content[4] if len(content) > len(_ZSTD_MAGIC) else 0
    flag, single = descriptor >> 6, descriptor >> 5 & 1
    place = 5 + (not single) + _ZSTD_DICTIONARY_BYTES[descriptor & 3]
    width = (1 if single else 0, 2, 4, 8)[flag]
    claimed = int.from_bytes(content[place : place + width], "little") + (256 if width == 2 else 0)  # noqa: PLR2004
    if width and claimed > most:
        return claimed
    place, size, last = place + width, 0, 0
    while not last and size <= most and place + 3 <= len(content):
        header = int.from_bytes(content[place : place + 3], "little")
        last, kind, length = header & 1, header >> 1 & 3, header >> 3
        size += _ZSTD_BLOCK if kind == _ZSTD_COMPRESSED else length
        place += 3 + (1 if kind == _ZSTD_REPEATED else length)
    return claimed if width else size


def _blosc_size(content: memoryview) -> int:
    if len(content) < _BLOSC_HEADER or content[0] not in _BLOSC_VERSIONS:
        return 0
    size, packed = (int.from_bytes(content[place : place + 4], "little") for place in (4, 12))
    return size if packed == len(content) else 0


_MEASURES: tuple[tuple[bytes, Callable[[memoryview, int], int]], ...] = (
    (b"\x1f\x8b", _zlib_size),
    # RFC 1950: deflate with any window, and two bytes that are a multiple of 31.
    *(
        (bytes([first, second]), _zlib_size)
        for first in range(0x08, 0x80, 0x10)
        for second in range(256)
        if (first * 256 + second) % 31 == 0
    ),
    (b"BZh", _measured(bz2.BZ2Decompressor)),
    (b"\xfd7zXZ\0", _measured(lzma.LZMADecompressor)),
    (b"\x5d\0\0", _measured(lzma.LZMADecompressor)),
    (_ZSTD_MAGIC, _zstd_size),
)
