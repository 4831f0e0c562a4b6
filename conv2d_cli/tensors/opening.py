"""Where tensors come from: files, stores and streams, opened in one way whatever their format."""

from __future__ import annotations

from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from conv2d_cli.errors import FileError
from conv2d_cli.tensors.faults import faults_of
from conv2d_cli.tensors.formats import is_store
from conv2d_cli.tensors.location import Location, input_location
from conv2d_cli.tensors.reading import Reading
from conv2d_cli.tensors.recognition import folder_fault, members, names, open_tensor
from conv2d_cli.tensors.source import Header, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.tensors.formats import Stored
    from conv2d_cli.tensors.recognition import Unread

_AS_IT_IS = Reading()


@contextmanager
def open_source(typed: str, reading: Reading = _AS_IT_IS, *, stdin: BinaryIO | None = None) -> Iterator[Source]:
    """Open a tensor to be read in a certain way, or as it is.

    Raises:
        FileError: it cannot be read.
        DataError: it is no tensor, or none that can be read so.
        MissingExtraError: its format or type needs an extra that is not installed.
    """
    with open_stored(typed, reading, stdin=stdin) as (stored, stream):
        yield Source(typed, stored, stream, reading)


@contextmanager
def open_stored(
    typed: str, reading: Reading = _AS_IT_IS, *, stdin: BinaryIO | None = None
) -> Iterator[tuple[Stored, BinaryIO]]:
    """Open a tensor and read its header, whatever its element type; return it with the open file.

    Raises:
        FileError: it cannot be read.
        DataError: it is no tensor.
        MissingExtraError: its format needs an extra that is not installed.
    """
    with _opened(typed, stdin) as (location, stream):
        with faults_of(typed):
            stored = open_tensor(
                location,
                stream,
                described=reading.described,
                as_stored=reading.as_stored,
                max_pixels=reading.max_pixels,
            )
        yield stored, stream


def header_of(typed: str, reading: Reading = _AS_IT_IS, *, stdin: BinaryIO | None = None) -> Header:
    """Return what a tensor's header says of one that is read so, whatever its element type.

    Raises:
        FileError: it cannot be read.
        DataError: it is no tensor.
        MissingExtraError: its format needs an extra that is not installed.
    """
    with open_stored(typed, reading, stdin=stdin) as (stored, _):
        is_picture = getattr(stored, "is_picture", False)
        return Header(stored.shape if is_picture else reading.layout.of_file(stored.shape), is_picture)


@contextmanager
def _opened(typed: str, stdin: BinaryIO | None) -> Iterator[tuple[Location, BinaryIO]]:
    location = input_location(typed)
    with faults_of(typed):
        stream = _stream(location, stdin)
    try:
        yield location, stream
    finally:
        if not location.is_stream:
            stream.close()


def _stream(location: Location, stdin: BinaryIO | None) -> BinaryIO:
    if location.url is not None:
        return BytesIO()
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
    with _opened(typed, stdin) as (location, stream), faults_of(typed):
        yield from members(location, stream)


def names_in(typed: str) -> list[str]:
    """Return the names of the tensors in a file; none where one is named already, or where the format has no names.

    Raises:
        FileError: it cannot be read.
        DataError: it is no tensor file.
        MissingExtraError: its format needs an extra that is not installed.
    """
    location = input_location(typed)
    if location.is_stream or location.name is not None:
        return []
    with _opened(typed, None) as (location, stream), faults_of(typed):
        return names(location, stream)
