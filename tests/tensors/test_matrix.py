"""Every format, type, byte order and order of axes, read as every type that is computed in, beside the libraries."""

from __future__ import annotations

import json
import struct
import zlib
from itertools import product
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import ml_dtypes
import numpy as np
import pytest
import zarr

from conv2d_cli.dtypes import COMPUTABLE, DTYPES
from conv2d_cli.errors import DataError
from conv2d_cli.numpy_dtypes import numpy_dtype
from conv2d_cli.tensors.opening import open_source
from conv2d_cli.tensors.reading import Described, Reading

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Array = np.ndarray[Any, Any]
TARGETS = sorted(COMPUTABLE)
NUMPY_TYPES = sorted(DTYPES.keys() & {np.dtype(code).name for code in "?bBhHiIqQefdFD"})
UNNAMED = sorted(name for name in DTYPES if name == "bfloat16" or name.startswith("float8"))
SHAPE = (2, 3, 2, 4)
SAFETENSORS = {
    "bool": "BOOL", "uint8": "U8", "int8": "I8", "int16": "I16", "uint16": "U16", "int32": "I32", "uint32": "U32",
    "int64": "I64", "uint64": "U64", "float16": "F16", "float32": "F32", "float64": "F64", "complex64": "C64",
    "bfloat16": "BF16", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "float8_e8m0fnu": "F8_E8M0",
    "float8_e4m3fnuz": "F8_E4M3FNUZ", "float8_e5m2fnuz": "F8_E5M2FNUZ",
}  # fmt: skip


def native(name: str) -> np.dtype[Any]:
    return np.dtype(getattr(ml_dtypes, name)) if hasattr(ml_dtypes, name) else np.dtype(name)


def array_of(name: str) -> Array:
    """Return values that lie far apart in a type: both signs, fractions and the ends where it has them."""
    count, dtype = int(np.prod(SHAPE)), native(name)
    if DTYPES[name].kind in "iu":
        ends = np.iinfo(dtype)
        step = (int(ends.max) - int(ends.min)) // (count - 1)
        return np.array([int(ends.min) + step * number for number in range(count - 1)] + [int(ends.max)], dtype)
    if DTYPES[name].kind == "b":
        third: Array = np.arange(count) % 3 == 0
        return third
    real = np.linspace(-200, 200, count) * (1 if name != "float8_e8m0fnu" else 0) + 2.0 ** (np.arange(count) % 8 - 3)
    return (real + 1j * np.arange(count) if DTYPES[name].kind == "c" else real).astype(dtype)


def bits_of(array: Array) -> Array:
    """Return elements that NumPy has no name for as unsigned integers of the same bits."""
    return array.view(f"u{array.itemsize}") if array.dtype.name in UNNAMED else array


class File(NamedTuple):
    """A file of some type in some order, and how it is read."""

    path: Path
    reading: Reading = Reading()


def npy(folder: Path, array: Array) -> File:
    np.save(folder / "x.npy", array)
    return File(folder / "x.npy")


def npz(folder: Path, array: Array) -> File:
    np.savez(folder / "x.npz", x=array)
    return File(folder / "x.npz")


def npz_compressed(folder: Path, array: Array) -> File:
    np.savez_compressed(folder / "x.npz", x=array)
    return File(folder / "x.npz")


def raw(folder: Path, array: Array, name: str) -> File:
    (folder / "x.bin").write_bytes(b"head" + np.ascontiguousarray(array).tobytes())
    order = ">" if array.dtype.byteorder == ">" else "<"
    return File(folder / "x.bin", Reading(described=Described(array.shape, name, order, 4)))


