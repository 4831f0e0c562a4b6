"""What Pillow leaves out of PNGs: all sixteen bits of colours, and EXIF data after the pixels.

https://www.w3.org/TR/png-3.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np

from conv2d_cli.tensors.pictures.limits import broken

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.ImageFile import ImageFile

    Array = np.ndarray[Any, Any]

MAGIC = b"\x89PNG\r\n\x1a\n"
# Where the bits a sample and the colour type stand, and channels of each pair of which Pillow keeps eight bits.
_BITS = 24
_GRAY, RGB, _PALETTE, _GRAY_ALPHA, _RGB_ALPHA = 0, 2, 3, 4, 6
SAMPLES = {_GRAY: 1, RGB: 3, _PALETTE: 1, _GRAY_ALPHA: 2, _RGB_ALPHA: 4}
WIDE = {(16, RGB): 3, (16, _GRAY_ALPHA): 2, (16, _RGB_ALPHA): 4}
_COLOR_TYPES = {1: _GRAY, 2: _GRAY_ALPHA, 3: RGB, 4: _RGB_ALPHA}
_PIXELS, _END, _EXIF = b"IDAT", b"IEND", b"eXIf"
# EXIF data are one segment of a JPEG, or less.
_MOST_EXIF = 1 << 16
_DEFLATE_STEP = 1 << 22


def header_of(stream: BinaryIO) -> tuple[int, int]:
    """Return the bits a sample and the colour type of a PNG; zeros if there are none."""
    stream.seek(_BITS)
    found = stream.read(2)
    stream.seek(0)
    return (found[0], found[1]) if len(found) > 1 else (0, 0)


def wide_pixels(stream: BinaryIO, channels: int) -> Array:
    """Return all sixteen bits (H, W, channels) of an opened PNG of colours: one byte is unpacked, then the other.

    Raises:
        DataError: Pillow would not do so.
    """
    from PIL.PngImagePlugin import PngImageFile

    if channels == WIDE[16, _GRAY_ALPHA]:
        # Its pixels are four bytes, which are unpacked as those of one pixel of RGBA.
        pixels = _unpacked(PngImageFile(_rewound(stream)), "RGBA")
        return pixels.view(">u2").astype(np.uint16)
    mode = "RGB" if channels == WIDE[16, RGB] else "RGBA"
    # `B` says that the first byte of two is the one to keep, `L` the second.
    values = _unpacked(PngImageFile(_rewound(stream)), f"{mode};16B").astype(np.uint16)
    values <<= 8
    values |= _unpacked(PngImageFile(_rewound(stream)), f"{mode};16L")
    return values


def _rewound(stream: BinaryIO) -> BinaryIO:
    stream.seek(0)
    return stream


def _unpacked(picture: ImageFile, raw_mode: str) -> Array:
    (tile,) = picture.tile
    if raw_mode[: len(picture.mode)] != picture.mode:
        raise broken(f"it was opened as {picture.mode}, not {raw_mode}")
    picture.tile = [cast("Any", (*tuple(tile)[:3], raw_mode))]
    return np.asarray(picture)


def exif_after_pixels(stream: BinaryIO) -> bytes | None:
    """Return EXIF data that stand after the pixels of a PNG, if there are any: chunks are skipped, not read."""
    stream.seek(len(MAGIC))
    while len(head := stream.read(8)) == 8:  # noqa: PLR2004 - length and kind
        length, kind = struct.unpack(">I4s", head)
        if kind == _EXIF:
            return stream.read(min(length, _MOST_EXIF))
        if kind == _END:
            return None
        stream.seek(length + 4, 1)
    return None


def write_wide(path: Path, pixels: Array) -> None:
    """Write uint16 pixels (H, W, channels), which Pillow cannot, with no filter."""
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 16, _COLOR_TYPES[channels], 0, 0, 0)
    deflate = zlib.compressobj()
    with path.open("wb") as stream:
        stream.write(MAGIC + _chunk(b"IHDR", header))
        rows = max(1, _DEFLATE_STEP // (width * channels * 2))
        for top in range(0, height, rows):
            part = pixels[top : top + rows].astype(">u2")
            filtered = np.zeros((len(part), 1 + width * channels * 2), np.uint8)
            filtered[:, 1:] = part.reshape(len(part), -1).view(np.uint8)
            if packed := deflate.compress(filtered.tobytes()):
                stream.write(_chunk(_PIXELS, packed))
        stream.write(_chunk(_PIXELS, deflate.flush()) + _chunk(_END, b""))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
