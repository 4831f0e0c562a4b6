"""Where tensors go: under its final name a file is there whole, or not at all."""

from __future__ import annotations

import os
import secrets
import stat
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from conv2d_cli.errors import Conv2dError, FileError, UsageError
from conv2d_cli.tensors.formats import FORMATS, STREAMED, SUFFIXES, Output, format_of_suffix
from conv2d_cli.tensors.location import output_location
from conv2d_cli.tensors.streamed import StreamedOutput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np

    Array = np.ndarray[Any, Any]

_NEW_FILE_MODE = 0o666
# Files that are gone when their outputs are there, or when the process ends on a signal.
_temporaries: set[Path] = set()
_ended = threading.Event()


def check_output(typed: str, *, force: bool) -> None:
    """Check, before any work, that a file can be written there.

    Raises:
        UsageError: the name says no format, or one that a stream cannot have.
        FileError: it exists and `force` is not given, or its folder does not.
    """
    location = output_location(typed)
    if location.path is None:
        if location.format not in {None, STREAMED}:
            raise UsageError(f"a .{location.format} cannot be written to a pipe", f"{STREAMED}:- can")
        return
    with _about(typed):
        _format_written(location.path)
        if _is_special(location.path):
            return
        if location.path.is_dir():
            raise FileError(f"cannot write {typed}: it is a directory", "give a file's name")
        if os.path.lexists(location.path) and not force:
            raise _exists(typed)
        if not location.path.resolve().parent.is_dir():
            raise FileError(f"cannot write {typed}: there is no folder {location.path.parent}", "make the folder first")


def check_output_dtype(typed: str, dtype: str) -> None:
    """Check that the format can hold elements of `dtype`.

    Raises:
        UsageError: it cannot.
    """
    path = output_location(typed).path
    if path is not None and dtype in FORMATS[_format_written(path)].lacks:
        raise UsageError(f"{typed} cannot hold {dtype}", f"write a .{STREAMED} file")


def is_placed(typed: str) -> bool:
    """Whether parts of an image can be written there in any order."""
    path = output_location(typed).path
    return path is not None and not _is_special(path) and FORMATS[_format_written(path)].is_placed


@contextmanager
def open_output(
    typed: str,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    *,
    force: bool,
    stdout: BinaryIO | None = None,
    durable: bool = True,
) -> Iterator[Output]:
    """Open a place for a tensor of which images, or tiles of them, are written as they are made.

    `durable` False leaves `synchronize_folder` to the caller, once for many files.

    Raises:
        FileError: it cannot be written, or exists and `force` is not given.
        BrokenPipeError: the reader of a pipe went away.
    """
    path = output_location(typed).path
    with _about(typed):
        if path is None:
            if stdout is None:
                raise FileError("stdout is closed", "write to a file instead of -")
            yield StreamedOutput(stdout, shape, dtype)
            return
        if _is_special(path):
            with path.open("wb") as stream:
                yield StreamedOutput(stream, shape, dtype)
            return
        opened = FORMATS[_format_written(path)].open_output
        with (
            _replacement(path, typed, force=force, durable=durable, named=False) as temporary,
            opened(temporary, shape, dtype) as output,
        ):
            yield output


def write_tensors(typed: str, tensors: Mapping[str, Array], *, force: bool) -> None:
    """Write tensors with their names to a file.

    Raises:
        FileError: it cannot be written, or exists and `force` is not given.
    """
    path = Path(typed)
    with _about(typed):
        write = FORMATS[_format_written(path)].loaded().write
        if _is_special(path):
            write(path, tensors)
            return
        with _replacement(path, typed, force=force) as temporary:
            write(temporary, tensors)


