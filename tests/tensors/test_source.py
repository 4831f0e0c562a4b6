"""One way in for every format: found by suffix or magic, checked by header, dense and cast when read."""

from __future__ import annotations

import io
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from npy_bytes import npy_bytes

from conv2d_cli.errors import Conv2dError, DataError, FileError, MissingExtraError
from conv2d_cli.numpy_dtypes import numpy_dtype
from conv2d_cli.tensors.formats import SUFFIXES
from conv2d_cli.tensors.opening import open_source, open_stored
from conv2d_cli.tensors.reading import Reading
from conv2d_cli.tensors.safetensors import write as write_safetensors

if TYPE_CHECKING:
    from pathlib import Path


def saved(folder: Path, array: Any, name: str = "x.npy") -> str:
    path = folder / name
    with path.open("wb") as stream:
        np.save(stream, array)
    return str(path)


def read(typed: str, dtype: str | None = None, stdin: Any = None) -> np.ndarray[Any, Any]:
    with open_source(typed, Reading(dtype=dtype), stdin=stdin) as source:
        array = source.read()
        assert (array.shape, numpy_dtype(source.dtype)) == (source.shape, array.dtype)
    assert array.flags.c_contiguous
    assert array.dtype.isnative
    return array


def fault(typed: str, dtype: str | None = None, stdin: Any = None) -> Conv2dError:
    with pytest.raises(Conv2dError) as caught:
        read(typed, dtype, stdin)
    return caught.value


