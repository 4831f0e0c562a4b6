"""Where tensors go: what may be written there, and how."""

from __future__ import annotations

import math
import os
import stat
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from conv2d_cli.errors import FileError, UsageError
from conv2d_cli.tensors.formats import FORMATS, RAW, STORE, STREAMED, SUFFIXES, Format, Output, format_of_suffix
from conv2d_cli.tensors.laid_out import laid_out
from conv2d_cli.tensors.layout import NCHW, Layout
from conv2d_cli.tensors.location import Location, output_location
from conv2d_cli.tensors.replacement import about_file, already_there, replacement
from conv2d_cli.tensors.store_folders import may_be_replaced, no_place_for_store
from conv2d_cli.tensors.store_replacement import store_replacement
from conv2d_cli.tensors.streamed import StreamedOutput
from conv2d_cli.tensors.urls import check_written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    import numpy as np

    from conv2d_cli.tensors.stores import Files

    Array = np.ndarray[Any, Any]

_SEPARATORS = "/" if os.altsep is None else "/\\"


def check_output(typed: str, *, force: bool) -> None:
    """Check, before any work, that a file can be written there.

    Raises:
        UsageError: the name says no format, or one that a stream cannot have.
        FileError: it exists and `force` is not given, or its folder does not.
    """
    location = output_location(typed)
    if location.url is not None:
        check_written(location.url)
        from conv2d_cli.tensors.remote_output import check_place

        with about_file(typed):
            check_place(location.url, typed, force=force)
        return
    if location.path is None:
        if location.format not in {None, STREAMED}:
            raise UsageError(f"a .{location.format} cannot be written to a pipe", f"-o {STREAMED}:-")
        return
    with about_file(typed):
        format_name = _format_written(location.path)
        if _is_special(location.path):
            return
        _check_replaced(typed, location.path, is_store=FORMATS[format_name].is_store, force=force)
        if os.path.lexists(location.path) and not force:
            raise already_there(typed)
        if not location.path.resolve().parent.is_dir():
            raise FileError(f"cannot write {typed}: there is no folder {location.path.parent}", "make the folder first")


def _check_replaced(typed: str, path: Path, *, is_store: bool, force: bool) -> None:
    """Check that what is there may go: a file for a file, a store for a store."""
    if not is_store and typed.endswith(tuple(_SEPARATORS)):
        raise UsageError(f"{typed} is the name of a folder", f"-o {typed.rstrip(_SEPARATORS)}")
    if not path.is_dir():
        if is_store and force and path.exists():
            raise no_place_for_store(typed, path)
        return
    if not is_store:
        raise FileError(f"cannot write {typed}: it is a directory", "give a file's name")
    if not may_be_replaced(path.resolve()):
        raise no_place_for_store(typed, path)
    if path.is_mount():
        raise FileError(f"cannot write {typed}: another file system is mounted there", "give another name")


def check_output_dtype(typed: str, dtype: str) -> None:
    """Check that the format can hold elements of `dtype`.

    Raises:
        UsageError: it cannot.
    """
    location = output_location(typed)
    if not location.is_stream and dtype in FORMATS[_format_of(location)].lacks:
        raise UsageError(f"{typed} cannot hold {dtype}", f"write a .{STREAMED} file")


def is_placed(typed: str) -> bool:
    """Whether parts of an image can be written there in any order."""
    location = output_location(typed)
    if location.is_stream or (location.path is not None and _is_special(location.path)):
        return False
    return FORMATS[_format_of(location)].is_placed


