"""Zarr stores: read by parts whatever their chunks and codecs, and written so that the library reads them."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import threading
import zlib
from typing import TYPE_CHECKING, Any

import numcodecs  # type: ignore[import-untyped]
import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st
from zarr import codecs

from conv2d_cli.errors import Conv2dError, DataError, FileError
from conv2d_cli.tensors import store_replacement
from conv2d_cli.tensors.compressed import check_decoded_size
from conv2d_cli.tensors.opening import open_source, tensors_in
from conv2d_cli.tensors.sink import check_output, check_output_dtype, open_output, write_tensors
from conv2d_cli.tensors.zarr_output import _cut

if TYPE_CHECKING:
    from pathlib import Path

Array = np.ndarray[Any, Any]
VALUES = np.random.default_rng(0).standard_normal((3, 2, 11, 13)).astype(np.float32)
STORES: dict[str, dict[str, Any]] = {
    "version 2": {"zarr_format": 2, "chunks": (2, 1, 4, 5)},
    "version 2, first axis fastest": {"zarr_format": 2, "chunks": (2, 1, 4, 5), "order": "F"},
    "version 2, zlib": {"zarr_format": 2, "chunks": (1, 2, 11, 6), "compressors": numcodecs.Zlib()},
    "version 2, shuffled": {
        "zarr_format": 2, "chunks": (1, 2, 6, 6), "filters": [numcodecs.Shuffle(4)], "compressors": numcodecs.LZMA(),
    },
    "version 3": {"chunks": (1, 2, 4, 13)},
    "version 3, blosc": {"chunks": (3, 2, 11, 13), "compressors": codecs.BloscCodec()},
    "version 3, gzip": {"chunks": (1, 1, 1, 1), "compressors": codecs.GzipCodec()},
    "version 3, shards": {"chunks": (1, 1, 3, 4), "shards": (2, 2, 6, 8)},
    "version 3, transposed": {
        "chunks": (1, 2, 5, 5), "filters": codecs.TransposeCodec(order=(3, 2, 1, 0)), "compressors": None,
    },
}  # fmt: skip


def write_tensor(typed: str, array: Array, *, force: bool = False) -> None:
    with open_output(typed, array.shape, array.dtype, force=force) as output:
        output.write(0, array if array.ndim == 4 else array[None])


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("how", STORES)
def test_any_part_of_any_store_is_read(tmp_path: Path, how: str) -> None:
    zarr.create_array(tmp_path / "x.zarr", data=VALUES, **STORES[how])
    with open_source(str(tmp_path / "x.zarr")) as source:
        assert (source.shape, source.dtype, source.is_read_in_parts) == (VALUES.shape, "float32", True)
        np.testing.assert_array_equal(source.read(), VALUES)
        np.testing.assert_array_equal(source.read_images(1, 2), VALUES[1:])
        image, rows, columns = source.image(2), np.array([10, 0, 0, 1, 2, 7])[:, None], np.array([12, 0, 3])
        np.testing.assert_array_equal(image[..., 2:9, 5:], VALUES[2][:, 2:9, 5:])
        np.testing.assert_array_equal(image[..., rows, columns], VALUES[2][:, rows, columns])


@pytest.mark.parametrize("version", [2, 3])
def test_arrays_of_a_group_have_names(tmp_path: Path, version: Any) -> None:
    group = zarr.open_group(tmp_path / "g", mode="w", zarr_format=version)
    group.create_array("weight", data=VALUES)
    group.create_array("deep/bias", data=VALUES[0, 0, 0].astype(">f8"))
    typed = str(tmp_path / "g")
    assert {name: stored.shape for _, name, stored in tensors_in(typed)} == {
        "weight": VALUES.shape, "deep/bias": (13,),
    }  # fmt: skip
    with open_source(f"{typed}::deep/bias") as source:
        np.testing.assert_array_equal(source.read(), VALUES[0, 0, 0].astype(np.float64))
    with pytest.raises(DataError, match="it holds 2 tensors"), open_source(typed):
        pass


@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", "complex64", "complex128", "int8", "uint8", "int64"]
)
def test_what_is_written_the_library_reads(tmp_path: Path, dtype: str) -> None:
    for name, array in (("batch", VALUES), ("image", VALUES[0]), ("none", VALUES[:0])):
        typed = str(tmp_path / f"{name}.zarr")
        check_output(typed, force=False)
        write_tensor(typed, array.astype(dtype))
        read: Any = zarr.open_array(typed, mode="r")
        assert read.dtype == dtype
        np.testing.assert_array_equal(read[...], array.astype(dtype))
        with open_source(typed) as source:
            np.testing.assert_array_equal(source.read(), array.astype(dtype))
    assert listing(tmp_path) == ["batch.zarr", "image.zarr", "none.zarr"]


def test_tiles_of_a_large_image_fill_its_chunks(tmp_path: Path) -> None:
    image = np.arange(2 * 1500 * 2100, dtype=np.float32).reshape(2, 1500, 2100)
    typed = str(tmp_path / "y.zarr")
    with open_output(typed, (1, *image.shape), image.dtype, force=False) as output:
        for top in range(0, 1500, 400):
            for left in range(0, 2100, 900):
                output.write_tile(0, top, left, image[:, top : top + 400, left : left + 900])
    written: Any = zarr.open_array(typed, mode="r")
    assert written.chunks == (1, 1, 1024, 1024)
    np.testing.assert_array_equal(written[0], image)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(1, 20))
def test_positions_are_cut_at_chunks(start: int, length: int, size: int) -> None:
    places = _cut(start, length, size)
    found = [
        (place.chunk * size + place.inside + offset, place.part.start + offset)
        for place in places
        for offset in range(place.part.stop - place.part.start)
    ]
    assert found == [(start + offset, offset) for offset in range(length)]
    assert all(place.inside + place.part.stop - place.part.start <= size for place in places)


def test_parameters_are_arrays_of_a_group(tmp_path: Path) -> None:
    typed = str(tmp_path / "p.zarr")
    write_tensors(typed, {"weight": VALUES, "bias": VALUES[0, 0, 0]}, force=False)
    group: Any = zarr.open_group(typed, mode="r")
    np.testing.assert_array_equal(group["weight"][...], VALUES)
    np.testing.assert_array_equal(group["bias"][...], VALUES[0, 0, 0])


def test_a_store_is_replaced_whole_and_only_by_force(tmp_path: Path) -> None:
    typed = str(tmp_path / "y.zarr")
    write_tensor(typed, VALUES)
    (tmp_path / "y.zarr").chmod(0o750)
    with pytest.raises(FileError, match="already exists"):
        check_output(typed, force=False)
    with pytest.raises(FileError, match="already exists"):
        write_tensor(typed, VALUES[:1])
    assert zarr.open_array(typed, mode="r").shape == VALUES.shape
    with pytest.raises(ZeroDivisionError), open_output(typed, (1, 1, 2, 2), VALUES.dtype, force=True):
        raise ZeroDivisionError
    assert zarr.open_array(typed, mode="r").shape == VALUES.shape
    write_tensor(typed, VALUES[:1], force=True)
    assert zarr.open_array(typed, mode="r").shape == VALUES[:1].shape
    assert sorted(path.name for path in (tmp_path / "y.zarr" / "c").iterdir()) == ["0"]
    assert os.name == "nt" or (tmp_path / "y.zarr").stat().st_mode & 0o777 == 0o750
    assert listing(tmp_path) == ["y.zarr"]


def test_without_the_means_of_linux_a_store_is_replaced_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_replacement, "_rename", lambda *_: False)
    typed = str(tmp_path / "y.zarr")
    write_tensor(typed, VALUES)
    with pytest.raises(FileError, match="already exists"):
        write_tensor(typed, VALUES[:1])
    write_tensor(typed, VALUES[:1], force=True)
    assert zarr.open_array(typed, mode="r").shape == VALUES[:1].shape
    assert listing(tmp_path) == ["y.zarr"]


def test_a_folder_that_is_no_store_is_never_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "y.zarr"
    folder.mkdir()
    (folder / "thesis.txt").write_text("mine")
    with pytest.raises(FileError, match="it is a directory"):
        check_output(str(folder), force=True)
    with pytest.raises(FileError, match="it is a directory"):
        write_tensor(str(folder), VALUES, force=True)
    assert listing(folder) == ["thesis.txt"]


def test_of_two_writers_without_force_one_wins(tmp_path: Path) -> None:
    typed, ready, faults = str(tmp_path / "y.zarr"), threading.Barrier(4, timeout=10), list[Conv2dError]()

    def write(count: int) -> None:
        try:
            with open_output(typed, VALUES[:count].shape, VALUES.dtype, force=False) as output:
                output.write(0, VALUES[:count])
                ready.wait()
        except FileError as error:
            faults.append(error)

    writers = [threading.Thread(target=write, args=(count,)) for count in (0, 1, 2, 3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(10)
    assert [error.exit_code for error in faults] == [4, 4, 4]
    count = zarr.open_array(typed, mode="r").shape[0]
    np.testing.assert_array_equal(zarr.open_array(typed, mode="r")[...], VALUES[:count])
    assert listing(tmp_path) == ["y.zarr"]


def test_a_full_disk_is_found_before_the_work(tmp_path: Path) -> None:
    with (
        pytest.raises(FileError, match="No space left on device"),
        open_output(str(tmp_path / "y.zarr"), (1 << 20, 1, 1 << 20, 1 << 10), VALUES.dtype, force=False),
    ):
        raise AssertionError
    assert listing(tmp_path) == []


def test_it_has_no_bfloat16() -> None:
    with pytest.raises(Conv2dError, match="cannot hold bfloat16"):
        check_output_dtype("y.zarr", "bfloat16")


@pytest.mark.parametrize("size", [1, 1000, 3_000_000])
@pytest.mark.parametrize(
    "compress",
    [
        gzip.compress, zlib.compress, bz2.compress, lzma.compress, numcodecs.Zstd().encode, numcodecs.Blosc().encode,
        lambda content: zlib.compress(content, 1), numcodecs.Zstd(level=19, checksum=True).encode,
    ],
)  # fmt: skip
def test_what_compressed_bytes_hold_is_known_to_the_byte(compress: Any, size: int) -> None:
    content = memoryview(compress(np.arange(size, dtype=np.uint32).astype(np.uint8).tobytes()))
    check_decoded_size(content, size)
    with pytest.raises(DataError, match="more than"):
        check_decoded_size(content, size - 1)


@given(
    st.binary(max_size=64),
    st.sampled_from([b"", b"\x1f\x8b", b"\x78\x9c", b"BZh9", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"]),
)
def test_bytes_that_only_look_compressed_are_let_through(content: bytes, magic: bytes) -> None:
    check_decoded_size(memoryview(magic + content), 2**64)


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_what_follows_the_first_stream_counts_too(compress: Any) -> None:
    content = memoryview(compress(bytes(10)) + compress(bytes(1000)))
    check_decoded_size(content, 1010)
    with pytest.raises(DataError, match="more than"):
        check_decoded_size(content, 1009)