@pytest.mark.parametrize("stored", ["<f4", ">f4", "<f8", ">c16", ">i2", "|u1"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_past_this_point_arrays_are_dense_and_native(tmp_path: Path, stored: str, order: Any) -> None:
    array = np.arange(24).reshape(2, 3, 4).astype(stored)
    result = read(saved(tmp_path, np.asarray(array, order=order)))
    assert result.dtype == array.dtype.newbyteorder("=")
    assert result.tolist() == array.tolist()


@pytest.mark.parametrize(
    ("stored", "order", "dtype", "bytes_"),
    [
        ("<f4", "C", None, 4),
        ("<f4", "C", "float32", 4),
        ("<f4", "F", None, 8),
        (">f4", "C", None, 8),
        ("<f4", "C", "float64", 12),
        ("<i2", "C", "int8", 3),
    ],
)
def test_reading_takes_the_elements_once_or_once_more_to_change_them(
    tmp_path: Path,
    stored: str,
    order: Any,
    dtype: str | None,
    bytes_: int,
) -> None:
    path = saved(tmp_path, np.asarray(np.zeros((2, 3), stored), order=order))
    with open_source(path, Reading(dtype=dtype)) as source:
        assert source.read_peak_bytes == 6 * bytes_


@pytest.mark.parametrize(
    ("array", "dtype", "message", "hint"),
    [
        (
            np.array([None, 1]),
            None,
            "it holds Python objects, and a pickle is never loaded",
            "save it with a number's dtype",
        ),
        (
            np.zeros(2, [("a", "O"), ("b", "f4")]),
            "float32",
            "it holds Python objects, and a pickle is never loaded",
            "save it with a number's dtype",
        ),
        (
            np.zeros(2, [("a", "f4"), ("b", "f4")]),
            None,
            "its elements are records of a, b, not numbers",
            "save one field, as with numpy.save(file, array[field])",
        ),
        (np.zeros(2, "V3"), "bfloat16", "its elements are V3, not numbers", "save it as float32 or float64"),
        (
            np.zeros(2, "V2"),
            None,
            "its elements are V2, two bytes of no type that is named",
            "--dtype bfloat16 reads two-byte elements as bfloat16",
        ),
        (
            np.zeros(2, "V2"),
            "float32",
            "its elements are V2, two bytes of no type that is named",
            "--dtype bfloat16 reads two-byte elements as bfloat16",
        ),
        (
            np.array(["a", "bc"]),
            None,
            "its elements are str64, which nothing is computed in",
            "save it as float32 or float64",
        ),
        (
            np.zeros(1, "M8[s]"),
            None,
            "its elements are datetime64[s], which nothing is computed in",
            "save it as float32 or float64",
        ),
        (np.zeros(1, bool), None, "its elements are bool, which nothing is computed in", "--dtype float32 casts it"),
    ],
)
def test_other_elements_are_refused_before_any_is_read(
    tmp_path: Path,
    array: Any,
    dtype: str | None,
    message: str,
    hint: str,
) -> None:
    path = saved(tmp_path, array)
    assert fault(path, dtype).lines() == [(f"{path}: {message}", hint)]


@pytest.mark.skipif(np.dtype(np.longdouble).itemsize == 8, reason="long double is float64 here")
def test_long_double_is_no_type_of_ours(tmp_path: Path) -> None:
    error = fault(saved(tmp_path, np.zeros(1, np.longdouble)))
    assert "which nothing is computed in" in error.message


def test_the_header_alone_is_read_of_any_type(tmp_path: Path) -> None:
    with open_stored(saved(tmp_path, np.zeros((2, 3), bool))) as (stored, _):
        assert stored.shape == (2, 3)


def test_bfloat16_without_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numpy_dtype.cache_clear()
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    error = fault(saved(tmp_path, np.zeros(2, "V2")), "bfloat16")
    assert isinstance(error, MissingExtraError)
    assert error.hint == "pip install 'conv2d-cli[bf16]'"


def test_the_format_follows_the_suffix_then_the_magic(tmp_path: Path) -> None:
    array = np.arange(3.0)
    for name in ("x.npy", "X.NPY", "x", "x.dat"):
        assert read(saved(tmp_path, array, name)).tolist() == [0, 1, 2]
    np.savez(tmp_path / "y.npz", a=array)
    write_safetensors(tmp_path / "y.safetensors", {"a": array})
    for name in ("y.npz", "y.safetensors"):
        assert read(f"{tmp_path / name}::a").tolist() == [0, 1, 2]
        (tmp_path / name).rename(tmp_path / "other")
        assert read(str(tmp_path / "other")).tolist() == [0, 1, 2]
    misnamed = saved(tmp_path, array, "x.npz")
    assert fault(misnamed).message.startswith(f"{misnamed}: it is a .npy file, not a .npz")
    with (tmp_path / "z.npz").open("wb") as empty:
        np.savez(empty)
    (tmp_path / "z.npz").rename(tmp_path / "empty")
    assert fault(str(tmp_path / "empty")).message == f"{tmp_path / 'empty'}: it holds no tensor: the archive is empty"


def test_what_is_no_tensor_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "noise"
    path.write_bytes(b"\0\1\2\3 of no kind")
    assert fault(str(path)).lines() == [(f"{path}: it is no tensor file that we know", f"known: {SUFFIXES}")]
    path.write_bytes(b"")
    assert fault(str(path)).message == f"{path}: it is empty"


def test_stdin_is_read_where_it_stands(tmp_path: Path) -> None:
    content = npy_bytes((3,), "<f4", np.arange(3, dtype="<f4").tobytes())
    assert read("-", stdin=io.BytesIO(content)).tolist() == [0, 1, 2]
    assert read("npy:-", stdin=io.BytesIO(content)).tolist() == [0, 1, 2]
    path = tmp_path / "two"
    path.write_bytes(b"before" + content)
    with path.open("rb") as stream:
        stream.seek(6)
        assert read("-", stdin=stream).tolist() == [0, 1, 2]
        assert not stream.closed
    assert fault("-", stdin=io.BytesIO(b"")).message == "-: it is empty"
    assert fault("-", stdin=None).lines() == [("stdin is closed", "give a file instead of -")]
    assert fault("npz:-", stdin=io.BytesIO(content)).lines() == [
        ("npz:-: a .npz cannot be read from a pipe", "give it as a file, or pipe a .npy")
    ]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX")
def test_a_named_pipe_is_read_as_a_stream(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = npy_bytes((100_000,), "|u1", bytes(100_000))
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    assert read(str(pipe)).shape == (100_000,)
    writer.join()


@pytest.mark.parametrize("name", ["missing.npy", "folder", "nul\0byte.npy", "a/b/c.npy", "x" * 300])
def test_what_cannot_be_read_is_told_with_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    path = str(tmp_path / name)
    error = fault(path)
    assert isinstance(error, FileError)
    assert error.message.startswith(f"cannot read {path}: ")
    assert error.hint == "give a tensor file, or - for stdin"


def test_a_file_that_shrinks_under_the_reader_is_told(tmp_path: Path) -> None:
    path = saved(tmp_path, np.zeros(100_000))
    with open_source(path) as source:
        os.truncate(path, 1000)
        with pytest.raises(DataError, match=rf"^{path}: its header promises 800000 bytes of elements, but \d+ follow"):
            source.read()
