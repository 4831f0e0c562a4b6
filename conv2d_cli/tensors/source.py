"""Where tensors come from: every format read in one way, and past this point dense and of a type we compute with."""

from __future__ import annotations

import math
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from conv2d_cli.errors import Conv2dError, DataError, FileError
from conv2d_cli.numpy_dtypes import numpy_dtype
from conv2d_cli.tensors.conversion import converted_to, dtype_read
from conv2d_cli.tensors.elements import ElementStream
from conv2d_cli.tensors.formats import is_store
from conv2d_cli.tensors.location import Location, input_location
from conv2d_cli.tensors.placed import Image, PartlyRead, PlacedImage, read_at
from conv2d_cli.tensors.recognition import folder_fault, members, names, open_tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conv2d_cli.tensors.formats import Stored
    from conv2d_cli.tensors.recognition import Unread

    Array = np.ndarray[Any, Any]

# A shape, and our name of a type.
Described = tuple[tuple[int, ...], str]


class Source:
    """A tensor known by its header: `shape`, and `dtype`, our name of the type that its elements are read in."""

    def __init__(self, typed: str, stored: Stored, stream: BinaryIO, dtype: str | None) -> None:
        """Decide how a tensor stored in an open file becomes one of `dtype`, or of its own type.

        Raises:
            DataError: it cannot.
            MissingExtraError: it is bfloat16 and the extra is not installed.
        """
        self.typed, self._stored, self._stream = typed, stored, stream
        self.shape = stored.shape
        self._whole: Array | None = None
        self._verified = False
        with _about(typed):
            self.dtype = dtype_read(stored.dtype, dtype)
            self._target = numpy_dtype(self.dtype)

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

    def passing_bytes(self, part_bytes: int) -> int:
        """Return the bytes that reading a part takes besides the `part_bytes` it becomes: as stored, if it is cast."""
        stored = self._stored.dtype
        # Twice: the heap does not always fill again the room that the last one left.
        cast = 0 if stored.kind == "V" or stored == self._target else 2 * part_bytes * stored.itemsize
        passing: int = getattr(self._stored, "passing_bytes", 0)
        return passing + cast // self._target.itemsize

    def image(self, number: int) -> Image:
        """Return one image, of which parts are read when they are asked for; from a pipe in their order.

        Raises:
            DataError: the bytes are not what the header promises, or do not fit the type.
            FileError: they cannot be read.
        """
        offset = self._stored.offset
        if self._part is not None:
            prefix = (number,) if len(self.shape) > len("CHW") else ()
            return _ConvertedImage(_ImageInStore(self._part, prefix, self.shape[-3:]), self)
        if offset is None:
            image: Array = self.read_images(number, 1)[0]
            return image
        self._verify()
        shape, dtype = self.shape[-3:], self._stored.dtype
        place = offset + number * math.prod(shape) * dtype.itemsize
        return _ConvertedImage(PlacedImage(self._stream, place, shape, dtype), self)

    def read_images(self, first: int, count: int) -> Array:
        """Return images (count, channels, H, W) from that number on; from a pipe in their order.

        Raises:
            DataError: the bytes are not what the header promises, or do not fit the type.
            FileError: they cannot be read.
        """
        shape = self.shape[-3:]
        size, batch = math.prod(shape), math.prod(self.shape[:-3])
        if self._stored.offset is not None:
            self._verify()
            stored = np.empty(count * size, self._stored.dtype)
            with _about(self.typed):
                read_at(self._stream, stored, self._stored.offset + first * size * stored.itemsize)
            return self.converted(stored.reshape(count, *shape))
        if self._streams:
            with _about(self.typed):
                stored = self._stored.read_some(count * size)  # type: ignore[attr-defined]
                if first + count == batch:
                    self._stored.finish()  # type: ignore[attr-defined]
            return self.converted(stored.reshape(count, *shape))
        if self._part is not None and len(self.shape) > len("CHW"):
            with _about(self.typed):
                stored = self._part((slice(first, first + count),))
            return self.converted(stored)
        if self._whole is None:
            self._whole = self.read().reshape(batch, *shape)
        return self._whole[first : first + count]

    def _verify(self) -> None:
        """Have the whole tensor checked before a part of it is read, where the format has a checksum."""
        verify = getattr(self._stored, "verify", None)
        if verify is not None and not self._verified:
            with _about(self.typed):
                verify()
        self._verified = True

    def converted(self, stored: Array) -> Array:
        """Return stored elements as those of the type they are read in.

        Raises:
            DataError: they do not fit it.
        """
        with _about(self.typed):
            if stored.dtype.kind == "V":
                stored = stored.view(self._target)
            return converted_to(self._target, stored)

    @property
    def read_peak_bytes(self) -> int:
        """Bytes that reading takes at most: the elements as they are stored, and again where they are changed."""
        stored = self._stored.dtype
        kept = (stored.kind == "V" or stored == self._target) and not self._stored.fortran_order
        return math.prod(self.shape) * (stored.itemsize + (0 if kept else self._target.itemsize))

    def read(self) -> Array:
        """Return the elements, C-contiguous, in the machine's byte order.

        Raises:
            DataError: the bytes are not what the header promises, or do not fit the type.
            FileError: they cannot be read.
        """
        with _about(self.typed):
            stored = self._stored.read()
        return self.converted(stored)


