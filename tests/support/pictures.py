"""Pictures whose values are known, as Pillow and tifffile write them, and how ours are read."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any, Literal

import numpy as np
import tifffile
from PIL import Image

from conv2d_cli.tensors.formats import OpenFile
from conv2d_cli.tensors.pictures import open_tensor

Array = np.ndarray[Any, Any]

ORIENTATION = 274
RAMP_HEIGHT, RAMP_WIDTH = 5, 7


def read(content: bytes, **options: Any) -> Array:
    tensor = open_tensor(OpenFile(io.BytesIO(content), None, len(content), **options), None)
    values = tensor.read()
    assert (values.shape, values.dtype, values.dtype.name) == (tensor.shape, tensor.dtype, tensor.holds)
    assert values.flags.c_contiguous
    assert values.dtype.isnative
    return values


def ramp(dtype: str, channels: int) -> Array:
    """Return known values (channels, H, W): every one another, of whole numbers from their least to their largest."""
    kind, count = np.dtype(dtype), channels * RAMP_HEIGHT * RAMP_WIDTH
    if kind.kind in "iu":
        bounds = np.iinfo(kind)
        values = [bounds.min + (bounds.max - bounds.min) * each // (count - 1) for each in range(count)]
        return np.array(values, kind).reshape(channels, RAMP_HEIGHT, RAMP_WIDTH)
    real = (np.arange(count) - count / 3) * 1.37
    return (
        (real + 1j * real[::-1] if kind.kind == "c" else real).astype(kind).reshape(channels, RAMP_HEIGHT, RAMP_WIDTH)
    )


def by_tifffile(planes: Array, order: Literal["<", ">"] = "<", **options: Any) -> bytes:
    stream, channels = io.BytesIO(), len(planes)
    separate = options.get("planarconfig") == "separate" and channels > 1
    pixels = planes[0] if channels == 1 else planes if separate else planes.transpose(1, 2, 0)
    extra = {1: 0, 2: 1, 3: 0, 4: 1, 5: 4}[channels]
    described: dict[str, Any] = {"photometric": "rgb" if channels in {3, 4} else "minisblack", "metadata": None}
    if channels > 1:
        described |= {"planarconfig": "contig", "extrasamples": ["unassalpha", *["unspecified"] * (extra - 1)][:extra]}
    options = {name: value for name, value in options.items() if channels > 1 or name != "planarconfig"}
    stored = np.ascontiguousarray(pixels).astype(planes.dtype.newbyteorder(order))
    tifffile.imwrite(stream, stored, byteorder=order, **(described | options))
    return stream.getvalue()


def by_pillow(pixels: Array | Image.Image, kind: str = "TIFF", **options: Any) -> bytes:
    stream = io.BytesIO()
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    picture.save(stream, kind, **options)
    return stream.getvalue()


def png(pixels: Array, filters: str, color: int, late: bytes = b"") -> bytes:
    """Return a PNG of uint16 pixels (H, W, channels), its rows filtered as the letters say, then a chunk eXIf."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width, channels = pixels.shape
    step = channels * 2
    rows = pixels.astype(">u2").reshape(height, -1).view(np.uint8).astype(int)
    before = np.vstack([np.zeros_like(rows[:1]), rows])
    written = b""
    for row, above, letter in zip(rows, before, filters, strict=False):
        left, corner = (np.concatenate([np.zeros(step, int), line])[: len(row)] for line in (row, above))
        guess = left + above - corner
        distances = np.abs(guess - np.stack([left, above, corner]))
        paeth = np.choose(distances.argmin(axis=0), [left, above, corner])
        predicted = {"N": 0, "S": left, "U": above, "A": (left + above) // 2, "P": paeth}[letter]
        written += bytes(["NSUAP".index(letter)]) + ((row - predicted) % 256).astype(np.uint8).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 16, color, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(written)) + (chunk(b"eXIf", late) if late else b"")
    return b"\x89PNG\r\n\x1a\n" + chunks + chunk(b"IEND", b"")
