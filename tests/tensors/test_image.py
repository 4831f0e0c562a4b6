"""Pictures as tensors, and back."""

from __future__ import annotations

import io
import struct
import sys
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from pictures import ramp
from PIL import Image

from conv2d_cli.errors import DataError, MissingExtraError, UsageError
from conv2d_cli.tensors.opening import open_source
from conv2d_cli.tensors.sink import check_output_dtype, open_output, write_tensors

if TYPE_CHECKING:
    from pathlib import Path

Array = np.ndarray[Any, Any]
GRAY = np.arange(35, dtype=np.uint8).reshape(5, 7) * 7
COLOR = np.random.default_rng(0).integers(0, 256, (5, 7, 4)).astype(np.uint8)


def read(path: Path) -> Array:
    with open_source(str(path)) as source:
        values = source.read()
        assert values.shape == source.shape
        assert values.flags.c_contiguous
        return values


def saved(folder: Path, picture: Image.Image, name: str = "x.png", **options: Any) -> Path:
    picture.save(folder / name, **options)
    return folder / name


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_bytes_become_planes(tmp_path: Path, channels: int) -> None:
    pixels = GRAY if channels == 1 else COLOR[..., :channels]
    values = read(saved(tmp_path, Image.fromarray(pixels)))
    assert values.dtype == np.uint8
    np.testing.assert_array_equal(values, pixels.reshape(5, 7, channels).transpose(2, 0, 1))


def test_sixteen_bits_thirty_two_and_floats(tmp_path: Path) -> None:
    wide = GRAY.astype(np.uint16) * 250
    for name in ("x.png", "x.tif"):
        np.testing.assert_array_equal(read(saved(tmp_path, Image.fromarray(wide), name)), wide[None])
    real = GRAY.astype(np.float32) / 3
    np.testing.assert_array_equal(read(saved(tmp_path, Image.fromarray(real), "f.tiff")), real[None])


def test_palettes_and_bits_are_resolved(tmp_path: Path) -> None:
    flat = Image.fromarray(COLOR[..., :3]).quantize(8)
    np.testing.assert_array_equal(read(saved(tmp_path, flat)), np.asarray(flat.convert("RGB")).transpose(2, 0, 1))
    bits = Image.fromarray(GRAY > 100)
    np.testing.assert_array_equal(read(saved(tmp_path, bits))[0], (GRAY > 100) * 255)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, bits: int = 8, color: int = 0, rows: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def sound() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(COLOR[..., :3]).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (png(100_000, 100_000), "more than its "),
        (png(12_000, 12_000), "more than its "),
        (png(2**31 - 1, 2**31 - 1), ""),
        (png(5000, 5000), "more than its "),
        (png(0, 5), ""),
        (png(4, 4, 16, 2, bytes(4 * 24)), ""),
        (png(4, 4, 16, 6, bytes(4 * 32)), ""),
        (png(4, 4, 9, 0, bytes(20)), ""),
        (png(4, 4, 8, 7, bytes(20)), ""),
        (png(4, 4, rows=bytes(3)), ""),
        *((sound()[:size], "") for size in (0, 4, 8, 20, 33, 60, 100, len(sound()) // 2)),
        (sound().replace(b"IDAT", b"IDAX"), ""),
        (b"\xff\xd8\xff" + bytes(100), ""),
        (b"II*\0" + b"\xff" * 100, ""),
        (b"GIF89a" + bytes(100), ""),
        (b"\x93NUMPY\x01\x00", ""),
    ],
)
def test_broken_pictures_and_bombs_are_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read(path)
    assert says in caught.value.message
    assert caught.value.message.startswith(str(path))


def test_a_picture_of_one_colour_is_no_bomb(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.new("RGB", (3000, 2000), (7, 7, 7)), optimize=True)
    assert (read(path) == 7).all()
    assert path.stat().st_size * 800 < 3000 * 2000 * 3 or path.stat().st_size < 30_000


def test_frames_and_names_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.fromarray(GRAY), "x.tif", save_all=True, append_images=[Image.fromarray(GRAY)])
    with pytest.raises(DataError, match="holds 2 pictures"):
        read(path)
    single = saved(tmp_path, Image.fromarray(GRAY))
    with pytest.raises(DataError, match="no tensor named 'a'"), open_source(f"{single}::a"):
        pass


def written(path: Path, values: Array) -> tuple[str, ...]:
    with open_output(str(path), values.shape, values.dtype, force=False) as output:
        output.write(0, values if values.ndim == 4 else values[None])
    return tuple(output.remarks)


# Types that each format keeps: TIFF all, float16 as float32, which has its values.
KEPT = [
    *(("png", dtype, channels) for dtype in ("u1", "u2") for channels in (1, 2, 3, 4)),
    *(("tif", f"{kind}{size}", channels) for kind in "iu" for size in (1, 2, 4, 8) for channels in (1, 2, 3, 4)),
    *(("tiff", dtype, channels) for dtype in ("f2", "f4", "f8") for channels in (1, 2, 3, 4)),
]


