"""Room that a worker uses again for every block, all of it taken from one allocation.

Pages that come anew from the system cost 1.7 us for 4 KiB (measured on Linux), which is more than many a convolution
takes. So the allocator should keep what one call gives back for the next: glibc does that for blocks up to the largest
that it has seen freed, 32 MiB at most, and is shown one. The block is never touched, so it takes no memory.
"""

from __future__ import annotations

from functools import cache
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    Array = np.ndarray[Any, Any]

ALIGNMENT = 64
_KEPT_BYTES = (32 << 20) - (64 << 10)


@cache
def let_malloc_keep() -> None:
    """Show the allocator a large block that is freed: a setting of the process that lasts."""
    np.empty(_KEPT_BYTES, np.uint8)


class Scratch:
    """A flat room of bytes, handed out from its start."""

    def __init__(self, room: Array) -> None:
        """Hand out `room`, an array of bytes."""
        # `room.ctypes.data` takes ten times as long.
        self._room, self._used = room, -room.__array_interface__["data"][0] % ALIGNMENT

    def take(self, *shape: int, dtype: DTypeLike) -> Array:
        """Return an uninitialised array; past the room that was planned, a fresh one."""
        element, start = np.dtype(dtype), self._used
        size = prod(shape) * element.itemsize
        self._used = start + -(-size // ALIGNMENT) * ALIGNMENT
        if start + size > self._room.size:
            return np.empty(shape, element)
        return np.ndarray(shape, element, self._room, start)

    def anew(self) -> Scratch:
        """Return the same room, to be handed out from its start again."""
        return Scratch(self._room)


def split(room_bytes: int, workers: int) -> list[Scratch]:
    """Return so many scratches of `room_bytes` each, alignment besides, from one allocation."""
    let_malloc_keep()
    each = room_bytes + 16 * ALIGNMENT
    whole = np.empty(each * workers, np.uint8)
    return [Scratch(whole[number * each : (number + 1) * each]) for number in range(workers)]


def shaped(buffer: Array, *shape: int) -> Array:
    """Return the start of a flat buffer as an array of `shape`."""
    return buffer[: prod(shape)].reshape(shape)
