"""The `.npy` format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html."""

from __future__ import annotations

import math
import tokenize
import warnings
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy_format

from conv2d_cli.errors import DataError
from conv2d_cli.limits import NPY_HEADER_BYTES, TENSOR_BYTES
from conv2d_cli.tensors.elements import BROKEN, ElementStream
from conv2d_cli.tensors.placed import PlacedOutput, placed_output

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from conv2d_cli.tensors.formats import OpenFile

    Array = np.ndarray[Any, Any]

_MAGIC = b"\x93NUMPY"
# Version 3 differs from 2 in the encoding of field names, and tensors have no fields.
_READERS: dict[bytes, tuple[int, Callable[..., tuple[tuple[int, ...], bool, np.dtype[Any]]]]] = {
    b"\x01\x00": (2, npy_format.read_array_header_1_0),
    b"\x02\x00": (4, npy_format.read_array_header_2_0),
    b"\x03\x00": (4, npy_format.read_array_header_2_0),
}
_ONE_BYTE = "write them into a .safetensors file, or raw into a .bin, whose element type is said"
_CHUNK = 1 << 24


class NpyTensor(ElementStream):
    """A tensor whose header stood at the start of a stream; its elements follow."""

    def __init__(self, stream: IO[bytes], size: int | None) -> None:
        """Read the header; `size` is the number of bytes in the stream, None when nobody knows.

        Raises:
            DataError: the header is broken, or promises other than what the stream holds.
        """
        header = _header_bytes(stream)
        self.header_bytes = len(header)
        shape, fortran_order, dtype = _parsed(header)
        # Objects are a pickle of some length, which nobody reads.
        left = None if size is None or dtype.hasobject else size - len(header)
        super().__init__(stream, shape, dtype, left, fortran_order=fortran_order)

    def read_some(self, count: int) -> Array:
        """Return the next `count` elements of a tensor in C order, as a row.

        Raises:
            DataError: the stream ends early, or holds a pickle.
        """
        if self.dtype.hasobject:
            raise DataError("it holds Python objects, and a pickle is never loaded", "save it with a number's dtype")
        return super().read_some(count)


def open_tensor(file: OpenFile, name: str | None) -> NpyTensor:
    """Return the one tensor of a file or a stream.

    Raises:
        DataError: it is none, or a name was asked for.
    """
    if name is not None:
        raise DataError(f"a .npy file holds one tensor, which has no name such as {name!r}", "leave ::NAME out")
    return NpyTensor(file.stream, file.size)


def open_output(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> AbstractContextManager[PlacedOutput]:
    """Open a file for a tensor that is written bit by bit."""
    return placed_output(path, shape, dtype, write_header)


def write(path: Path, tensors: Mapping[str, Array]) -> None:
    """Write one tensor; its name has no place in the format."""
    (array,) = tensors.values()
    with path.open("wb") as stream:
        write_stream(stream, array)


def write_stream(stream: IO[bytes], array: Array) -> None:
    """Write one tensor, version 1.0 and in C order; bfloat16 becomes two bytes of void, as NumPy does it."""
    array = np.asarray(array, order="C")
    write_header(stream, array.shape, array.dtype)
    write_elements(stream, array)


def write_header(stream: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Write what stands before the elements of a tensor in C order."""
    fields = {"shape": shape, "fortran_order": False, "descr": npy_format.dtype_to_descr(dtype)}
    npy_format.write_array_header_1_0(stream, fields)


def write_elements(stream: IO[bytes], array: Array) -> None:
    """Write the elements of a dense array, in steps that can be interrupted."""
    content = array.reshape(-1).view(np.uint8).data
    stream.writelines(content[start : start + _CHUNK] for start in range(0, len(content), _CHUNK))


def _header_bytes(stream: IO[bytes]) -> bytes:
    """Return everything before the elements, read in small steps: the length in it may lie."""
    start = _read(stream, len(_MAGIC) + 2)
    if not start:
        raise DataError("it is empty", BROKEN)
    if not start.startswith(_MAGIC[: len(start)]):
        raise DataError(f"it is no .npy file: it begins with {start[:6]!r}", "write it with numpy.save")
    if start[len(_MAGIC) :] not in _READERS:
        version = ".".join(map(str, start[len(_MAGIC) :]))
        raise DataError(f"its .npy version {version} is none of 1.0, 2.0 and 3.0", BROKEN)
    length_bytes = _READERS[start[len(_MAGIC) :]][0]
    length = _read(stream, length_bytes)
    promised = int.from_bytes(length, "little")
    if promised > NPY_HEADER_BYTES:
        raise DataError(f"its header of {promised} bytes is longer than {NPY_HEADER_BYTES}", BROKEN)
    header = _read(stream, promised)
    if len(length) < length_bytes or len(header) < promised:
        raise DataError("its header is cut short", BROKEN)
    return start + length + header


def _read(stream: IO[bytes], count: int) -> bytes:
    """Return up to `count` bytes; fewer only at the end of the stream."""
    content = b""
    while len(content) < count and (part := stream.read(count - len(content))):
        content += part
    return content


def _parsed(header: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    start = len(_MAGIC) + 2
    reader = _READERS[header[len(_MAGIC) : start]][1]
    try:
        with warnings.catch_warnings():
            # Files written by Python 2 have `3L` in their shapes; NumPy reads them with a warning.
            warnings.simplefilter("ignore")
            shape, fortran_order, dtype = reader(BytesIO(header[start:]), max_header_size=NPY_HEADER_BYTES)
    except (ValueError, TypeError, LookupError, SyntaxError, tokenize.TokenError, RecursionError, MemoryError) as error:
        if b"f1'" in header:
            # So NumPy writes float8_e5m2, and does not read it again.
            raise DataError("its elements are floats of one byte, for which .npy has no name", _ONE_BYTE) from error
        reason = str(error).partition("\n")[0]
        raise DataError(f"its header cannot be read: {reason}", BROKEN) from error
    if not all(type(size) is int and size >= 0 for size in shape):
        raise DataError(f"its header has the shape {shape}", "sizes are integers of 0 or more")
    if math.prod(size for size in shape if size) * dtype.itemsize > TENSOR_BYTES:
        raise DataError(f"its header has the shape {shape}, which no array can have", BROKEN)
    return shape, fortran_order, dtype
