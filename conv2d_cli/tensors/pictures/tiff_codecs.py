"""The compressions of TIFFs: from the bytes of a strip or a tile to those of its samples, never more than there are."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.errors import DataError
from conv2d_cli.limits import LZMA_DICTIONARY_BYTES
from conv2d_cli.tensors.pictures.by_pillow import opened_by_libtiff
from conv2d_cli.tensors.pictures.limits import JPEG_DENSEST, broken

if TYPE_CHECKING:
    from collections.abc import Callable

UNCOMPRESSED, _LZW, JPEG, _ZSTD = 1, 5, 7, 50000


class Codec(NamedTuple):
    """A compression: `decoded(content, size)` gives up to `size` bytes, at most `densest` of each byte of content."""

    decoded: Callable[[bytes, int], bytes]
    densest: int


def _as_it_is(content: bytes, size: int) -> bytes:
    return content[:size]


def _inflated(content: bytes, size: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(content, size)
    except zlib.error as error:
        raise broken(str(error)) from error


def _unpacked_xz(content: bytes, size: int) -> bytes:
    try:
        import lzma
    except ImportError as error:
        raise DataError("it is compressed with xz, and Python was built without it", "save it uncompressed") from error
    try:
        return lzma.LZMADecompressor(memlimit=LZMA_DICTIONARY_BYTES).decompress(content, size)
    except (lzma.LZMAError, EOFError) as error:
        raise broken(str(error)) from error


def _unpacked_runs(content: bytes, size: int) -> bytes:
    """Decode PackBits (TIFF 6.0, section 9): a count of bytes as they are, or how often the next one stands."""
    parts, done, place = [], 0, 0
    while done < size and place < len(content):
        head = content[place]
        if head < 128:  # noqa: PLR2004 - as in the format
            part = content[place + 1 : place + 2 + head]
            place += 2 + head
        elif head > 128:  # noqa: PLR2004 - as in the format
            part = content[place + 1 : place + 2] * (257 - head)
            place += 2
        else:
            part, place = b"", place + 1
        parts.append(part)
        done += len(part)
    return b"".join(parts)[:size]


def _by_libtiff(compression: int) -> Callable[[bytes, int], bytes]:
    """Return a decoder by libtiff, as Pillow has it: of a picture of one row whose pixels are the bytes we want."""

    def decoded(content: bytes, size: int) -> bytes:
        with opened_by_libtiff(_one_row(content, size, compression)) as picture:
            return picture.tobytes()

    return decoded


def _one_row(content: bytes, size: int, compression: int) -> bytes:
    """Return a TIFF of one row of `size` gray bytes, the compressed form of which is `content`."""
    tags = {256: size, 257: 1, 258: 8, 259: compression, 262: 1, 273: 8, 277: 1, 278: 1, 279: len(content)}
    padded = content + bytes(len(content) % 2)
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"".join((
        b"II*\0", struct.pack("<I", 8 + len(padded)), padded, struct.pack("<H", len(tags)), entries, bytes(4),
    ))  # fmt: skip


# The densest: deflate https://zlib.net/zlib_tech.html; LZW's longest string, 3,838 bytes, of a code of 12 bits; 128
# equal bytes of two; a block of 128 KiB of four bytes in zstd; xz measured, 7,000 for zeros.
CODECS = {
    UNCOMPRESSED: Codec(_as_it_is, 1),
    _LZW: Codec(_by_libtiff(_LZW), 2600),
    8: Codec(_inflated, 1040),
    32773: Codec(_unpacked_runs, 64),
    32946: Codec(_inflated, 1040),
    34925: Codec(_unpacked_xz, 1 << 14),
    _ZSTD: Codec(_by_libtiff(_ZSTD), 1 << 15),
}
# Those after which a predictor may be undone.
PREDICTED = {_LZW, 8, 32946, 34925, _ZSTD}
# Those that libtiff decodes to pixels, not to bytes, and how dense they are: a row of facsimile, however wide, that is
# as the row before takes one bit, and a block of JPEG two.
WHOLE = {2: "CCITT modified Huffman", 3: "CCITT group 3", 4: "CCITT group 4", JPEG: "JPEG"}
WHOLE_DENSEST = {2: 1 << 16, 3: 1 << 16, 4: 1 << 16, JPEG: JPEG_DENSEST}
UNREAD = {
    6: "old JPEG", 9: "JBIG", 10: "JBIG", 32766: "NeXT's method", 32771: "CCITT RLE", 32809: "ThunderScan",
    33003: "JPEG 2000", 33005: "JPEG 2000", 34661: "JBIG", 34676: "SGI's LogLuv", 34677: "SGI's LogLuv",
    34712: "JPEG 2000", 34887: "LERC", 34892: "lossy JPEG", 34926: "zstd (a number of its own)", 34927: "WebP",
    34933: "PNG", 34934: "JPEG XR", 50001: "WebP", 50002: "JPEG XL", 52546: "JPEG XL",
}  # fmt: skip
