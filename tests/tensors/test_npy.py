"""`.npy`: every header that NumPy writes is read, every one that lies is refused before anything is allocated."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from npy_bytes import npy_bytes

from conv2d_cli.errors import DataError
from conv2d_cli.tensors.formats import OpenFile
from conv2d_cli.tensors.npy import open_tensor, write, write_stream

BROKEN = "the file is broken or was cut short; write it anew with numpy.save"


class Pipe(io.RawIOBase):
    """A stream that gives a few bytes at a time and cannot seek."""

    def __init__(self, content: bytes, most: int = 3) -> None:
        self._content, self._most = io.BytesIO(content), most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._content.read(min(self._most, len(buffer)))
        buffer[: len(part)] = part
        return len(part)


def opened(content: bytes, *, size: bool = True, name: str | None = None) -> Any:
    return open_tensor(OpenFile(io.BytesIO(content), None, len(content) if size else None), name)


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("descr", ["<f4", ">f4", "<i8", "|u1", "<c16", "|V2", "|b1"])
def test_every_version_order_and_type_is_read(version: tuple[int, int], order: Any, descr: str) -> None:
    array = np.arange(24, dtype=np.uint8).repeat(np.dtype(descr).itemsize).view(descr).reshape(2, 3, 4)
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asarray(array, order=order), version=version)
    for size in (True, False):
        tensor = opened(stream.getvalue(), size=size)
        assert (tensor.shape, tensor.dtype, tensor.fortran_order) == ((2, 3, 4), np.dtype(descr), order == "F")
        assert tensor.read().tobytes() == array.tobytes()


def test_a_pipe_is_read_in_whatever_pieces_it_gives() -> None:
    content = npy_bytes((2, 3), "<f4", np.arange(6, dtype="<f4").tobytes())
    for stream in (Pipe(content), io.BufferedReader(Pipe(content))):
        tensor = open_tensor(OpenFile(stream, None, None), None)  # type: ignore[arg-type]
        assert tensor.read().tolist() == [[0, 1, 2], [3, 4, 5]]


def test_headers_of_python_2_are_read() -> None:
    tensor = opened(npy_bytes(header="{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 3L), }"))
    assert tensor.shape == (2, 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b"\x93NUM", "its .npy version  is none of 1.0, 2.0 and 3.0"),
        (b"\x93NUMPY\x01", "its .npy version 1 is none of 1.0, 2.0 and 3.0"),
        (b"\x93NUMPY\x04\x00xx", "its .npy version 4.0 is none of 1.0, 2.0 and 3.0"),
        (b"hello world", "it is no .npy file: it begins with b'hello '"),
        (npy_bytes()[:9], "its header is cut short"),
        (npy_bytes()[:40], "its header is cut short"),
        (npy_bytes(length=10_001), "its header of 10001 bytes is longer than 10000"),
        (npy_bytes(version=(2, 0), length=2**32 - 1), "its header of 4294967295 bytes is longer than 10000"),
        (npy_bytes(elements=bytes(23)), "its header promises 24 bytes of elements, but 23 follow"),
        (npy_bytes(elements=bytes(25)), "1 bytes follow the 24 bytes of its elements"),
        (npy_bytes((2**40, 2**40), elements=b""), "its header has the shape (1099511627776, 1099511627776), which no"),
        (npy_bytes((2**32, 2**32, 0), elements=b""), "its header has the shape (4294967296, 4294967296, 0), which no"),
        (npy_bytes((2**40,), elements=b""), "its header promises 4398046511104 bytes of elements, but 0 follow"),
        (npy_bytes((-1, 3), elements=b""), "its header has the shape (-1, 3)"),
        (npy_bytes((True, 3), elements=bytes(12)), "its header has the shape (True, 3)"),
        (npy_bytes((2.0, 3)), "its header cannot be read: shape is not valid: (2.0, 3)"),
        (npy_bytes([2, 3]), "its header cannot be read: shape is not valid: [2, 3]"),
        (npy_bytes(descr="nonsense"), "its header cannot be read: "),
        (npy_bytes(descr=3), "its header cannot be read: "),
        (npy_bytes(fortran_order=3), "its header cannot be read: fortran_order is not a valid bool: 3"),
        (npy_bytes(header="{"), "its header cannot be read: "),
        (npy_bytes(header="[1, 2]"), "its header cannot be read: Header is not a dictionary"),
        (npy_bytes(header="{'descr': '<f4'}"), "its header cannot be read: Header does not contain the correct keys"),
        (npy_bytes(header="(" * 5000), "its header cannot be read: "),
        (npy_bytes(header="__import__('os').system('true')"), "its header cannot be read: "),
        (npy_bytes(header="'\\N{x'"), "its header cannot be read: "),
        (npy_bytes(header="\x00"), "its header cannot be read: "),
    ],
)
def test_a_broken_header_is_told(content: bytes, message: str) -> None:
    with pytest.raises(DataError) as caught:
        opened(content)
    assert caught.value.message.startswith(message)
    assert caught.value.hint


def test_the_header_may_be_as_long_as_numpy_reads() -> None:
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
    assert opened(npy_bytes(header=header.ljust(9_999))).shape == (2, 3)
    with pytest.raises(DataError, match="of 10001 bytes is longer than 10000"):
        opened(npy_bytes(header=header.ljust(10_000)))


def test_the_largest_shape_that_can_be() -> None:
    assert opened(npy_bytes((2**62 - 1, 2, 0), "|i1", b"")).shape == (2**62 - 1, 2, 0)
    assert opened(npy_bytes((2**63 - 1, 0), "|i1", b"")).read().size == 0
    with pytest.raises(DataError, match="which no array can have"):
        opened(npy_bytes((2**63, 0), "|i1", b""))


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (-1, "its header promises 24 bytes of elements, but 23 follow"),
        (1, "more bytes follow the elements"),
    ],
)
def test_a_pipe_that_ends_early_or_goes_on_is_told(extra: int, message: str) -> None:
    tensor = opened(npy_bytes(elements=bytes(24 + extra)), size=False)
    with pytest.raises(DataError) as caught:
        tensor.read()
    assert caught.value.lines() == [(message, BROKEN)]


def test_a_name_makes_no_sense() -> None:
    with pytest.raises(DataError) as caught:
        opened(npy_bytes(), name="conv1")
    assert caught.value.lines() == [
        ("a .npy file holds one tensor, which has no name such as 'conv1'", "leave ::NAME out")
    ]


@given(st.lists(st.integers(0, 4), max_size=4), st.sampled_from(["f2", "f4", "f8", "c8", "i1", "u8"]), st.booleans())
def test_what_is_written_is_read_by_numpy_and_by_us(shape: list[int], dtype: str, strided: bool) -> None:
    array = np.arange(math.prod(shape), dtype=np.int64).reshape(shape).astype(dtype)
    array = array.T if strided else array
    stream = io.BytesIO()
    write_stream(stream, array)
    assert stream.getvalue()[:8] == b"\x93NUMPY\x01\x00"
    for read in (np.load(io.BytesIO(stream.getvalue())), opened(stream.getvalue()).read()):
        assert (read.shape, read.dtype, read.tolist()) == (array.shape, array.dtype, array.tolist())
        assert read.flags.c_contiguous


def test_long_contents_are_written_and_read_whole(tmp_path: Any) -> None:
    array = np.arange((1 << 24) + 5, dtype=np.uint8)
    write(tmp_path / "x.npy", {"any": array})
    content = (tmp_path / "x.npy").read_bytes()
    assert content[-len(array) :] == array.tobytes()
    assert np.array_equal(opened(content).read(), array)
