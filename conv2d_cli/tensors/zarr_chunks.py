"""The chunks of a Zarr array, decoded each by itself.

The library reads every chunk in a task of its own: 170 us and 2 KiB for each that a part of an array touches, 160 s and
2 GiB for a million; and it decodes what it finds, however much it becomes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import numpy as np

from conv2d_cli.errors import DataError
from conv2d_cli.tensors.concurrent import at_once
from conv2d_cli.tensors.zarr_grid import gathered
from conv2d_cli.tensors.zarr_shards import MISSING

if TYPE_CHECKING:
    from conv2d_cli.tensors.zarr_bytes import Content
    from conv2d_cli.tensors.zarr_codecs import Chain
    from conv2d_cli.tensors.zarr_grid import Box, Index

    Array = np.ndarray[Any, Any]

# What a client of a network holds of answers that have been read, until garbage is collected: measured, of 24 MiB each.
_ANSWERS = 3


class ChunkReader(Protocol):
    """What makes elements of the bytes of a chunk."""

    @property
    def holds_chunks(self) -> bool:
        """Whether there are chunks in it, which are what is read at a time."""

    def passing_bytes(self, requests: int) -> int:
        """Return the bytes that pass through memory for a chunk, or for the chunks in it, so many at a time."""

    def read(self, content: Content, box: Box) -> Array:
        """Return a box of the chunk.

        Raises:
            DataError: the bytes are not what the metadata promise.
        """


class Dense(NamedTuple):
    """A chunk whose elements lie one after another; `order` is that of NumPy."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    order: Literal["C", "F"]
    chain: Chain

    @property
    def holds_chunks(self) -> bool:
        """No."""
        return False

    def passing_bytes(self, requests: int) -> int:
        """Return its bytes as they are stored, and what each codec makes of them."""
        one = math.prod(self.shape) * self.dtype.itemsize * (1 + min(2, len(self.chain.steps)))
        return one * at_once(requests, one) + _ANSWERS * self.chain.most * (requests > 1)

    def read(self, content: Content, box: Box) -> Array:
        """Return a box of it."""
        data = self.chain.decoded(content.read(self.chain.most))
        size = math.prod(self.shape) * self.dtype.itemsize
        if memoryview(data).nbytes != size:
            raise DataError(f"it has {memoryview(data).nbytes} bytes instead of {size}")
        elements: Array = np.frombuffer(data, self.dtype).reshape(self.shape, order=self.order)
        return elements[box]


class Transposed(NamedTuple):
    """A chunk whose axes are stored in another order."""

    axes: tuple[int, ...]
    stored: ChunkReader

    @property
    def holds_chunks(self) -> bool:
        """As without."""
        return self.stored.holds_chunks

    def passing_bytes(self, requests: int) -> int:
        """Return as many as without."""
        return self.stored.passing_bytes(requests)

    def read(self, content: Content, box: Box) -> Array:
        """Return a box of it."""
        return self.stored.read(content, tuple(box[axis] for axis in self.axes)).transpose(np.argsort(self.axes))


class Sharded(NamedTuple):
    """A chunk of smaller ones, with a table of where the bytes of each lie; `index_is_first` says where that is."""

    inner_shape: tuple[int, ...]
    inner: ChunkReader
    dtype: np.dtype[Any]
    fill: object
    table: Dense
    index_is_first: bool

    @property
    def holds_chunks(self) -> bool:
        """Yes."""
        return True

    def passing_bytes(self, requests: int) -> int:
        """Return those of the table, of the bytes of the smaller chunks, and of their elements."""
        return self.table.passing_bytes(1) + self._at_once(requests) * self._bytes_each

    @property
    def _bytes_each(self) -> int:
        return self.inner.passing_bytes(1) + math.prod(self.inner_shape) * self.dtype.itemsize

    def _at_once(self, requests: int) -> int:
        return 1 if self.inner.holds_chunks else at_once(requests, self._bytes_each)

    def read(self, content: Content, box: Box) -> Array:
        """Return a box of it."""
        stored = content.table(self.table.chain.most, is_first=self.index_is_first)
        table = self.table.read(stored, (slice(None),))

        def part(number: Index, inside: Box) -> Array | None:
            start, length = table[number].tolist()
            if start == length == MISSING:
                return None
            return self.inner.read(content.within(start, length), inside)

        return gathered(box, self.inner_shape, self.dtype, self.fill, part, self._at_once(content.requests))
