"""One rule of orientation for every format and compression, against a table that is written out."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pictures import ORIENTATION, by_pillow, by_tifffile, png, read
from PIL import Image
from tiff_bytes import tiff_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

# What [[0, 1, 2], [3, 4, 5]] is by each value of the tag: https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf,
# page 36.
UPRIGHT = {
    1: [[0, 1, 2], [3, 4, 5]],
    2: [[2, 1, 0], [5, 4, 3]],
    3: [[5, 4, 3], [2, 1, 0]],
    4: [[3, 4, 5], [0, 1, 2]],
    5: [[0, 3], [1, 4], [2, 5]],
    6: [[3, 0], [4, 1], [5, 2]],
    7: [[5, 2], [4, 1], [3, 0]],
    8: [[2, 5], [1, 4], [0, 3]],
}
SIDE = 8
# Blocks as large as those of JPEG, which it keeps.
BLOCKS = np.kron(np.array(UPRIGHT[1], np.uint8) * 40, np.ones((SIDE, SIDE), np.uint8))


def exif(orientation: int) -> Image.Exif:
    data = Image.Exif()
    data[ORIENTATION] = orientation
    return data


def turned_by_tifffile(orientation: int, **options: Any) -> bytes:
    return by_tifffile(BLOCKS[None], extratags=[(ORIENTATION, "H", 1, orientation, True)], **options)


def turned_by_pillow(orientation: int, **options: Any) -> bytes:
    return by_pillow(BLOCKS, tiffinfo={ORIENTATION: orientation}, **options)


TURNED: dict[str, Callable[[int], bytes]] = {
    "png": lambda tag: by_pillow(BLOCKS, "PNG", exif=exif(tag)),
    "png, after the pixels": lambda tag: png(
        np.multiply(BLOCKS[..., None], 257, dtype=np.uint16), "N" * 16, 0, exif(tag).tobytes()[6:]
    ),
    "jpeg": lambda tag: by_pillow(BLOCKS, "JPEG", quality=100, exif=exif(tag)),
    "tiff": turned_by_tifffile,
    "tiff, big-endian": lambda tag: turned_by_tifffile(tag, order=">"),
    "tiff, BigTIFF": lambda tag: turned_by_tifffile(tag, bigtiff=True),
    "tiff, zlib": lambda tag: turned_by_tifffile(tag, compression="zlib"),
    "tiff, lzma": lambda tag: turned_by_tifffile(tag, compression="lzma"),
    "tiff, tiles": lambda tag: turned_by_tifffile(tag, tile=(16, 16)),
    "tiff, strips": lambda tag: turned_by_tifffile(tag, rowsperstrip=3),
    "tiff of Pillow": turned_by_pillow,
    "tiff, LZW": lambda tag: turned_by_pillow(tag, compression="tiff_lzw"),
    "tiff, PackBits": lambda tag: turned_by_pillow(tag, compression="packbits"),
    "tiff, JPEG": lambda tag: turned_by_pillow(tag, compression="jpeg", quality=100),
}


@pytest.mark.parametrize("tag", range(1, 9))
@pytest.mark.parametrize("name", TURNED)
def test_every_format_is_turned_by_one_rule(name: str, tag: int) -> None:
    content = TURNED[name](tag)
    scale = 40 * 257 if "after" in name else 40
    assert (read(content)[0, SIDE // 2 :: SIDE, SIDE // 2 :: SIDE] / scale).tolist() == UPRIGHT[tag]
    assert (read(content, as_stored=True)[0, ::SIDE, ::SIDE] / scale).tolist() == UPRIGHT[1]


@pytest.mark.parametrize("tag", range(1, 9))
@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
def test_facsimiles_are_turned_too(compression: str, tag: int) -> None:
    bits = BLOCKS % 80 == 0
    content = by_pillow(bits, compression=compression, tiffinfo={ORIENTATION: tag})
    odd = 1 - np.array(UPRIGHT[tag]) % 2
    np.testing.assert_array_equal(read(content)[0, ::SIDE, ::SIDE], odd * 255)


@pytest.mark.parametrize("tag", range(1, 9))
def test_colours_of_every_depth_are_turned_too(tag: int) -> None:
    for dtype, planar in itertools.product(("u1", "i2", "f4"), ("contig", "separate")):
        values = np.stack([np.array(UPRIGHT[1]), np.array(UPRIGHT[1]) + 10, np.array(UPRIGHT[1]) + 20]).astype(dtype)
        content = by_tifffile(values, planarconfig=planar, extratags=[(ORIENTATION, "H", 1, tag, True)])
        expected = [(np.array(UPRIGHT[tag]) + more).tolist() for more in (0, 10, 20)]
        assert read(content).tolist() == expected


@pytest.mark.parametrize("tag", [0, 9, 65535])
def test_an_orientation_that_means_nothing_is_none(tag: int) -> None:
    np.testing.assert_array_equal(read(tiff_bytes(bytes(range(12)), {ORIENTATION: tag}))[0].ravel(), range(12))
