"""What kind of file it is, by its suffix or by what it begins with; if it is none of ours, what it is instead."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from conv2d_cli.errors import Conv2dError, DataError, UsageError
from conv2d_cli.tensors.formats import (
    FORMATS,
    MAGIC_BYTES,
    MODELS,
    RAW,
    STORE,
    STREAMED,
    SUFFIXES,
    OpenFile,
    format_of_magic,
    format_of_suffix,
    is_store,
    model_of_suffix,
)
from conv2d_cli.tensors.location import Location, input_location
from conv2d_cli.tensors.names import chosen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conv2d_cli.tensors.formats import Container, Stored

# Of a pipe, as much as can be looked at before it is read.
_PEEKED_BYTES = 4096
_READ = FORMATS | MODELS


class Unread(NamedTuple):
    """A tensor among others in a file, which cannot be read: what is known of it, and the reason."""

    shape: tuple[int, ...] | None
    holds: str | None
    reason: str


def open_tensor(location: Location, stream: BinaryIO, **said: Any) -> Stored:  # noqa: ANN401 - fields of OpenFile
    """Return the tensor in an open file of which the header has been read; `said` is what its user says of the file.

    Raises:
        UsageError: the file does not say what it holds, and nobody else does.
        DataError: it is no tensor.
        MissingExtraError: its format needs an extra that is not installed.
    """
    with _told_what_it_is(location, stream):
        format_name, file = _recognised(location, stream, raw=said.get("described") is not None)
        return _opened(format_name, file._replace(**said), location.name)


def members(location: Location, stream: BinaryIO) -> Iterator[tuple[str, str | None, Stored | Unread]]:
    """Yield every tensor of an open file, or the one that is named, as format, name and what its header says.

    Raises:
        UsageError: the file does not say what it holds.
        DataError: it is no tensor file, or holds no tensor.
        MissingExtraError: its format needs an extra that is not installed.
    """
    with _told_what_it_is(location, stream):
        format_name, file = _recognised(location, stream)
        container = _container(format_name, file) if location.name is None else None
        if container is None or [*container.names] in ([], [None]):
            # A fault is one of the whole file here, and that it holds no tensor is one too.
            yield format_name, location.name, _opened(format_name, file, location.name)
            return
    for name in container.names:
        yield format_name, name, _opened_or_not(container, name)


def names(location: Location, stream: BinaryIO) -> list[str]:
    """Return the names of the tensors in an open file; none where its format has none.

    Raises:
        DataError: it is no tensor file.
        MissingExtraError: its format needs an extra that is not installed.
    """
    with _told_what_it_is(location, stream):
        format_name, file = _recognised(location, stream)
        container = _container(format_name, file)
        return [] if container is None else [*filter(None, container.names)]


def is_foreign(typed: str) -> bool:
    """Whether there is a file that is known to be no tensor file, whatever its name says."""
    location = input_location(typed)
    try:
        if location.path is None or not location.path.is_file():
            return False
        with location.path.open("rb") as stream:
            return _foreign(location, stream) is not None
    except OSError:
        return False


def _foreign(location: Location, stream: BinaryIO) -> DataError | None:
    """Return what is to be said of an open file that is known to be no tensor file."""
    from conv2d_cli.tensors.identification import told_of_file
    from conv2d_cli.tensors.looked import Looked

    place = stream.tell()
    start = stream.read(_PEEKED_BYTES)
    stream.seek(place)
    return told_of_file(Looked(start, bytes_left(stream), stream, location.path))


def folder_fault(typed: str, path: Path) -> Conv2dError | None:
    """Return what is to be said of a folder that is no store; None where there is no such folder."""
    from conv2d_cli.tensors.identification import told_of_folder

    return told_of_folder(typed, path) if path.is_dir() and not is_store(path) else None


def _container(format_name: str, file: OpenFile) -> Container | None:
    """Return an open file that may hold several tensors; None where its format has but one."""
    kind = _READ[format_name]
    if not kind.holds_several:
        return None
    container: Container = kind.loaded().open_container(file)
    return container


def _opened(format_name: str, file: OpenFile, name: str | None) -> Stored:
    container = _container(format_name, file)
    if container is None:
        stored: Stored = FORMATS[format_name].loaded().open_tensor(file, name)
        return stored
    # One that knows more names than it lists says which tensor is meant.
    meant = getattr(container, "meant", None)
    known = None if meant is None or name is None else meant(name)
    return container.tensor(known if known is not None else chosen(container.names, name))


def _opened_or_not(container: Container, name: str | None) -> Stored | Unread:
    """Return a tensor among others, or why there is none: one bad member must not hide the rest."""
    try:
        return container.tensor(name)
    except (Conv2dError, OSError) as error:
        reason = error.message if isinstance(error, Conv2dError) else error.strerror or str(error)
        described = getattr(container, "described", None)
        shape, holds = (None, None) if described is None else described(name)
        return Unread(shape, holds, reason)


@contextmanager
def _told_what_it_is(location: Location, stream: BinaryIO) -> Iterator[None]:
    """Of a file that cannot be read as what it should be, say what it is if that is known: no hint else would help."""
    place = None if bytes_left(stream) is None else stream.tell()
    start = _peeked(stream) if place is None else b""
    try:
        yield
    except (DataError, UsageError) as error:
        if model_of_suffix(location.path) is not None:
            # What it is is known, and what is wrong with it has been told.
            raise
        from conv2d_cli.tensors.identification import told_of_file
        from conv2d_cli.tensors.looked import Looked

        told: DataError | None = None
        if place is not None:
            stream.seek(place)
            told = _foreign(location, stream)
        elif location.is_stream or (location.path is not None and not is_store(location.path)):
            told = told_of_file(Looked(start, None, None, location.path))
        if told is None:
            raise
        raise told from error


def _peeked(stream: BinaryIO) -> bytes:
    peek = getattr(stream, "peek", None)
    try:
        return b"" if peek is None else bytes(peek(_PEEKED_BYTES))[:_PEEKED_BYTES]
    except OSError:
        # Reading it will say why.
        return b""


def _recognised(location: Location, stream: BinaryIO, *, raw: bool = False) -> tuple[str, OpenFile]:
    """Return the name of a file's format, by its suffix or else by what it begins with; else it may be `raw`."""
    if location.url is not None:
        return STORE, OpenFile(stream, None, None, url=location.url)
    size = bytes_left(stream)
    name = location.format or (location.path and (format_of_suffix(location.path) or model_of_suffix(location.path)))
    if location.path is not None and is_store(location.path):
        name = STORE
    if name is None and size is not None:
        position = stream.tell()
        name = format_of_magic(stream.read(MAGIC_BYTES))
        stream.seek(position)
        if name is None and size and not raw:
            raise DataError("it is no tensor file that we know", f"known: {SUFFIXES}")
    name = name or (RAW if raw else STREAMED)
    if _READ[name].is_store and location.path is not None:
        return name, OpenFile(stream, location.path, None)
    if not _READ[name].streams and (size is None or location.path is None):
        raise DataError(f"a .{name} cannot be read from a pipe", f"give it as a file, or pipe a .{STREAMED}")
    return name, OpenFile(stream, location.path, size)


def bytes_left(stream: BinaryIO) -> int | None:
    """Return the bytes that are left in a regular file; None for a pipe, a device or a stream of other kind."""
    try:
        status = os.fstat(stream.fileno())
        return status.st_size - stream.tell() if stat.S_ISREG(status.st_mode) else None
    except OSError:
        return None
