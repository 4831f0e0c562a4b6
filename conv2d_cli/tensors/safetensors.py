"""The `.safetensors` format, through its own library: https://huggingface.co/docs/safetensors."""

from __future__ import annotations

import json
import math
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.errors import DataError, MissingExtraError
from conv2d_cli.limits import SAFETENSORS_HEADER_BYTES
from conv2d_cli.numpy_dtypes import dtype_name, stored_dtype
from conv2d_cli.tensors.names import OUTPUT
from conv2d_cli.tensors.placed import PlacedOutput, bytes_at, placed_output, read_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from io import BufferedWriter
    from types import ModuleType
    from typing import BinaryIO

    from conv2d_cli.tensors.formats import OpenFile

    Array = np.ndarray[Any, Any]

_DTYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "C64": "complex64", "I64": "int64",
    "U64": "uint64", "I32": "int32", "U32": "uint32", "I16": "int16", "U16": "uint16", "I8": "int8", "U8": "uint8",
    "BOOL": "bool", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz",
}  # fmt: skip
# Of the length of the header, which is JSON.
_LENGTH_BYTES = 8
_DESCRIPTORS = "/proc/self/fd"
_BROKEN = "the file is broken or was cut short; write it anew"


class SafetensorsTensor:
    """A tensor of a file whose header the library has checked."""

    fortran_order = False

    def __init__(self, stream: BinaryIO, first: int, entry: Mapping[str, Any]) -> None:
        """Take what the header says of the tensor; the elements of all begin at byte `first`."""
        start, end = entry["data_offsets"]
        self._stream, self.offset = stream, first + start
        self.shape = tuple(entry["shape"])
        self.holds = _DTYPES.get(entry["dtype"], entry["dtype"])
        # Some types have less than a byte an element.
        self.stored_bytes = end - start
        self.dtype = stored_dtype(self.holds, "<") if self.holds in DTYPES else np.dtype("V1")

    def read(self) -> Array:
        """Return the elements.

        Raises:
            DataError: the file has become shorter.
        """
        elements = np.empty(self.shape, self.dtype)
        read_at(self._stream, elements, self.offset)
        return elements


class SafetensorsFile:
    """A file whose header has been read."""

    def __init__(self, file: OpenFile) -> None:
        """Read the header, and have the library check it.

        Raises:
            MissingExtraError: the extra `safetensors` is not installed.
            DataError: it is broken.
        """
        self._stream = file.stream
        header = _header_of(file.stream, file.size or 0)
        self._first = len(header)
        _check(header, file.size or 0)
        self._entries = json.loads(header[_LENGTH_BYTES:])
        self._entries.pop("__metadata__", None)
        self.names = [*self._entries]

    def tensor(self, name: str) -> SafetensorsTensor:
        """Return the tensor of that name, of those that there are."""
        return SafetensorsTensor(self._stream, self._first, self._entries[name])


open_container = SafetensorsFile


def _header_of(stream: BinaryIO, size: int) -> bytes:
    """Return a file up to its first element; all of a short one."""
    length = int.from_bytes(bytes_at(stream, _LENGTH_BYTES, 0), "little")
    if SAFETENSORS_HEADER_BYTES < length <= size:
        raise DataError(f"its header of {length} bytes is longer than {SAFETENSORS_HEADER_BYTES}", _BROKEN)
    return bytes_at(stream, min(_LENGTH_BYTES + length, size), 0)


def _check(header: bytes, size: int) -> None:
    """Have the library check the header of a file of `size` bytes.

    Raises:
        MissingExtraError: the extra `safetensors` is not installed.
        DataError: the header is broken.
    """
    library = _library()
    with _header_alone(header, size) as path:
        try:
            library.safe_open(path, framework="np")
        except library.SafetensorError as error:
            raise DataError(f"it is no sound .safetensors file: {error}", _BROKEN) from error


@contextmanager
def _header_alone(header: bytes, size: int) -> Iterator[str]:
    """Yield the path of a file of that size which holds the header alone, and which only this process knows.

    The library maps what it opens, and where somebody cuts a file that is mapped the process ends.
    """
    if hasattr(os, "memfd_create") and Path(_DESCRIPTORS).is_dir():
        descriptor = os.memfd_create("header")
        file, path = os.fdopen(descriptor, "wb"), f"{_DESCRIPTORS}/{descriptor}"
    else:
        from tempfile import NamedTemporaryFile

        named = NamedTemporaryFile()  # noqa: SIM115 - closed below
        file, path = cast("BufferedWriter", named), named.name
    with file:
        file.write(header)
        file.truncate(size)
        file.flush()
        yield path


def write(path: Path, tensors: Mapping[str, Array]) -> None:
    """Write a file of tensors.

    Raises:
        MissingExtraError: the extra `safetensors` is not installed.
    """
    _library()
    from safetensors.numpy import save_file

    # The library writes the memory of a strided array as it lies.
    save_file({name: np.ascontiguousarray(array) for name, array in tensors.items()}, path)


def open_output(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> AbstractContextManager[PlacedOutput]:
    """Open a file for one tensor named `output` that is written bit by bit.

    Raises:
        MissingExtraError: the extra `safetensors` is not installed.
    """
    _library()
    return placed_output(path, shape, dtype, _write_header)


def _write_header(stream: BinaryIO, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Write what stands before the elements, which begin at a multiple of eight bytes."""
    size = math.prod(shape) * dtype.itemsize
    name = next(name for name, ours in _DTYPES.items() if ours == dtype_name(dtype))
    header = json.dumps({OUTPUT: {"dtype": name, "shape": shape, "data_offsets": [0, size]}}).encode()
    header += b" " * (-len(header) % _LENGTH_BYTES)
    stream.write(len(header).to_bytes(_LENGTH_BYTES, "little") + header)


def _library() -> ModuleType:
    try:
        import safetensors
    except ImportError as error:
        raise MissingExtraError("a .safetensors file", "safetensors") from error
    return safetensors