@pytest.mark.parametrize(("suffix", "dtype", "channels"), KEPT)
def test_what_is_written_is_read_again(tmp_path: Path, suffix: str, dtype: str, channels: int) -> None:
    values, path = ramp(dtype, channels), tmp_path / f"y.{suffix}"
    assert written(path, values) == ()
    with open_source(str(path)) as source:
        found = source._stored.read()
    assert found.dtype == (np.float32 if dtype == "f2" else values.dtype)
    np.testing.assert_array_equal(found, values)


def test_not_a_number_and_infinities_stay_in_a_tiff(tmp_path: Path) -> None:
    values = np.array([[[np.nan, np.inf], [-np.inf, -0.0]]], np.float32)
    assert written(tmp_path / "y.tif", values) == ()
    np.testing.assert_array_equal(read(tmp_path / "y.tif").view(np.uint32), values.view(np.uint32))


def test_bfloat16_becomes_float32_in_a_tiff(tmp_path: Path) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    values = np.arange(192).reshape(3, 8, 8) / 64
    written(tmp_path / "y.tif", values.astype(ml_dtypes.bfloat16))
    np.testing.assert_array_equal(read(tmp_path / "y.tif"), values.astype(ml_dtypes.bfloat16).astype(np.float32))


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_others_read_the_tiffs_that_are_written(tmp_path: Path, dtype: str, channels: int) -> None:
    values = ramp(dtype, channels)
    written(tmp_path / "y.tif", values)
    found = tifffile.imread(tmp_path / "y.tif")
    np.testing.assert_array_equal(found.reshape(*values.shape[1:], channels), values.transpose(1, 2, 0))
    if dtype == "u1":
        with Image.open(tmp_path / "y.tif") as picture:
            assert picture.mode == ("L", "LA", "RGB", "RGBA")[channels - 1]


@pytest.mark.parametrize("channels", [3, 4])
def test_opencv_reads_the_pngs_of_sixteen_bits_that_are_written(tmp_path: Path, channels: int) -> None:
    cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed")
    values = np.random.default_rng(0).integers(0, 65536, (channels, 700, 900)).astype(np.uint16)
    written(tmp_path / "y.png", values)
    found = cv2.imread(str(tmp_path / "y.png"), cv2.IMREAD_UNCHANGED).transpose(2, 0, 1)
    np.testing.assert_array_equal(found[[2, 1, 0, 3][:channels]], values)


def test_tiles_come_in_any_order(tmp_path: Path) -> None:
    values = ramp("f4", 3)
    with open_output(str(tmp_path / "y.tif"), values.shape, values.dtype, force=False) as output:
        for top, left in ((3, 4), (0, 0), (3, 0), (0, 4)):
            output.write_tile(0, top, left, values[:, top : top + 3, left : left + 4])
    np.testing.assert_array_equal(read(tmp_path / "y.tif"), values)


def test_clipping_is_said_aloud(tmp_path: Path) -> None:
    values = np.array([[[-0.6, -0.4, 254.5], [255.4, 255.6, np.nan]]], np.float32)
    assert written(tmp_path / "y.png", values) == ("3 of 6 values were clipped to 0 to 255",)
    assert read(tmp_path / "y.png").tolist() == [[[0, 0, 254], [255, 255, 0]]]
    assert written(tmp_path / "z.png", np.array([[[-1, 300]]])) == ("2 of 2 values were clipped to 0 to 255",)


@pytest.mark.parametrize(
    ("name", "shape"), [("y.png", (2, 3, 4, 4)), ("y.png", (8, 4, 4)), ("y.jpg", (4, 4, 4)), ("y.tif", (5, 4, 4))]
)
def test_what_is_no_picture_is_refused(tmp_path: Path, name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="is no"):
        written(tmp_path / name, np.zeros(shape, np.float32))
    assert not list(tmp_path.iterdir())


def test_complex_numbers_and_parameters_are_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot hold complex64"):
        check_output_dtype("y.png", "complex64")
    with pytest.raises(UsageError, match="keeps no weight"):
        write_tensors(str(tmp_path / "y.png"), {"weight": GRAY}, force=False)


def test_without_the_extra_its_install_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, Image.fromarray(GRAY))
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtraError) as caught:
        read(path)
    assert caught.value.hint == "pip install 'conv2d-cli[image]'"
    monkeypatch.setitem(sys.modules, "tifffile", None)
    with pytest.raises(MissingExtraError, match="writing a TIFF needs an extra"):
        written(tmp_path / "y.tif", GRAY[None])
    assert not (tmp_path / "y.tif").exists()