@contextmanager
def _about(typed: str) -> Iterator[None]:
    """Say of every fault which file it is in."""
    try:
        yield
    except (Conv2dError, BrokenPipeError):
        raise
    except (OSError, ValueError, RuntimeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise FileError(f"cannot write {typed}: {reason}", "choose a place with room that can be written") from error


def _exists(typed: str) -> FileError:
    return FileError(f"{typed} already exists", "--force replaces it, another name keeps both")


def _format_written(path: Path) -> str:
    name = format_of_suffix(path)
    if name is None and not _is_special(path):
        raise UsageError(f"the name {path} says no format that can be written", f"known suffixes: {SUFFIXES}")
    return name or STREAMED


def _is_special(path: Path) -> bool:
    """Whether there is a pipe or a device: it is written to, and never replaced."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def remove_leftovers() -> None:
    """Remove the temporary files of outputs that were being written when a signal ended it all; no more are made."""
    _ended.set()
    for temporary in tuple(_temporaries):
        _discard(temporary)


def _discard(temporary: Path) -> None:
    with suppress(FileNotFoundError):
        temporary.unlink()
    _temporaries.discard(temporary)


@contextmanager
def _replacement(path: Path, typed: str, *, force: bool, durable: bool = True, named: bool = True) -> Iterator[Path]:
    """Yield a new file beside the target, which takes its place when all went well and is gone otherwise.

    `durable` False leaves it to the caller to make the new name itself last, for many files at once. Unless `named`,
    the file may have no name until then, so that nothing is left behind even if the process is killed.
    """
    target = path.resolve()
    temporary = target.with_name(f".conv2d-{secrets.token_hex(8)}.tmp")
    # A signal may come at any time, also before or while the file is removed below.
    _temporaries.add(temporary)
    unnamed = None
    try:
        if _ended.is_set():
            raise FileError(f"cannot write {typed}: the program ends")
        unnamed = None if named else _unnamed_file(target.parent)
        if unnamed is None:
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _NEW_FILE_MODE))
        file = temporary if unnamed is None else _path_of(unnamed)
        old = target.stat() if force and target.exists() else None
        mode = stat.S_IMODE((old or file.stat()).st_mode)
        yield file
        if old is not None:
            _keep_owner(file, old)
        # Some libraries make the file anew, for nobody else to read.
        file.chmod(mode)
        _synchronize(file)
        if force:
            if unnamed is not None:
                _link(file, temporary)
            temporary.replace(target)
        else:
            _take_free_name(file, target, typed)
    finally:
        if unnamed is not None:
            os.close(unnamed)
        _discard(temporary)
    if durable:
        synchronize_folder(target.parent)


def _unnamed_file(folder: Path) -> int | None:
    """Return a new file in a folder that has no name; None where there is no such thing, as outside of Linux."""
    flag = getattr(os, "O_TMPFILE", None)
    if flag is None or not _path_of(0).parent.is_dir():
        return None
    try:
        return os.open(folder, flag | os.O_RDWR, _NEW_FILE_MODE)
    except OSError:
        return None


def _link(file: Path, name: Path) -> None:
    """Give a file another name, or one at last that has none."""
    # Python follows the link that stands for a descriptor only where it is told a folder, which is not looked at.
    folder = os.open(name.parent, os.O_RDONLY)
    try:
        os.link(file, name, src_dir_fd=folder)
    finally:
        os.close(folder)


def _path_of(descriptor: int) -> Path:
    return Path(f"/proc/self/fd/{descriptor}")


def _keep_owner(temporary: Path, old: os.stat_result) -> None:
    """Give a file the owner of the one it replaces, where that is allowed."""
    new = temporary.stat()
    if hasattr(os, "chown") and (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        with suppress(PermissionError):
            os.chown(temporary, old.st_uid, old.st_gid)


def _take_free_name(temporary: Path, target: Path, typed: str) -> None:
    """Give the file its name unless another writer took it meanwhile."""
    try:
        if os.name == "nt":
            temporary.rename(target)
        else:
            # Unlike a rename, a link never replaces.
            _link(temporary, target)
    except FileExistsError as error:
        raise _exists(typed) from error
    except OSError:
        # File systems without links, such as FAT, which have no files without a name either.
        if target.exists():
            raise _exists(typed) from None
        temporary.replace(target)


def _synchronize(file: Path) -> None:
    with file.open("r+b") as stream:
        os.fsync(stream.fileno())


def synchronize_folder(folder: Path) -> None:
    """Make the new name itself durable, where folders can be opened."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        # Some network file systems refuse this, and have kept the file all the same.
        return
    finally:
        os.close(descriptor)
