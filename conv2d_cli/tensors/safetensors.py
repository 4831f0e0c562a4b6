"""The `.safetensors` format, through its own library: https://huggingface.co/docs/safetensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.errors import DataError, MissingExtraError
from conv2d_cli.numpy_dtypes import numpy_dtype
from conv2d_cli.tensors.names import chosen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import ModuleType

    from conv2d_cli.tensors.formats import OpenFile

    Array = np.ndarray[Any, Any]

_DTYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "C64": "complex64", "I64": "int64",
    "U64": "uint64", "I32": "int32", "U32": "uint32", "I16": "int16", "U16": "uint16", "I8": "int8", "U8": "uint8",
}  # fmt: skip
_BROKEN = "the file is broken or was cut short; write it anew"


class SafetensorsTensor:
    """A tensor of a file that the library has mapped and whose header it has checked."""

    fortran_order = False

    def __init__(self, file: Any, name: str) -> None:  # noqa: ANN401 - the library is not typed
        """Look the tensor up.

        Raises:
            DataError: its element type is none of ours.
        """
        self._file, self._name = file, name
        header = file.get_slice(name)
        self.shape = tuple(header.get_shape())
        self.dtype = np.dtype(bool) if header.get_dtype() == "BOOL" else _dtype(header.get_dtype())

    def read(self) -> Array:
        """Return the elements."""
        elements: Array = self._file.get_tensor(self._name)
        return elements


def open_tensor(file: OpenFile, name: str | None) -> SafetensorsTensor:
    """Return the tensor of that name, or the only one.

    Raises:
        MissingExtraError: the extra `safetensors` is not installed.
        DataError: the file is broken, or has no such tensor.
    """
    library = _library()
    try:
        opened = library.safe_open(file.path, framework="np")
    except library.SafetensorError as error:
        raise DataError(f"it is no sound .safetensors file: {error}", _BROKEN) from error
    return SafetensorsTensor(opened, chosen(list(opened.keys()), name))


def write(path: Path, tensors: Mapping[str, Array]) -> None:
    """Write a file of tensors.

    Raises:
        MissingExtraError: the extra `safetensors` is not installed.
    """
    _library()
    from safetensors.numpy import save_file

    # The library writes the memory of a strided array as it lies.
    save_file({name: np.ascontiguousarray(array) for name, array in tensors.items()}, path)


def _library() -> ModuleType:
    try:
        import safetensors
    except ImportError as error:
        raise MissingExtraError("a .safetensors file", "safetensors") from error
    return safetensors


def _dtype(name: str) -> np.dtype[Any]:
    if name not in _DTYPES:
        raise DataError(f"its elements are {name}", f"convert them to one of: {', '.join(_DTYPES)}")
    return numpy_dtype(_DTYPES[name])
