"""Compressed bytes, decoded in steps: no more of them is ever held than was asked for, whatever they become."""

from __future__ import annotations

import bz2
import lzma
import zlib
from functools import partial
from io import RawIOBase
from typing import TYPE_CHECKING, Protocol

from conv2d_cli.limits import LZMA_DICTIONARY_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Buffer

    Start = Callable[[], "Decompressor"]

# Compressed bytes are taken a little at a time, as zlib copies what is left of them at every step.
_STEP, _DECODED_STEP = 1 << 16, 1 << 20
# In a zip archive LZMA begins with two bytes of version, the length of its properties in two, and these: one byte of
# parameters, four of the dictionary's size (APPNOTE 5.8.8).
_ZIPPED_LZMA_BYTES, _PARAMETERS, _LEAST_DICTIONARY = 9, 4, 1 << 12
# What decoders raise of bytes that are no such stream.
BROKEN = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, RuntimeError)


class Decompressor(Protocol):
    """A decoder that takes bytes in bit by bit, as those of `bz2` and `lzma` do."""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""

    @property
    def unused_data(self) -> bytes:
        """What followed its end."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take bytes in, and return at most `max_length` decoded ones."""


class Inflater:
    """Deflate, by the protocol of the other decoders; `window` as `zlib.decompressobj` has it."""

    def __init__(self, window: int) -> None:
        """Begin a stream."""
        self._stream = zlib.decompressobj(window)

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        """What followed its end."""
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take bytes in, and return at most `max_length` decoded ones."""
        return self._stream.decompress(self._stream.unconsumed_tail + data, max_length)


# By the names that Zarr has for them.
STREAMS: dict[str, Start] = {
    "gzip": partial(Inflater, zlib.MAX_WBITS | 16),
    "zlib": partial(Inflater, zlib.MAX_WBITS),
    "bz2": bz2.BZ2Decompressor,
    "lzma": partial(lzma.LZMADecompressor, lzma.FORMAT_AUTO, memlimit=LZMA_DICTIONARY_BYTES),
}
deflated = partial(Inflater, -zlib.MAX_WBITS)


def zipped_lzma(read: Callable[[int], bytes], size: int) -> Decompressor:
    """Return a decoder of LZMA in a zip archive, whose properties `read` has before it.

    The dictionary that they ask for, up to 4 GiB, is made no larger than the `size` that all becomes.

    Raises:
        ValueError: the properties are broken.
    """
    header = read(_ZIPPED_LZMA_BYTES)
    if len(header) != _ZIPPED_LZMA_BYTES or header[2:_PARAMETERS] != b"\x05\0":
        raise ValueError("the properties of its LZMA are broken")
    others, literal_context = divmod(header[_PARAMETERS], 9)
    position, literal_position = divmod(others, 5)
    asked = int.from_bytes(header[_PARAMETERS + 1 :], "little")
    filters = {
        "id": lzma.FILTER_LZMA1,
        "dict_size": max(_LEAST_DICTIONARY, min(asked, size)),
        "lc": literal_context,
        "lp": literal_position,
        "pb": position,
    }
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[filters])


class DecodedStream(RawIOBase):
    """What compressed bytes become, as it is asked for."""

    def __init__(self, read: Callable[[int], bytes], start: Start) -> None:
        """Decode what `read` returns; where another stream follows the first, a new decoder is started for it."""
        self._read, self._start = read, start
        self._decompressor, self._taken = start(), b""

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True

    def readinto(self, target: Buffer) -> int:
        """Fill a part of `target`, and return how many bytes; none where the compressed ones end, whole or not.

        Raises:
            Exception: one of `BROKEN`, of bytes that are no such stream.
        """
        room = memoryview(target).cast("B")
        most = min(len(room), _DECODED_STEP)
        while most:
            if self._decompressor.eof:
                # Zeros may fill a stream up, and another may follow.
                self._taken = self._decompressor.unused_data.lstrip(b"\0") or self._read(_STEP)
                if not self._taken:
                    break
                self._decompressor = self._start()
            part = self._decompressor.decompress(self._taken, most)
            self._taken = b""
            if part:
                room[: len(part)] = part
                return len(part)
            if not self._decompressor.eof:
                self._taken = self._read(_STEP)
                if not self._taken:
                    break
        return 0
