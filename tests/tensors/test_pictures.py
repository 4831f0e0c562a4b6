"""Pictures of three writers whose values are known."""

from __future__ import annotations

import itertools
import zlib
from typing import Any, Literal, get_args

import numpy as np
import pytest
from pictures import RAMP_HEIGHT, RAMP_WIDTH, Array, by_pillow, by_tifffile, png, ramp, read
from PIL import Image
from tiff_bytes import BITS, COMPRESSION, FORMAT, HEIGHT, PHOTOMETRIC, PREDICTOR, ROWS, SAMPLES, WIDTH, tiff_bytes

Order = Literal["<", ">"]
ORDERS: tuple[Order, ...] = get_args(Order)
TYPES = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", "c8", "c16")
STORED: tuple[dict[str, Any], ...] = (
    {}, {"compression": "zlib"}, {"compression": "lzma"}, {"planarconfig": "separate"}, {"tile": (16, 16)},
    {"bigtiff": True}, {"rowsperstrip": 2}, {"compression": "zlib", "tile": (16, 16), "planarconfig": "separate"},
)  # fmt: skip


@pytest.mark.parametrize("options", STORED, ids=lambda options: "-".join(map(str, options.values())) or "plain")
@pytest.mark.parametrize("dtype", TYPES)
def test_tifffile_writes_every_depth(dtype: str, options: dict[str, Any]) -> None:
    for channels, order in itertools.product((1, 2, 3, 4, 5), ORDERS):
        values = ramp(dtype, channels)
        found = read(by_tifffile(values, order, **options))
        assert found.dtype == values.dtype
        np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4"])
def test_differences_are_added_up(dtype: str) -> None:
    for channels, order, planar in itertools.product((1, 3), ORDERS, ("contig", "separate")):
        values = ramp(dtype, channels)[..., ::-1]
        content = by_tifffile(values, order, compression="zlib", predictor=True, planarconfig=planar)
        np.testing.assert_array_equal(read(content), values)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("order", ORDERS)
def test_differences_of_the_bytes_of_floats_are_added_up(dtype: str, order: Order) -> None:
    values = ramp(dtype, 3)
    size = values.itemsize
    rows = np.ascontiguousarray(values.transpose(1, 2, 0)).astype(f">{dtype}").view(np.uint8)
    planes = rows.reshape(RAMP_HEIGHT, RAMP_WIDTH * 3, size).transpose(0, 2, 1).reshape(RAMP_HEIGHT, -1, 3)
    packed = zlib.compress(np.diff(planes, axis=1, prepend=np.zeros((RAMP_HEIGHT, 1, 3), np.uint8)).tobytes())
    tags = {
        WIDTH: RAMP_WIDTH, HEIGHT: RAMP_HEIGHT, ROWS: RAMP_HEIGHT, BITS: [size * 8] * 3, FORMAT: [3] * 3, SAMPLES: 3,
        COMPRESSION: 8, PREDICTOR: 3, PHOTOMETRIC: 2,
    }  # fmt: skip
    np.testing.assert_array_equal(read(tiff_bytes(packed, tags, order=order)), values)


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits"])
def test_pillow_writes_what_it_can(compression: str | None) -> None:
    def check(content: bytes, values: Array) -> None:
        found = read(content)
        assert found.dtype == values.dtype
        np.testing.assert_array_equal(found, values)

    for channels in (1, 2, 3, 4):
        values = ramp("u1", channels)
        pixels = values.transpose(1, 2, 0)
        content = by_pillow(pixels[..., 0] if channels == 1 else np.ascontiguousarray(pixels), compression=compression)
        check(content, values)
    for dtype in ("u2", "f4", "i4"):
        values = ramp(dtype, 1)
        check(by_pillow(values[0], compression=compression), values)
    bits = ramp("u1", 1)[0] > 99
    check(by_pillow(bits, compression=compression), bits[None] * np.uint8(255))
    flat = Image.fromarray(ramp("u1", 3).transpose(1, 2, 0).copy()).quantize(8)
    check(by_pillow(flat, compression=compression), np.asarray(flat.convert("RGB")).transpose(2, 0, 1))


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
def test_facsimiles_are_read(compression: str) -> None:
    bits = ramp("u1", 1)[0] > 99
    np.testing.assert_array_equal(read(by_pillow(bits, compression=compression))[0], bits * 255)


def test_jpeg_in_tiff_is_read() -> None:
    blocks = np.kron(np.arange(6, dtype=np.uint8).reshape(2, 3) * 40, np.ones((8, 8), np.uint8))
    np.testing.assert_array_equal(read(by_pillow(blocks, compression="jpeg", quality=100))[0], blocks)
    colored = np.stack([blocks, 255 - blocks, blocks // 2], axis=-1)
    content = by_pillow(colored, compression="jpeg", quality=100)
    np.testing.assert_allclose(read(content).astype(int), colored.transpose(2, 0, 1), atol=2)


# None, LZW and deflate (both with differences, as OpenCV writes them), PackBits.
@pytest.mark.parametrize("compression", [1, 5, 8, 32773])
@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "i4", "f4", "f8"])
def test_opencv_writes(dtype: str, compression: int) -> None:
    cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed")
    for channels in (1, 3, 4):
        values = ramp(dtype, channels)
        # OpenCV has blue first.
        order = [*range(channels)] if channels == 1 else [2, 1, 0, 3][:channels]
        pixels = np.ascontiguousarray(values[order].transpose(1, 2, 0))
        options = [cv2.IMWRITE_TIFF_COMPRESSION, compression]
        done, content = cv2.imencode(".tif", pixels, options)
        assert done
        np.testing.assert_array_equal(read(content.tobytes()), values)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_opencv_writes_pngs_of_sixteen_bits(channels: int) -> None:
    cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed")
    values = np.random.default_rng(0).integers(0, 65536, (channels, 40, 50)).astype(np.uint16)
    pixels = np.ascontiguousarray(values[[0] if channels == 1 else [2, 1, 0, 3][:channels]].transpose(1, 2, 0))
    for strategy in (0, 4):
        done, content = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_FILTER, 0xF8, cv2.IMWRITE_PNG_STRATEGY, strategy])
        assert done
        np.testing.assert_array_equal(read(content.tobytes()), values)


@pytest.mark.parametrize(("channels", "color"), [(1, 0), (2, 4), (3, 2), (4, 6)])
@pytest.mark.parametrize("filters", ["NSUAP", "PPPPP", "AAAAA"])
def test_pngs_of_sixteen_bits_keep_them(channels: int, color: int, filters: str) -> None:
    values = np.random.default_rng(1).integers(0, 65536, (channels, 5, 9)).astype(np.uint16)
    np.testing.assert_array_equal(read(png(values.transpose(1, 2, 0), filters, color)), values)
