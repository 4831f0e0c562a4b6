"""Workspace: what a worker uses again for every block, all of it taken from one allocation.

Pages that come anew from the system cost 1.7 us for 4 KiB (measured on Linux), which is more than many a convolution
takes. So the allocator should keep what one call gives back for the next: glibc does that for blocks up to the largest
that it has seen freed, 32 MiB at most, and is shown one when this module is loaded. The block is never touched, so it
takes no memory.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from conv2d_cli.numpy_dtypes import Array


# A line of the cache, which no two buffers share; the block that the allocator is shown.
ALIGNMENT, _KEPT_BYTES = 64, (32 << 20) - (64 << 10)


np.empty(_KEPT_BYTES, np.uint8)


class Workspace:
    """A flat buffer of bytes, handed out from its start."""

    def __init__(self, buffer: Array) -> None:
        """Hand out `buffer`, an array of bytes."""
        # `buffer.ctypes.data` takes ten times as long.
        self._buffer, self._used = buffer, -buffer.__array_interface__["data"][0] % ALIGNMENT

    def take(self, *shape: int, dtype: DTypeLike) -> Array:
        """Return an uninitialised array; past the bytes that were planned, a fresh one."""
        element, start = np.dtype(dtype), self._used
        size = prod(shape) * element.itemsize
        self._used = start + -(-size // ALIGNMENT) * ALIGNMENT
        if start + size > self._buffer.size:
            return np.empty(shape, element)
        return np.ndarray(shape, element, self._buffer, start)


def allocate(workspace_bytes: int, workers: int) -> list[Workspace]:
    """Return a workspace for each worker, alignment besides, from one allocation."""
    # A workspace is divided into a dozen buffers at most, each of which is aligned.
    each = workspace_bytes + 16 * ALIGNMENT
    whole = np.empty(each * workers, np.uint8)
    return [Workspace(whole[number * each : (number + 1) * each]) for number in range(workers)]


def shaped(buffer: Array, *shape: int) -> Array:
    """Return the start of a flat buffer as an array of `shape`."""
    return buffer[: prod(shape)].reshape(shape)