def safetensors(folder: Path, array: Array, name: str) -> File:
    content = np.ascontiguousarray(array).tobytes()
    entry = {"dtype": SAFETENSORS[name], "shape": array.shape, "data_offsets": [0, len(content)]}
    header = json.dumps({"x": entry}).encode()
    (folder / "x.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + content)
    return File(folder / "x.safetensors")


def store(version: Literal[2, 3]) -> Callable[[Path, Array], File]:
    def write(folder: Path, array: Array) -> File:
        path = folder / f"{version}.zarr"
        kept: Any = zarr.create_array(
            path, shape=array.shape, dtype=array.dtype, chunks=(1, 2, 2, 4), zarr_format=version, overwrite=True
        )
        kept[...] = array
        return File(path)

    return write


def ordered(array: Array, byte_order: str, order: Any) -> Array:
    dtype = array.dtype.newbyteorder(byte_order)
    return np.asarray(array.astype(dtype), order=order)


def cells(
    write: Callable[..., File], name: str, *, by_name: bool
) -> list[tuple[Callable[..., File], str, str, str, bool]]:
    orders = ("<", ">") if native(name).itemsize > 1 and write is not safetensors else ("<",)
    axes = ("C", "F") if write in (npy, npz) else ("C",)
    return [(write, name, byte_order, order, by_name) for byte_order, order in product(orders, axes)]


FILES = [
    *(
        cell
        for name in NUMPY_TYPES
        for write in (npy, npz, npz_compressed, store(2), store(3))
        for cell in cells(write, name, by_name=False)
    ),
    *(cell for name in (*NUMPY_TYPES, *UNNAMED) for cell in cells(raw, name, by_name=True)),
    *(cell for name in SAFETENSORS for cell in cells(safetensors, name, by_name=True)),
]


def right(array: Array, target: str) -> Array | None:
    """Return what the libraries make of it; None where that is not the same values, but for rounding."""
    real = array.astype(np.uint8) if array.dtype.kind == "b" else array
    if DTYPES[target].kind != "c" and real.dtype.kind == "c":
        if real.imag.any():
            return None
        real = real.real
    with np.errstate(all="ignore"):
        # Types that NumPy has no name for are exact in float32.
        wide = real.astype(np.float32) if array.dtype.name in UNNAMED else real
        converted = wide.astype(native(target))
    if DTYPES[target].kind in "iu":
        exact = [
            int(a) == float(b) if wide.dtype.kind == "f" else int(a) == int(b)
            for a, b in zip(converted.ravel(), wide.ravel(), strict=True)
        ]
        return converted if all(exact) else None
    beyond = ~np.isfinite(converted.astype(np.complex128)) & np.isfinite(wide.astype(np.complex128))
    return None if beyond.any() else converted


@pytest.mark.parametrize(("write", "name", "byte_order", "order", "by_name"), FILES)
def test_every_value_is_that_of_the_libraries(
    tmp_path: Path, write: Callable[..., File], name: str, byte_order: str, order: str, by_name: bool
) -> None:
    array = array_of(name).reshape(SHAPE)
    file = write(tmp_path, ordered(bits_of(array), byte_order, order), *([name] if by_name else []))
    for target in TARGETS:
        reading = file.reading._replace(dtype=target)
        wanted = array if target == name else right(array, target)
        with open_source(str(file.path), reading) as source:
            assert source.holds == name
            if wanted is None:
                with pytest.raises(DataError, match=r" at \[\d, \d, \d, \d\] "):
                    source.read()
                continue
            found = source.read()
            assert (found.dtype, found.shape) == (numpy_dtype(target), SHAPE)
            assert found.tobytes() == np.ascontiguousarray(wanted).tobytes(), target
        with open_source(str(file.path), reading) as source:
            # What is deflated comes in its order.
            assert source.is_placed or source.read_images(0, 1).tobytes() == np.ascontiguousarray(wanted[:1]).tobytes()
            assert source.read_images(1, 1).tobytes() == np.ascontiguousarray(wanted[1:]).tobytes()
        with open_source(str(file.path), reading) as source:
            assert (
                source.is_placed or np.asarray(source.image(0)).tobytes() == np.ascontiguousarray(wanted[0]).tobytes()
            )
            part = source.image(1)[..., slice(1, 2), slice(1, 3)]
            assert part.tobytes() == np.ascontiguousarray(wanted[1, :, 1:2, 1:3]).tobytes()


def test_there_are_cells_enough() -> None:
    assert len(FILES) * len(TARGETS) >= 2000
    assert len(PICTURES) * len(TARGETS) >= 500


@pytest.mark.parametrize("write", [npy, npz, store(2)])
def test_two_bytes_of_void_are_bfloat16_where_it_is_asked_for(tmp_path: Path, write: Callable[..., File]) -> None:
    array = array_of("bfloat16").reshape(SHAPE)
    void: Array = array.view("V2")
    if write in (npy, npz):
        path = write(tmp_path, void).path
    else:
        path = tmp_path / "2.zarr"
        path.mkdir()
        metadata = {"zarr_format": 2, "shape": SHAPE, "chunks": SHAPE, "dtype": "|V2", "compressor": None}
        (path / ".zarray").write_text(json.dumps(metadata | {"fill_value": None, "order": "C", "filters": None}))
        (path / ".".join("0000")).write_bytes(void.tobytes())
    with open_source(str(path), Reading(dtype="bfloat16")) as source:
        assert source.read().tobytes() == array.tobytes()
    with pytest.raises(DataError, match="two bytes of no type"), open_source(str(path), Reading(dtype="float32")):
        pass


TIFF_TYPES = [name for name in NUMPY_TYPES if DTYPES[name].kind in "iuf"]
PNG_TYPES = ["uint8", "uint16"]
PICTURES = [
    *(("png", name, "<", channels) for name in PNG_TYPES for channels in (1, 3)),
    *(("tif", name, byte_order, channels) for name in TIFF_TYPES for byte_order in "<>" for channels in (1, 3)),
]


def picture(folder: Path, kind: str, array: Array, byte_order: str) -> Path:
    """Write (channels, H, W) by another library's own writer."""
    path = folder / f"x.{kind}"
    pixels = array[0] if len(array) == 1 else np.ascontiguousarray(array.transpose(1, 2, 0))
    if kind == "png" and not (array.dtype == np.uint16 and len(array) > 1):
        image: Any = pytest.importorskip("PIL.Image")
        image.fromarray(pixels).save(path)
    elif kind == "png":
        # Pillow writes no colours of 16 bits.
        rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
        header = struct.pack(">2I5B", pixels.shape[1], pixels.shape[0], 16, 2, 0, 0, 0)
        chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
        content = (struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in chunks)
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(content))
    else:
        tifffile: Any = pytest.importorskip("tifffile")
        photometric = "minisblack" if len(array) == 1 else "rgb"
        tifffile.imwrite(path, pixels, byteorder=byte_order, photometric=photometric)
    return path


@pytest.mark.parametrize(("kind", "name", "byte_order", "channels"), PICTURES)
def test_every_pixel_is_that_of_the_libraries(
    tmp_path: Path, kind: str, name: str, byte_order: str, channels: int
) -> None:
    array = array_of(name).reshape(channels, -1, 4)
    path = picture(tmp_path, kind, array, byte_order)
    for target in TARGETS:
        wanted = array if target == name else right(array, target)
        with open_source(str(path), Reading(dtype=target)) as source:
            assert source.holds == name
            if wanted is None:
                with pytest.raises(DataError, match=r" at \[\d+, \d+, \d+\] "):
                    source.read()
                continue
            found = source.read()
            assert (found.dtype, found.shape) == (numpy_dtype(target), array.shape)
            assert found.tobytes() == np.ascontiguousarray(wanted).tobytes(), target
