"""Zarr stores of version 3 as they are written: the library makes the metadata, and each chunk is a plain file.

Elements are not compressed: real numbers hardly shrink. Chunks are not written through the library, whose threads go on
when a signal has ended the job.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.tensors.placed import write_at
from conv2d_cli.tensors.zarr_grid import chunks_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import ModuleType

    Array = np.ndarray[Any, Any]

# A chunk is one image, or else a part of a plane with sides of this length at most.
_CHUNK_BYTES, _CHUNK_SIDE = 16 << 20, 1024


class ZarrOutput:
    """An array of images, or of one image, of three axes each, that is being written."""

    remarks = ()

    def __init__(
        self, library: ModuleType, folder: Path, shape: tuple[int, ...], dtype: np.dtype[Any], *, channels_last: bool
    ) -> None:
        """Write the metadata into an empty folder."""
        self._folder, self._dtype = folder, dtype.newbyteorder("<")
        batch, image = shape[:-3], shape[-3:]
        self._chunk = tuple(max(1, size) for size in _chunk_of(image, dtype.itemsize, channels_last=channels_last))
        self._batched = bool(batch)
        self._begun: set[Path] = set()
        _write_metadata(library, folder, {"": (shape, (*([1] * len(batch)), *self._chunk), dtype)})

    def write(self, first: int, images: Array) -> None:
        """Write whole images, the first of which has that number."""
        for number, image in enumerate(images, first):
            self.write_part(number, (0, 0, 0), image)

    def write_tile(self, number: int, top: int, left: int, tile: Array) -> None:
        """Write a rectangle (channels, rows, columns) of one image."""
        self.write_part(number, (0, top, left), tile)

    def write_part(self, number: int, starts: tuple[int, ...], part: Array) -> None:
        """Write a box of one image that begins at these places of its three axes."""
        box = tuple(slice(start, start + size) for start, size in zip(starts, part.shape, strict=True))
        for index, inside, place in chunks_of(box, self._chunk):
            chunk = part[place].astype(self._dtype, copy=False)
            whole_index = (*([number] if self._batched else []), *index)
            self._put(_chunk_file(self._folder, whole_index), chunk, [one.start for one in inside])

    def check(self) -> None:
        """Check that nobody has removed a chunk, which would be zeros to whoever reads the store.

        Raises:
            FileNotFoundError: one is.
        """
        for file in (self._folder / "zarr.json", *self._begun):
            file.stat()

    def _put(self, file: Path, part: Array, inside: list[int]) -> None:
        is_new = file not in self._begun
        self._begun.add(file)
        if part.shape == self._chunk:
            file.write_bytes(np.ascontiguousarray(part).data)
            return
        if is_new:
            file.touch()
        with file.open("r+b", buffering=0) as stream:
            stream.truncate(math.prod(self._chunk) * part.itemsize)
            for channel, row in np.ndindex(*part.shape[:2]):
                start = np.ravel_multi_index((inside[0] + channel, inside[1] + row, inside[2]), self._chunk)
                write_at(stream, np.ascontiguousarray(part[channel, row]), int(start) * part.itemsize)


def _chunk_of(image: tuple[int, ...], itemsize: int, *, channels_last: bool) -> tuple[int, ...]:
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


def write_group(library: ModuleType, folder: Path, tensors: Mapping[str, Array]) -> None:
    """Write tensors into an empty folder as the arrays of a group, each in one chunk."""
    shapes = {name: (array.shape, tuple(max(1, size) for size in array.shape)) for name, array in tensors.items()}
    _write_metadata(library, folder, {name: (*shapes[name], array.dtype) for name, array in tensors.items()})
    for name, array in tensors.items():
        if array.size:
            chunk = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
            _chunk_file(folder / name, (0,) * array.ndim).write_bytes(chunk.data)


def _chunk_file(folder: Path, index: tuple[int, ...]) -> Path:
    file = folder.joinpath("c", *map(str, index))
    if not file.parent.is_dir():
        # Never the folder itself: where that is gone, a new one would hold a part of the store.
        for parent in reversed(file.parents[: len(index)]):
            parent.mkdir(exist_ok=True)
    return file


def _write_metadata(library: ModuleType, folder: Path, arrays: Mapping[str, tuple[Any, ...]]) -> None:
    """Write what the library says of arrays, each of a shape, the shape of its chunks and a type; "" is the root."""
    files: dict[str, Any] = {}
    store = library.storage.MemoryStore(files)
    if "" not in arrays:
        library.create_group(store)
    for name, (shape, chunks, dtype) in arrays.items():
        library.create_array(store, name=name or None, shape=shape, chunks=chunks, dtype=dtype, compressors=None)
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.to_bytes())
