"""Elements and nothing else: `.bin`, whose shape and type the user says."""

from __future__ import annotations

from math import isqrt, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.errors import DataError, UsageError
from conv2d_cli.numpy_dtypes import stored_dtype
from conv2d_cli.tensors.elements import ElementStream
from conv2d_cli.tensors.placed import PlacedOutput, placed_output

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import IO

    from conv2d_cli.tensors.formats import OpenFile
    from conv2d_cli.tensors.reading import Described

    Array = np.ndarray[Any, Any]

_SKIPPED_AT_A_TIME = 1 << 20


def open_tensor(file: OpenFile, name: str | None) -> ElementStream:
    """Return the one tensor of a file or a stream, in C order and the byte order that was said.

    Raises:
        UsageError: nobody has said its shape and type.
        DataError: the file has another size, or a name was asked for.
    """
    if name is not None:
        raise DataError(f"a .bin file holds one tensor, which has no name such as {name!r}", "leave ::NAME out")
    if file.described is None:
        raise UsageError("a .bin file says neither its shape nor its type", "write it as .npy, which does")
    shape, dtype, byte_order, offset, _ = file.described
    stored = stored_dtype(dtype, byte_order)
    left = None if file.size is None else file.size - offset
    if shape is None:
        shape = (0 if left is None else max(0, left) // stored.itemsize,)
    needed = prod(shape) * stored.itemsize
    if file.size is not None and left != needed:
        raise _another_size(file.described._replace(shape=shape), needed, file.size)
    _skip(file.stream, offset)
    said = f"{_times(shape)} {dtype} is {needed} bytes"
    return ElementStream(file.stream, shape, stored, left, holds=dtype, said=said)


def _another_size(described: Described, needed: int, size: int) -> DataError:
    shape, dtype, _, offset, owner = described
    assert shape is not None  # noqa: S101 - it is filled in
    behind = f" behind the first {offset}" if offset else ""
    message = f"{_times(shape)} {dtype} is {needed} bytes, the file has {max(0, size - offset)}{behind}"
    if offset and size == needed:
        return DataError(message, "leave --input-offset out")
    square = _square_of(shape, max(0, size - offset) // DTYPES[dtype].bytes) if owner == "input" else None
    if square is not None and prod(square) * DTYPES[dtype].bytes == size - offset:
        return DataError(message, f"--input-shape {','.join(map(str, square))}")
    if owner == "input" and size > needed:
        return DataError(message, f"--input-offset {size - needed}, if these bytes stand before the elements")
    other = "element type" if owner == "bias" else "shape or element type"
    return DataError(message, f"another {other}, or the whole file")


def _square_of(shape: tuple[int, ...], elements: int) -> tuple[int, ...] | None:
    """Return the shape of square images that has this number of elements; batch and channels stay.

    >>> _square_of((1, 3, 9, 9), 192), _square_of((1, 3, 9, 9), 193)
    ((1, 3, 8, 8), None)
    """
    others = prod(shape[:-2])
    side = isqrt(elements // others) if others else 0
    return (*shape[:-2], side, side) if side and others * side * side == elements else None


def _times(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _skip(stream: IO[bytes], count: int) -> None:
    """Go on in a file or a pipe by `count` bytes, or to its end."""
    while count > 0 and (part := stream.read(min(count, _SKIPPED_AT_A_TIME))):
        count -= len(part)


def write(path: Path, tensors: Mapping[str, Array]) -> None:
    """Write the elements of one tensor."""
    (array,) = tensors.values()
    np.ascontiguousarray(array).tofile(path)


def open_output(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> AbstractContextManager[PlacedOutput]:
    """Open a file for a tensor that is written bit by bit."""
    return placed_output(path, shape, dtype, _write_nothing)


def _write_nothing(stream: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Write no header."""
