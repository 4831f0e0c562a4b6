"""The elements of any tensor in C order, whatever its axes: parts of them are read from any place on, as they lie.

What cannot be read so, a pipe or a compressed member, is first written to a temporary file without a name.
"""

from __future__ import annotations

import math
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np

from conv2d_cli.numpy_dtypes import widened
from conv2d_cli.tensors.conversion import Conversion, dtype_read
from conv2d_cli.tensors.faults import faults_of
from conv2d_cli.tensors.opening import open_stored
from conv2d_cli.tensors.placed import read_at
from conv2d_cli.tensors.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conv2d_cli.tensors.formats import Stored

    Array = np.ndarray[Any, Any]

_AS_IT_IS = Reading()
# Elements that are written to a temporary file at a time.
_TOGETHER = 1 << 22
# What nothing is computed in is compared by value in another type.
_BY_VALUE = {"bool": "uint8"} | dict.fromkeys(
    ("float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu"), "float32"
)


class FlatTensor:
    """A tensor known by its header: `shape`, `holds`, and `dtype`, our name of the type its elements are read in."""

    def __init__(self, typed: str, stored: Stored, stream: BinaryIO, offset: int, reading: Reading) -> None:
        """Take elements that lie in a file from byte `offset` on.

        Raises:
            DataError: they are no numbers.
        """
        with faults_of(typed):
            self.dtype = dtype_read(stored.holds, reading.dtype or _BY_VALUE.get(stored.holds))
        self.typed, self.shape, self.holds = typed, tuple(stored.shape), stored.holds
        self.stored_dtype, self._stream, self._offset = stored.dtype, stream, offset
        self._conversion = Conversion("bfloat16" if stored.holds == "V2" else stored.holds, self.dtype, reading.casts)

    @property
    def elements(self) -> int:
        """How many there are."""
        return math.prod(self.shape)

    @property
    def stored_bytes(self) -> int:
        """The bytes that they take as they are stored."""
        return self.elements * self.stored_dtype.itemsize

    def read_bytes(self, first: int, target: bytearray) -> None:
        """Fill `target` with the bytes of the elements from number `first` on.

        Raises:
            DataError: the file has become shorter.
            FileError: it cannot be read.
        """
        with faults_of(self.typed):
            place = self._offset + first * self.stored_dtype.itemsize
            read_at(self._stream, np.frombuffer(target, np.uint8), place)

    def values(self, content: bytearray, first: int = 0) -> Array:
        """Return bytes of elements, from number `first` on, as numbers: flat, native; bfloat16 as float32.

        Raises:
            DataError: a value is lost by the cast that was asked for.
        """
        elements = np.frombuffer(content, self.stored_dtype)
        if self.dtype == "bfloat16" and not self._conversion.copies:
            return widened(elements, "bfloat16")
        with faults_of(self.typed):
            values = self._conversion.apply(elements, (first,), run_of=self.shape)
        return values.astype(np.float32) if self.dtype == "bfloat16" else values

    def read(self, first: int, count: int) -> Array:
        """Return `count` elements from number `first` on, as numbers.

        Raises:
            DataError, FileError: as `read_bytes` and `values`.
        """
        content = bytearray(count * self.stored_dtype.itemsize)
        self.read_bytes(first, content)
        return self.values(content, first)


@contextmanager
def open_flat(typed: str, reading: Reading = _AS_IT_IS, *, stdin: BinaryIO | None = None) -> Iterator[FlatTensor]:
    """Open a tensor whose elements are read from any place on.

    Raises:
        FileError: it cannot be read, or there is no room for a temporary file.
        DataError: it is no tensor, or none of numbers.
        MissingExtraError: its format needs an extra that is not installed.
    """
    with open_stored(typed, reading, stdin=stdin) as (stored, stream), ExitStack() as files:
        source, offset = stream, stored.offset
        with faults_of(typed):
            dtype_read(stored.holds, reading.dtype or _BY_VALUE.get(stored.holds))
            if offset is None:
                temporary = files.enter_context(TemporaryFile(buffering=0))
                source, offset = cast("BinaryIO", temporary), 0
                _write_elements(stored, source)
            else:
                getattr(stored, "verify", lambda: None)()
        yield FlatTensor(typed, stored, source, offset, reading)


def _write_elements(stored: Stored, stream: BinaryIO) -> None:
    """Write the elements of a tensor in C order, some at a time where its format reads them so."""
    stream.writelines(np.ascontiguousarray(part).reshape(-1).view(np.uint8).data for part in _parts(stored))


def _parts(stored: Stored) -> Iterator[Array]:
    read_some: Callable[[int], Array] | None = getattr(stored, "read_some", None)
    read_part: Callable[[tuple[slice, ...]], Array] | None = getattr(stored, "part", None)
    elements = math.prod(stored.shape)
    if read_some is not None and not stored.fortran_order:
        for first in range(0, elements, _TOGETHER):
            yield read_some(min(_TOGETHER, elements - first))
        stored.finish()  # type: ignore[attr-defined]
    elif read_part is not None and stored.shape and elements:
        together = max(1, _TOGETHER * stored.shape[0] // elements)
        for first in range(0, stored.shape[0], together):
            yield read_part((slice(first, first + together), *[slice(None)] * (len(stored.shape) - 1)))
    else:
        yield stored.read()


def index_of(place: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the index of an element by its place in C order.

    >>> index_of(5, (2, 3)), index_of(0, ())
    ((1, 2), ())
    """
    return tuple(int(index) for index in np.unravel_index(place, shape)) if shape else ()
