"""Elements of a tensor that follow one another in a stream, whatever stands before them."""

from __future__ import annotations

import math
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.errors import DataError
from conv2d_cli.numpy_dtypes import dtype_name

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

BROKEN = "the file is broken or was cut short; write it anew with numpy.save"
_CHUNK = 1 << 24


class ElementStream:
    """A tensor whose elements begin where a stream stands."""

    def __init__(
        self,
        stream: IO[bytes],
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        size: int | None,
        *,
        fortran_order: bool = False,
        holds: str | None = None,
        said: str | None = None,
    ) -> None:
        """Remember what the elements are; `size` is the number of bytes that are left, None when nobody knows.

        `holds` names their type where NumPy has none such, `said` is who says how many bytes they take.

        Raises:
            DataError: they are fewer or more than the elements take.
        """
        self._stream, self._read = stream, 0
        self.shape, self.fortran_order, self.dtype = shape, fortran_order, dtype
        self.holds = holds or held_by(dtype)
        self._hint = BROKEN if said is None else "another --input-shape or --input-dtype"
        self._said = said or f"its header promises {math.prod(shape) * dtype.itemsize} bytes of elements"
        # Where the elements begin in a file that is read from its start; None in a stream.
        self.offset: int | None = None
        if size is not None:
            self._check_size(math.prod(shape) * dtype.itemsize, size)
            self.offset = None if fortran_order else stream.tell()

    def read_some(self, count: int) -> Array:
        """Return the next `count` elements of a tensor in C order, as a row.

        Raises:
            DataError: the stream ends early.
        """
        flat = np.empty(count, self.dtype)
        self._fill(flat.view(np.uint8).data)
        return flat

    def _check_size(self, promised: int, found: int) -> None:
        if found < promised:
            raise DataError(f"{self._said}, but {found} follow", self._hint)
        if found > promised:
            raise DataError(f"{found - promised} bytes follow the {promised} bytes of its elements", self._hint)

    def _fill(self, content: memoryview) -> None:
        done = 0
        while done < len(content):
            # Chunks keep a read interruptible, and pipes return less anyway.
            count = self._stream.readinto(content[done : done + _CHUNK])  # type: ignore[attr-defined]
            if not count:
                raise DataError(f"{self._said}, but {self._read + done} follow", self._hint)
            done += count
        self._read += done

    def finish(self) -> None:
        """Check that nothing follows the elements.

        Raises:
            DataError: something does.
        """
        if self._stream.read(1):
            raise DataError("more bytes follow the elements", self._hint)

    def read(self) -> Array:
        """Return the elements.

        Raises:
            DataError: the stream ends early, or goes on.
        """
        flat = self.read_some(math.prod(self.shape))
        self.finish()
        try:
            return flat.reshape(self.shape, order="F" if self.fortran_order else "C")
        except ValueError as error:
            # NumPy has a limit of its own on axes: 64, once 32.
            raise DataError(f"its header has the shape {self.shape}, which no array can have", BROKEN) from error


def held_by(dtype: np.dtype[Any]) -> str:
    """Return the name of what elements of a type of NumPy's are: ours, or words that say why they are no numbers.

    >>> held_by(np.dtype(">f4")), held_by(np.dtype("V2")), held_by(np.dtype([("r", "u1"), ("g", "u1")]))
    ('float32', 'V2', 'records of r, g')
    """
    if dtype.hasobject:
        return "object"
    if dtype.names is not None:
        return f"records of {', '.join(dtype.names)}"
    name = dtype_name(dtype)
    return name if name in DTYPES or dtype.kind != "V" else f"V{dtype.itemsize}"