@contextmanager
def open_output(
    typed: str,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    *,
    force: bool,
    stdout: BinaryIO | None = None,
    durable: bool = True,
    layout: Layout = NCHW,
    sealed: Callable[[Path], object] | None = None,
    chunk: tuple[int, int, int] | None = None,
    shard: tuple[int, int, int] | None = None,
) -> Iterator[Output]:
    """Open a place for a tensor of which images, or tiles of them, are written as they are made.

    `shape` is (N, channels, H, W), or of one image; `layout` is the order that the axes have in the file.
    `durable` False leaves `replacement.synchronize_folder` to the caller, once for many files. `sealed` is told where
    the file lies when it is whole and has not taken its name yet. Of a store `chunk` is what is written of an image at
    a time (channels, rows, columns), so that a chunk is written whole and once; `shard`, a multiple of it, is what one
    file holds.

    Raises:
        FileError: it cannot be written, or exists and `force` is not given.
        BrokenPipeError: the reader of a pipe went away.
    """
    location = output_location(typed)
    path, size = location.path, math.prod(shape) * dtype.itemsize
    with about_file(typed):
        if location.is_stream:
            if stdout is None:
                raise FileError("stdout is closed", "write to a file instead of -")
            yield laid_out(StreamedOutput(stdout, layout.to_file(shape), dtype), layout)
            return
        if path is not None and _is_special(path):
            with path.open("wb") as stream:
                yield laid_out(StreamedOutput(stream, layout.to_file(shape), dtype), layout)
            return
        format_written = FORMATS[_format_of(location)]
        # A picture has an order of its own.
        layout = NCHW if format_written.is_picture else layout
        with _new_place(location, format_written, size, force=force, durable=durable) as temporary:
            with format_written.open_output(
                *(temporary, layout.to_file(shape), dtype),
                channels_last=not layout.is_ours,
                chunk=None if chunk is None else layout.to_file(chunk),
                shard=None if shard is None else layout.to_file(shard),
            ) as output:
                yield laid_out(output, layout)
            if sealed is not None and isinstance(temporary, Path):
                sealed(temporary)


def write_tensors(typed: str, tensors: Mapping[str, Array], *, force: bool) -> None:
    """Write tensors with their names to a file.

    Raises:
        FileError: it cannot be written, or exists and `force` is not given.
    """
    path = Path(typed)
    with about_file(typed):
        format_written = FORMATS[_format_written(path)]
        write = format_written.loaded().write
        if _is_special(path):
            write(path, tensors)
            return
        size = sum(array.nbytes for array in tensors.values())
        with _replaced(path, typed, format_written, size, force=force) as temporary:
            write(temporary, tensors)


def write_apart(tensors: Mapping[str, Array], *, force: bool) -> None:
    """Write tensors to raw files of their own, which take their names when all of them are whole.

    Raises:
        FileError: one cannot be written, or exists and `force` is not given; then none is.
    """
    with ExitStack() as files:
        for typed, array in tensors.items():
            files.enter_context(about_file(typed))
            temporary = files.enter_context(replacement(Path(typed), typed, force=force))
            FORMATS[RAW].loaded().write(temporary, {typed: array})


def _new_place(
    location: Location, written: Format, size: int, *, force: bool, durable: bool
) -> AbstractContextManager[Path | Files]:
    """Return a context with the place of a new file, or of a new store, which is there when it is whole."""
    if location.url is not None:
        from conv2d_cli.tensors.remote_output import remote_replacement

        return remote_replacement(location.url, location.typed, force=force)
    assert location.path is not None  # noqa: S101 - nor is it a stream
    return _replaced(location.path, location.typed, written, size, force=force, durable=durable, named=False)


def _replaced(
    path: Path, typed: str, written: Format, size: int, *, force: bool, durable: bool = True, named: bool = True
) -> AbstractContextManager[Path]:
    """Return a context with a new file, or a folder for a store, that takes the path's name when it is whole."""
    if not written.is_store:
        return replacement(path, typed, force=force, durable=durable, named=named)
    if path.exists() and not may_be_replaced(path.resolve()):
        # Somebody has put it there since it was checked.
        raise no_place_for_store(typed, path)
    return store_replacement(path, typed, size, force=force, durable=durable)


def _format_of(location: Location) -> str:
    """Return the format of what is no stream."""
    return STORE if location.path is None else _format_written(location.path)


def _format_written(path: Path) -> str:
    name = format_of_suffix(path)
    if name is None and not _is_special(path):
        raise UsageError(
            f"the name {path} says no format that can be written", f"-o FILE.{STREAMED}; known: {SUFFIXES}"
        )
    return name or STREAMED


def _is_special(path: Path) -> bool:
    """Whether there is a pipe or a device: it is written to, and never replaced."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