class _ImageInStore(PartlyRead):
    """One image of a tensor whose parts are read by a key."""

    def __init__(
        self, part: Callable[[tuple[Any, ...]], Array], prefix: tuple[int, ...], shape: tuple[int, ...]
    ) -> None:
        self._part, self._prefix, self.shape = part, prefix, shape

    def read(self, top: int, bottom: int, left: int, right: int) -> Array:
        return self._part((*self._prefix, slice(None), slice(top, bottom), slice(left, right)))


class _ConvertedImage:
    """An image in a file, whose parts are read as elements of the type that its tensor is read in."""

    def __init__(self, image: PartlyRead, source: Source) -> None:
        self.shape, self._image, self._source = image.shape, image, source

    def __getitem__(self, key: Any) -> Array:  # noqa: ANN401 - slices and arrays of indices
        with _about(self._source.typed):
            stored = self._image[key]
        return self._source.converted(stored)


@contextmanager
def open_source(
    typed: str, *, dtype: str | None = None, stdin: BinaryIO | None = None, described: Described | None = None
) -> Iterator[Source]:
    """Open a tensor to be read as `dtype`, or as its own type.

    `described` is the shape and the type, by our name, of a file that does not say them.

    Raises:
        FileError: it cannot be read.
        DataError: it is no tensor, or not one that becomes a `dtype`.
        MissingExtraError: its format or type needs an extra that is not installed.
    """
    with open_stored(typed, stdin=stdin, described=described) as (stored, stream):
        yield Source(typed, stored, stream, dtype)


@contextmanager
def open_stored(
    typed: str, *, stdin: BinaryIO | None = None, described: Described | None = None
) -> Iterator[tuple[Stored, BinaryIO]]:
    """Open a tensor and read its header, whatever its element type; return it with the open file.

    Raises:
        FileError: it cannot be read.
        DataError: it is no tensor.
        MissingExtraError: its format needs an extra that is not installed.
    """
    with _opened(typed, stdin) as (location, stream):
        with _about(typed):
            given = None if described is None else (described[0], numpy_dtype(described[1]))
            stored = open_tensor(location, stream, described=given)
        yield stored, stream


@contextmanager
def _opened(typed: str, stdin: BinaryIO | None) -> Iterator[tuple[Location, BinaryIO]]:
    location = input_location(typed)
    with _about(typed):
        stream = _stream(location, stdin)
    try:
        yield location, stream
    finally:
        if location.path is not None:
            stream.close()


@contextmanager
def _about(typed: str) -> Iterator[None]:
    """Say of every fault which file it is in."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{typed}: {error.message}", error.hint) from error
    except Conv2dError:
        raise
    except OSError as error:
        raise FileError(
            f"cannot read {typed}: {error.strerror or error}", "give a tensor file, or - for stdin"
        ) from error


def _stream(location: Location, stdin: BinaryIO | None) -> BinaryIO:
    if location.path is None:
        if stdin is None:
            raise FileError("stdin is closed", "give a file instead of -")
        return stdin
    fault = folder_fault(location.typed, location.path)
    if fault is not None:
        raise fault
    try:
        # What a store holds is in files of its own.
        return BytesIO() if is_store(location.path) else location.path.open("rb")
    except ValueError as error:
        # A NUL in the path.
        raise OSError(str(error)) from error


def tensors_in(typed: str, *, stdin: BinaryIO | None = None) -> Iterator[tuple[str, str | None, Stored | Unread]]:
    """Yield every tensor of a file, or the one that is named, as format, name and what its header says.

    Of several in a file, those that cannot be read are told of in their places.

    Raises:
        FileError: it cannot be read.
        DataError: it is no tensor file.
        MissingExtraError: its format needs an extra that is not installed.
    """
    with _opened(typed, stdin) as (location, stream), _about(typed):
        yield from members(location, stream)


def names_in(typed: str) -> list[str]:
    """Return the names of the tensors in a file; none where one is named already, or where the format has no names.

    Raises:
        FileError: it cannot be read.
        DataError: it is no tensor file.
        MissingExtraError: its format needs an extra that is not installed.
    """
    location = input_location(typed)
    if location.path is None or location.name is not None:
        return []
    with _opened(typed, None) as (location, stream), _about(typed):
        return names(location, stream)
