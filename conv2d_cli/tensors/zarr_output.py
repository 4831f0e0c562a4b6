"""Zarr stores of version 3 as they are written: the library makes the metadata, and each chunk is a plain file.

Elements are not compressed: real numbers hardly shrink. Chunks are not written through the library, whose threads go on
when a signal has ended the job.

It goes in three steps, of which several processes can share the second: `ZarrOutput` makes the metadata, `Chunks.write`
writes a box of an image, and `ZarrOutput.seal` has the store stand where all chunks are there.
"""

from __future__ import annotations

import errno
import math
import os
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.tensors.zarr_grid import chunks_of
from conv2d_cli.tensors.zarr_shards import shard_content

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import ModuleType

    from conv2d_cli.tensors.stores import Content, Files

    Array = np.ndarray[Any, Any]
    Sides = tuple[int, ...]

_METADATA = "zarr.json"
# Unless the caller says what is written at once, a chunk is one image, or else a part of a plane with sides of this
# length at most.
_CHUNK_BYTES, _CHUNK_SIDE = 16 << 20, 1024


class Piece(NamedTuple):
    """The part of a box that lies in one file of a store: where in that file's chunk it begins, and its elements."""

    name: str
    starts: Sides
    elements: Array
    is_whole: bool


class Chunks(NamedTuple):
    """Where the elements of images of three axes lie in the files of a store, which any process may write.

    It can be pickled, and holds no connection. `image` and `chunk` are the shapes of an image and of a chunk, in the
    file's order of axes; `shard` is that of a file of several chunks, None where each has its own.
    """

    files: Files
    dtype: np.dtype[Any]
    image: Sides
    chunk: Sides
    shard: Sides | None
    is_batched: bool

    @property
    def unit(self) -> Sides:
        """The part of an image that one file holds."""
        return self.shard or self.chunk

    def write(self, number: int, starts: Sides, part: Array) -> None:
        """Write a box of an image, which begins at these places of its three axes: whole chunks, or shards, alone.

        No two boxes share a file then, whoever writes them and when.

        Raises:
            ValueError: it has a part of one.
            OSError, FileError: it cannot be written.
        """
        self.write_boxes([(number, starts, part)])

    def write_boxes(self, boxes: Iterable[tuple[int, Sides, Array]]) -> None:
        """Write boxes as `write` does: objects, and shards, of all of them side by side."""
        pieces = (piece for box in boxes for piece in self._whole_pieces(*box))
        if self.shard is not None or self.files.are_objects:
            self.files.write_each((piece.name, self._content(piece.elements)) for piece in pieces)
            return
        for piece in pieces:
            if piece.elements.shape == self.chunk:
                self.files.write(piece.name, self._content(piece.elements))
            else:
                # At the edge of an image, without a copy that has the elements beyond.
                self.write_parts(piece, anew=True)

    def _whole_pieces(self, number: int, starts: Sides, part: Array) -> list[Piece]:
        """Return the pieces of a box that has no part of a file."""
        pieces = [*self.pieces(number, starts, part)]
        partial = next((piece.name for piece in pieces if not piece.is_whole), None)
        if partial is not None:
            raise ValueError(f"a box of {part.shape} from {starts} on has but a part of {partial}")
        return pieces

    def write_parts(self, piece: Piece, *, anew: bool) -> None:
        """Write a piece of a chunk into its file, without a copy.

        Raises:
            ValueError: the file holds several chunks, or is an object.
            FileNotFoundError: it was not begun `anew`, and is gone.
        """
        if self.shard is not None:
            raise ValueError(f"{piece.name} holds several chunks and is written whole")
        size = math.prod(self.chunk) * self.dtype.itemsize
        self.files.write_parts(piece.name, size, self._runs(piece), anew=anew)

    def pieces(self, number: int, starts: Sides, part: Array) -> Iterator[Piece]:
        """Yield what of a box of an image lies in each file."""
        box = tuple(slice(start, start + size) for start, size in zip(starts, part.shape, strict=True))
        for index, inside, place in chunks_of(box, self.unit):
            there = (
                min(side, size - side * count) for side, size, count in zip(self.unit, self.image, index, strict=True)
            )
            is_whole = all((one.start, one.stop) == (0, most) for one, most in zip(inside, there, strict=True))
            elements = part[place].astype(self.dtype, copy=False)
            yield Piece(self.name(number, index), tuple(one.start for one in inside), elements, is_whole)

    def names_of(self, number: int) -> Iterator[str]:
        """Yield the names of the files of an image."""
        counts = (-(-size // side) for size, side in zip(self.image, self.unit, strict=True))
        for index in np.ndindex(*counts):
            yield self.name(number, index)

    def name(self, number: int, index: Sides) -> str:
        """Return the name of the file of a chunk, or of a shard."""
        return chunk_name((number, *index) if self.is_batched else index)

    def _content(self, elements: Array) -> Content:
        if self.shard is not None:
            return shard_content(elements, self.chunk, self.shard)
        if elements.shape != self.chunk:
            whole = np.zeros(self.chunk, elements.dtype)
            whole[tuple(map(slice, elements.shape))] = elements
            elements = whole
        return np.ascontiguousarray(elements).reshape(-1).view(np.uint8).data

    def _runs(self, piece: Piece) -> Iterator[tuple[int, Array]]:
        """Yield the parts of a piece that lie in a row in its file, each with the byte it begins at."""
        (_, rows, columns), elements = self.chunk, piece.elements
        # Of whole planes all is in a row, of whole rows those of a plane, else each by itself.
        axes = 0 if elements.shape[1:] == (rows, columns) else 1 if elements.shape[2] == columns else 2
        for index in np.ndindex(*elements.shape[:axes]):
            place = (start + step for start, step in zip(piece.starts, (*index, 0, 0, 0), strict=False))
            start = int(np.ravel_multi_index(tuple(place), self.chunk)) * elements.itemsize
            yield start, np.ascontiguousarray(elements[index])


class ZarrOutput:
    """An array of images, or of one image, of three axes each, that is being written."""

    remarks = ()

    def __init__(
        self,
        library: ModuleType,
        files: Files,
        shape: Sides,
        dtype: np.dtype[Any],
        *,
        channels_last: bool = False,
        chunk: Sides | None = None,
        shard: Sides | None = None,
    ) -> None:
        """Make the metadata; an empty folder has them at once, where there are objects `seal` writes them.

        `chunk` is what is written at a time of an image, in the file's order of axes, `shard` a multiple of it.
        """
        batch, image = shape[:-3], shape[-3:]
        sides = chunk or _chunk_of(image, dtype.itemsize, channels_last=channels_last)
        sides = tuple(max(1, min(side, size)) for side, size in zip(sides, image, strict=True))
        self.chunks = Chunks(files, dtype.newbyteorder("<"), image, sides, shard, bool(batch))
        ones = (1,) * len(batch)
        shards = None if shard is None else (*ones, *shard)
        self._metadata = _metadata(library, {"": (shape, (*ones, *sides), shards, dtype)})
        self._begun = set[str]()
        if not files.are_objects:
            self._begun.update(self._metadata)
            files.write_each(self._metadata.items())

    def write(self, first: int, images: Array) -> None:
        """Write whole images, the first of which has that number."""
        self._begun.update(
            name for number in range(first, first + len(images)) for name in self.chunks.names_of(number)
        )
        self.chunks.write_boxes((number, (0, 0, 0), image) for number, image in enumerate(images, first))

    def write_tile(self, number: int, top: int, left: int, tile: Array) -> None:
        """Write a rectangle (channels, rows, columns) of one image."""
        self.write_part(number, (0, top, left), tile)

    def write_part(self, number: int, starts: Sides, part: Array) -> None:
        """Write a box of one image that begins at these places of its three axes.

        Raises:
            ValueError: it has a part of an object, or of a shard.
        """
        pieces = [*self.chunks.pieces(number, starts, part)]
        if all(piece.is_whole for piece in pieces):
            self._begun.update(piece.name for piece in pieces)
            self.chunks.write(number, starts, part)
            return
        for piece in pieces:
            anew = piece.name not in self._begun
            self._begun.add(piece.name)
            self.chunks.write_parts(piece, anew=anew)

    def seal(self, written: Iterable[str] = ()) -> None:
        """Have the store stand; `written` are the names of files that other processes have written.

        Raises:
            FileNotFoundError: somebody has removed a chunk, which would be zeros to whoever reads the store.
        """
        missing = {*self._begun, *written}.difference(self.chunks.files.names())
        if missing:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), min(missing))
        if self.chunks.files.are_objects:
            self.chunks.files.write_each(self._metadata.items())


