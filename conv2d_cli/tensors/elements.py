"""Elements of a tensor that follow one another in a stream, whatever stands before them."""

from __future__ import annotations

import math
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.errors import DataError

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
    ) -> None:
        """Remember what the elements are; `size` is the number of bytes that are left, None when nobody knows.

        Raises:
            DataError: they are fewer or more than the elements take.
        """
        self._stream = stream
        self.shape, self.fortran_order, self.dtype = shape, fortran_order, dtype
        # Where the elements begin in a file that is read from its start; None in a stream.
        self.offset: int | None = None
        if size is not None:
            _check_size(math.prod(shape) * dtype.itemsize, size)
            self.offset = None if fortran_order else stream.tell()

    def read_some(self, count: int) -> Array:
        """Return the next `count` elements of a tensor in C order, as a row.

        Raises:
            DataError: the stream ends early.
        """
        flat = np.empty(count, self.dtype)
        _fill(self._stream, flat.view(np.uint8).data)
        return flat

    def finish(self) -> None:
        """Check that nothing follows the elements.

        Raises:
            DataError: something does.
        """
        if self._stream.read(1):
            raise DataError("more bytes follow the elements", BROKEN)

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


def _check_size(promised: int, found: int) -> None:
    if found < promised:
        raise DataError(f"its header promises {promised} bytes of elements, but {found} follow", BROKEN)
    if found > promised:
        raise DataError(f"{found - promised} bytes follow the {promised} bytes of its elements", BROKEN)


def _fill(stream: IO[bytes], content: memoryview) -> None:
    done = 0
    while done < len(content):
        # Chunks keep a read interruptible, and pipes return less anyway.
        count = stream.readinto(content[done : done + _CHUNK])  # type: ignore[attr-defined]
        if not count:
            raise DataError(f"its header promises {len(content)} bytes of elements, but {done} follow", BROKEN)
        done += count
