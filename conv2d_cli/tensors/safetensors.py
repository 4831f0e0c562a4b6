"""The `.safetensors` format, through its own library: https://huggingface.co/docs/safetensors."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.errors import DataError, MissingExtraError
from conv2d_cli.numpy_dtypes import dtype_name, stored_dtype
from conv2d_cli.tensors.names import OUTPUT, chosen
from conv2d_cli.tensors.placed import PlacedOutput, placed_output, read_at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path
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
_BROKEN = "the file is broken or was cut short; write it anew"


class SafetensorsTensor:
    """A tensor of a file that the library has mapped and whose header it has checked."""

    fortran_order = False

    def __init__(self, file: Any, name: str, stream: BinaryIO) -> None:  # noqa: ANN401 - the library is not typed
        """Look the tensor up; the library has checked the header that begins `stream`."""
        self._stream = stream
        stream.seek(0)
        length = int.from_bytes(stream.read(_LENGTH_BYTES), "little")
        first, end = json.loads(stream.read(length))[name]["data_offsets"]
        self.offset = _LENGTH_BYTES + length + int(first)
        header = file.get_slice(name)
        self.shape = tuple(header.get_shape())
        kind = header.get_dtype()
        self.holds = _DTYPES.get(kind, kind)
        # Some types have less than a byte an element.
        self.stored_bytes = int(end) - int(first)
        self.dtype = stored_dtype(self.holds, "<") if self.holds in DTYPES else np.dtype("V1")

    def read(self) -> Array:
        """Return the elements.

        Raises:
            DataError: the file has become shorter.
        """
        elements = np.empty(self.shape, self.dtype)
        read_at(self._stream, elements, self.offset)
        return elements


def open_tensor(file: OpenFile, name: str | None) -> SafetensorsTensor:
    """Return the tensor of that name, or the only one.

    Raises:
        MissingExtraError: the extra `safetensors` is not installed.
        DataError: the file is broken, or has no such tensor.
    """
    opened = _opened(file)
    return SafetensorsTensor(opened, chosen(list(opened.keys()), name), file.stream)


def names(file: OpenFile) -> list[str]:
    """Return the names of all tensors of a file.

    Raises:
        MissingExtraError: the extra `safetensors` is not installed.
        DataError: it is broken.
    """
    return list(_opened(file).keys())


def _opened(file: OpenFile) -> Any:  # noqa: ANN401 - the library is not typed
    library = _library()
    try:
        return library.safe_open(file.path, framework="np")
    except library.SafetensorError as error:
        raise DataError(f"it is no sound .safetensors file: {error}", _BROKEN) from error


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
