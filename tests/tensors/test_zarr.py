"""Zarr stores: read by parts whatever their chunks and codecs, and written so that the library reads them."""

from __future__ import annotations

import lzma
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from resident import growth
from zarr import codecs

from conv2d_cli.errors import Conv2dError, DataError, FileError
from conv2d_cli.tensors import store_replacement
from conv2d_cli.tensors.opening import open_source, tensors_in
from conv2d_cli.tensors.sink import check_output, check_output_dtype, open_output, write_tensors
from conv2d_cli.tensors.zarr import ZarrTensor

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


COMPRESSORS_2 = [
    None, numcodecs.Zlib(), numcodecs.GZip(), numcodecs.BZ2(), numcodecs.LZMA(),
    numcodecs.LZMA(format=lzma.FORMAT_ALONE), numcodecs.Zstd(), numcodecs.Blosc("zstd"),
    numcodecs.Blosc("lz4", shuffle=2),
]  # fmt: skip
COMPRESSORS_3 = [
    (), (codecs.GzipCodec(),), (codecs.ZstdCodec(),), (codecs.ZstdCodec(checksum=True), codecs.Crc32cCodec()),
    (codecs.BloscCodec(),), (codecs.Crc32cCodec(),), (codecs.Crc32cCodec(), codecs.GzipCodec()),
]  # fmt: skip
FILTERS_2 = [
    None,
    [numcodecs.Shuffle(2)],
    [numcodecs.Delta("<i2")],
    [numcodecs.Delta("<i2", "<i4"), numcodecs.Shuffle()],
]


@settings(max_examples=60)
@given(st.data())
def test_whatever_the_library_writes_is_read_as_it_reads_it(data: st.DataObject) -> None:
    """The library is the judge: both versions, each codec, shards, orders, byte orders, chunks that are not there."""
    shape = data.draw(st.lists(st.integers(0, 7), min_size=1, max_size=4).map(tuple), "shape")
    chunks = tuple(data.draw(st.integers(1, 5), "chunk") for _ in shape)
    old = data.draw(st.booleans(), "version 2")
    dtype = data.draw(st.sampled_from(["<i2", ">i2"] if old else ["<i2"]), "dtype")
    how: dict[str, Any] = {"fill_value": data.draw(st.integers(-9, 9), "fill"), "config": {"write_empty_chunks": True}}
    if old:
        how |= {
            "zarr_format": 2, "order": data.draw(st.sampled_from("CF"), "order"),
            "compressors": data.draw(st.sampled_from(COMPRESSORS_2), "compressor"),
            "filters": data.draw(st.sampled_from(FILTERS_2 if dtype == "<i2" else FILTERS_2[:2]), "filters"),
            "chunk_key_encoding": {"name": "v2", "separator": data.draw(st.sampled_from("./"), "separator")},
        }  # fmt: skip
    else:
        how |= {
            "compressors": data.draw(st.sampled_from(COMPRESSORS_3), "compressors"),
            "filters": data.draw(st.sampled_from([(), (codecs.TransposeCodec(order=range(len(shape))[::-1]),)])),
            "serializer": codecs.BytesCodec(endian=data.draw(st.sampled_from(["little", "big"]), "bytes")),
            "shards": data.draw(st.sampled_from([None, tuple(2 * side for side in chunks)]), "shards"),
        }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.zarr")
        array: Any = zarr.create_array(path, shape=shape, chunks=chunks, dtype=dtype, **how)
        values = np.random.default_rng(0).integers(-999, 999, shape).astype(dtype)
        # Some chunks are not there.
        box = tuple(slice(data.draw(st.integers(0, size), "from"), size) for size in shape)
        array[box] = values[box]
        stored = ZarrTensor(path)
        np.testing.assert_array_equal(stored.read(), array[...], strict=True)
        part = tuple(sorted((data.draw(st.integers(0, n)), data.draw(st.integers(0, n)))) for n in shape)
        key = tuple(slice(*ends) for ends in part)
        np.testing.assert_array_equal(stored.part(key), array[key])


def test_a_million_chunks_are_read_part_by_part(tmp_path: Path) -> None:
    array = zarr.create_array(
        tmp_path / "x.zarr", shape=(1, 1, 1000, 1000), chunks=(1, 1, 1, 1), dtype="f4", fill_value=2
    )
    array[0, 0, 500, :2] = (3, 4)
    with open_source(str(tmp_path / "x.zarr")) as source:
        read = []
        assert growth(lambda: read.append(source.image(0)[..., slice(499, 502), slice(0, 50)])) < 4 << 20
        (part,) = read
        assert part.shape == (1, 3, 50)
        assert (part[0, 1, :3].tolist(), float(part.sum())) == ([3, 4, 2], 2 * 150 + 1 + 2)


@pytest.mark.parametrize("how", ["chunk", "all", "renamed"])
def test_a_store_that_is_removed_while_it_is_read_is_told(tmp_path: Path, how: str) -> None:
    path = tmp_path / "x.zarr"
    zarr.create_array(path, data=VALUES, chunks=(1, 2, 11, 13), compressors=None)
    with open_source(str(path)) as source:
        source.read_images(0, 1)
        time.sleep(0.02)
        if how == "chunk":
            (path / "c" / "1" / "0" / "0" / "0").unlink()
        elif how == "all":
            shutil.rmtree(path)
        else:
            # Another store takes the name: the one that was opened is read on.
            path.rename(tmp_path / "old")
            zarr.create_array(path, data=-VALUES, chunks=(1, 2, 11, 13), compressors=None)
            np.testing.assert_array_equal(source.read_images(1, 1)[0], VALUES[1])
            return
        with pytest.raises(DataError, match="came or went while it was read"):
            source.read_images(1, 1)


@pytest.mark.parametrize("kind", ["chunk", "metadata"])
def test_a_pipe_in_a_store_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x.zarr"
    zarr.create_array(path, data=VALUES, chunks=(1, 2, 11, 13), compressors=None)
    file = path / ("c/0/0/0/0" if kind == "chunk" else "zarr.json")
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(Conv2dError), open_source(str(path)) as source:
        source.read()


def test_groups_that_hold_themselves_are_listed_once(tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "x.zarr")
    group.create_group("a").create_array("w", data=VALUES)
    for number in range(8):
        (tmp_path / "x.zarr" / f"up{number}").symlink_to(tmp_path / "x.zarr")
        (tmp_path / "x.zarr" / "a" / f"up{number}").symlink_to("..")
    assert [name for _, name, _ in tensors_in(str(tmp_path / "x.zarr"))] == ["a/w"]