def _chunk_of(image: Sides, itemsize: int, *, channels_last: bool) -> Sides:
    """Return the chunks of an image: all of it, or else a square of one plane, or of all channels where they are last.

    >>> _chunk_of((64, 4000, 4000), 4, channels_last=False), _chunk_of((4000, 4000, 64), 4, channels_last=True)
    ((1, 1024, 1024), (256, 256, 64))
    """
    if math.prod(image) * itemsize <= _CHUNK_BYTES:
        return image
    if not channels_last:
        return 1, min(image[1], _CHUNK_SIDE), min(image[2], _CHUNK_SIDE)
    side = max(1, math.isqrt(_CHUNK_BYTES // (image[2] * itemsize)))
    return min(image[0], side), min(image[1], side), image[2]


def write_group(library: ModuleType, files: Files, tensors: Mapping[str, Array]) -> None:
    """Write tensors into an empty folder as the arrays of a group, each in one chunk."""
    shapes = {name: (array.shape, tuple(max(1, size) for size in array.shape)) for name, array in tensors.items()}
    metadata = _metadata(library, {name: (*shapes[name], None, array.dtype) for name, array in tensors.items()})
    files.write_each(metadata.items())
    for name, array in tensors.items():
        if array.size:
            chunk = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
            files.write(f"{name}/{chunk_name((0,) * array.ndim)}", chunk.data.cast("B"))


def chunk_name(index: Sides) -> str:
    """Return the name of a chunk's file.

    >>> chunk_name((0, 3)), chunk_name(())
    ('c/0/3', 'c')
    """
    return "/".join(("c", *map(str, index)))


def _metadata(library: ModuleType, arrays: Mapping[str, tuple[Any, ...]]) -> dict[str, bytes]:
    """Return the files that the library makes of arrays; "" is the root.

    Each has a shape, the shapes of its chunks and, or None, of its shards, and a type.
    """
    files: dict[str, Any] = {}
    store = library.storage.MemoryStore(files)
    if "" not in arrays:
        library.create_group(store)
    for name, (shape, chunks, shards, dtype) in arrays.items():
        library.create_array(
            store, name=name or None, shape=shape, chunks=chunks, shards=shards, dtype=dtype, compressors=None
        )
    return {name: content.to_bytes() for name, content in files.items()}
