"""A tensor of any format that has been opened: past this point arrays are dense and of a type we compute with."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from conv2d_cli.numpy_dtypes import numpy_dtype
from conv2d_cli.tensors.conversion import Conversion, dtype_read
from conv2d_cli.tensors.elements import ElementStream
from conv2d_cli.tensors.faults import faults_of
from conv2d_cli.tensors.layout import NCHW
from conv2d_cli.tensors.placed import Image, PartlyRead, read_at, read_box

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.tensors.formats import Stored
    from conv2d_cli.tensors.reading import Reading

    Array = np.ndarray[Any, Any]

# The axes of one image, and of several.
_IMAGES = (3, 4)
# As much as its result takes reading a picture, measured: PNG 2.5, TIFF in one strip of LZW up to 4.
_PICTURE_PASSES = 4


class Header(NamedTuple):
    """What a tensor's header says: its shape, by our order of axes, and whether it is a picture."""

    shape: tuple[int, ...]
    is_picture: bool


class Source:
    """A tensor known by its header: `shape`, and `dtype`, our name of the type that its elements are read in."""

    def __init__(self, typed: str, stored: Stored, stream: BinaryIO, reading: Reading) -> None:
        """Decide how a tensor stored in an open file becomes the one that is asked for.

        Raises:
            DataError: it cannot.
            MissingExtraError: its type needs an extra that is not installed.
        """
        self.typed, self._stored, self._stream = typed, stored, stream
        self.is_picture: bool = getattr(stored, "is_picture", False)
        self._layout = NCHW if self.is_picture else reading.layout
        self._whole: Array | None = None
        self._verified = False
        with faults_of(typed):
            dtype = dtype_read(stored.holds, reading.dtype)
            # Two bytes that are asked for as bfloat16.
            holds = "bfloat16" if stored.holds == "V2" else stored.holds
            self.holds = holds
            self.shape = self._layout.of_file(stored.shape)
            self._preparation = reading.preparation if len(self.shape) in _IMAGES else None
            if self._preparation is not None:
                *batch, channels, height, width = self.shape
                self.shape = (*batch, self._preparation.channels(channels), height, width)
                holds = self._preparation.dtype(holds)
                dtype = dtype_read(holds, reading.dtype)
            self.dtype = dtype
            self._conversion = Conversion(holds, dtype, reading.casts)
            self._target = numpy_dtype(dtype)

    @property
    def header(self) -> Header:
        """What is known without the elements."""
        return Header(self.shape, self.is_picture)

    @property
    def shard(self) -> tuple[int, ...] | None:
        """The part (channels, rows, columns) of an image that one file of a store holds, of several chunks; or None."""
        shape: tuple[int, ...] | None = getattr(self._stored, "shard_shape", None)
        return None if shape is None or len(shape) not in _IMAGES else self._layout.of_file(shape)[-3:]

    @property
    def is_read_in_parts(self) -> bool:
        """Whether images are read one by one: from where they lie in a file, or as they come out of a pipe."""
        return self.is_placed or self._streams

    @property
    def is_placed(self) -> bool:
        """Whether parts are read from where they lie, in any order."""
        return self._stored.offset is not None or self._part is not None

    @property
    def _streams(self) -> bool:
        stored = self._stored
        return isinstance(stored, ElementStream) and stored.offset is None and not stored.fortran_order

    @property
    def _part(self) -> Callable[[tuple[Any, ...]], Array] | None:
        part: Callable[[tuple[Any, ...]], Array] | None = getattr(self._stored, "part", None)
        return part

    @property
    def _is_changed(self) -> bool:
        """Whether the elements, as they are stored, become others, or are put in another order."""
        changed = self._conversion.copies or not self._stored.dtype.isnative
        return changed or not self._layout.is_ours or self._preparation is not None

    def passing_bytes(self, part_bytes: int) -> int:
        """Return the bytes that reading a part takes besides the `part_bytes` it becomes: as stored, if it changes."""
        passing: int = getattr(self._stored, "passing_bytes", 0)
        if not self._is_changed:
            return passing
        # Twice: the heap does not always fill again the room that the last one left.
        passing += 2 * part_bytes * self._stored.dtype.itemsize // self._target.itemsize
        if not self._layout.is_ours:
            passing += part_bytes
        # What is prepared passes through float32, or float64.
        return passing + (0 if self._preparation is None else 4 * part_bytes)

    def image(self, number: int) -> Image:
        """Return one image, of which parts are read when they are asked for; from a pipe in their order.

        Raises:
            DataError: the bytes are not what the header promises, or do not fit the type.
            FileError: they cannot be read.
        """
        if self.is_placed:
            with faults_of(self.typed):
                self._verify()
            return _ImageInFile(self, number)
        image: Array = self.read_images(number, 1)[0]
        return image

    def read_images(self, first: int, count: int) -> Array:
        """Return images (count, channels, H, W) from that number on; from a pipe in their order.

        Raises:
            DataError: the bytes are not what the header promises, or do not fit the type.
            FileError: they cannot be read.
        """
        stored, batched = self._stored, len(self._stored.shape) == _IMAGES[-1]
        shape = stored.shape[-3:]
        size, batch = math.prod(shape), math.prod(stored.shape[:-3])
        if not (stored.offset is not None or self._streams or (self._part is not None and batched)):
            if self._whole is None:
                self._whole = self.read().reshape(batch, *self.shape[-3:])
            return self._whole[first : first + count]
        with faults_of(self.typed):
            if stored.offset is not None:
                self._verify()
                images = np.empty((count, *shape), stored.dtype)
                read_at(self._stream, images, stored.offset + first * images[:1].nbytes)
            elif self._streams:
                images = stored.read_some(count * size).reshape(count, *shape)  # type: ignore[attr-defined]
                if first + count == batch:
                    stored.finish()  # type: ignore[attr-defined]
            else:
                images = self._part((slice(first, first + count),))  # type: ignore[misc]
        return self._finished(images, (first, 0, 0, 0)) if batched else self._finished(images[0], (0, 0, 0))[None]

    def read_part(self, number: int, rows: slice, columns: slice) -> Array:
        """Return a rectangle (channels, rows, columns) of one image of a tensor that is placed.

        Raises:
            DataError: the bytes are not what the header promises, or do not fit the type.
            FileError: they cannot be read.
        """
        stored = self._stored
        prefix = (number,) if len(stored.shape) == _IMAGES[-1] else ()
        box = self._layout.to_file((slice(None), rows, columns))
        with faults_of(self.typed):
            if self._part is not None:
                part = self._part((*prefix, *box))
            else:
                shape = stored.shape[-3:]
                assert stored.offset is not None  # noqa: S101 - it is placed
                offset = stored.offset + number * math.prod(shape) * stored.dtype.itemsize
                part = read_box(self._stream, offset, shape, box, stored.dtype)
        starts = tuple(one.start or 0 for one in box)
        return self._finished(part[None], (number, *starts))[0] if prefix else self._finished(part, starts)

    def _verify(self) -> None:
        """Have the whole tensor checked before a part of it is read, where the format has a checksum."""
        verify = getattr(self._stored, "verify", None)
        if verify is not None and not self._verified:
            verify()
        self._verified = True

    def _finished(self, stored: Array, first: tuple[int, ...]) -> Array:
        """Return stored elements, in the file's order of axes, as what they are read as; `first` is their place there.

        Raises:
            DataError: they do not fit the type.
        """
        order = self._layout.order(stored.ndim)
        with faults_of(self.typed):
            if self._preparation is not None:
                prepared = self._preparation.apply(stored.transpose(order), self.holds)
                return self._conversion.apply(prepared, tuple(first[axis] for axis in order))
            return np.ascontiguousarray(self._conversion.apply(stored, first).transpose(order))

    @property
    def read_peak_bytes(self) -> int:
        """Bytes that reading takes at most: the elements as they are stored, and again where they are changed."""
        stored = self._stored
        elements, size = math.prod(stored.shape), self._target.itemsize
        # Of a picture its compressed bytes, what they become, and the channels apart.
        as_stored = elements * stored.dtype.itemsize * (_PICTURE_PASSES if self.is_picture else 1)
        # And of a store the bytes of a chunk.
        as_stored += getattr(stored, "passing_bytes", 0)
        if not (self._is_changed or stored.fortran_order):
            return as_stored
        again = 1 + (not self._layout.is_ours) + (0 if self._preparation is None else 2)
        return as_stored + elements * again * size

    def read(self) -> Array:
        """Return the elements, C-contiguous, in the machine's byte order.

        Raises:
            DataError: the bytes are not what the header promises, or do not fit the type.
            FileError: they cannot be read.
        """
        with faults_of(self.typed):
            stored = self._stored.read()
        return self._finished(stored, (0,) * stored.ndim)


class _ImageInFile(PartlyRead):
    """One image of a tensor whose parts are read from where they lie."""

    def __init__(self, source: Source, number: int) -> None:
        self.shape, self._source, self._number = source.shape[-3:], source, number

    def read(self, top: int, bottom: int, left: int, right: int) -> Array:
        return self._source.read_part(self._number, slice(top, bottom), slice(left, right))
