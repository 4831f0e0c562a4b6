"""Elements and nothing else: `.bin`, whose shape and type the user says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.errors import DataError, UsageError
from conv2d_cli.tensors.elements import ElementStream
from conv2d_cli.tensors.placed import PlacedOutput, placed_output

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import IO

    from conv2d_cli.tensors.formats import OpenFile

    Array = np.ndarray[Any, Any]


def open_tensor(file: OpenFile, name: str | None) -> ElementStream:
    """Return the one tensor of a file or a stream, in C order and the machine's byte order.

    Raises:
        UsageError: nobody has said its shape and type.
        DataError: the file has another size, or a name was asked for.
    """
    if name is not None:
        raise DataError(f"a .bin file holds one tensor, which has no name such as {name!r}", "leave ::NAME out")
    if file.described is None:
        raise UsageError(
            "a .bin file says neither its shape nor its type", "--input-shape 1,3,224,224 --input-dtype float32"
        )
    shape, dtype = file.described
    return ElementStream(file.stream, shape, dtype, file.size)


def write(path: Path, tensors: Mapping[str, Array]) -> None:
    """Write the elements of one tensor."""
    (array,) = tensors.values()
    np.ascontiguousarray(array).tofile(path)


def open_output(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> AbstractContextManager[PlacedOutput]:
    """Open a file for a tensor that is written bit by bit."""
    return placed_output(path, shape, dtype, _write_nothing)


def _write_nothing(stream: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Write no header."""
