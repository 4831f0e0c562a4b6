"""A new file, or a folder of files, that takes a name when it is whole: until then what was there stays there."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
import threading
from contextlib import contextmanager, suppress
from ctypes import CDLL, get_errno
from pathlib import Path
from shutil import disk_usage, rmtree
from typing import TYPE_CHECKING

from conv2d_cli.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEW_FILE_MODE = 0o666
# Of Linux's renameat2: paths from the working directory on, never replace, change places.
_AT_CWD, _RENAME_NOREPLACE, _RENAME_EXCHANGE = -100, 1, 2
# Files that are gone when their outputs are there, or when the process ends on a signal.
_temporaries: set[Path] = set()
_ended = threading.Event()


def already_there(typed: str) -> FileError:
    """Return the fault of a name that is taken."""
    return FileError(f"{typed} already exists", "--force replaces it, another name keeps both")


def remove_leftovers() -> None:
    """Remove the temporary files of outputs that were being written when a signal ended it all; no more are made."""
    _ended.set()
    for temporary in tuple(_temporaries):
        _discard(temporary)


def _discard(temporary: Path) -> None:
    if temporary.is_dir():
        rmtree(temporary, ignore_errors=True)
    else:
        with suppress(FileNotFoundError):
            temporary.unlink()
    _temporaries.discard(temporary)


def _temporary_beside(target: Path, typed: str) -> Path:
    """Return a free name in the target's folder, of what is removed if the process ends on a signal."""
    temporary = target.with_name(f".conv2d-{secrets.token_hex(8)}.tmp")
    # A signal may come at any time, also before or while the file is removed again.
    _temporaries.add(temporary)
    if _ended.is_set():
        raise FileError(f"cannot write {typed}: the program ends")
    return temporary


@contextmanager
def store_replacement(path: Path, typed: str, size: int, *, force: bool, durable: bool = True) -> Iterator[Path]:
    """Yield a new folder beside the target, which takes its place when all went well and is gone otherwise.

    `size` is the bytes that will be written in it; otherwise as `replacement`.

    Raises:
        FileError: there is not so much room, or another writer took the name.
    """
    target = path.resolve()
    if disk_usage(target.parent).free < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    temporary = _temporary_beside(target, typed)
    try:
        temporary.mkdir()
        old = target.stat() if force and target.exists() else None
        yield temporary
        if old is not None:
            _keep_owner(temporary, old)
            temporary.chmod(stat.S_IMODE(old.st_mode))
        _synchronize_all(temporary)
        if old is not None:
            _exchange(temporary, target)
        else:
            _take_free_folder(temporary, target, typed)
    finally:
        _discard(temporary)
    if durable:
        synchronize_folder(target.parent)


def _exchange(one: Path, other: Path) -> None:
    """Let two folders change names, in one step where the system can do that."""
    if not _rename(one, other, _RENAME_EXCHANGE):
        aside = one.with_name(f"{one.name}.old")
        other.rename(aside)
        try:
            one.rename(other)
        except BaseException:
            aside.rename(other)
            raise
        _discard(aside)


def _take_free_folder(temporary: Path, target: Path, typed: str) -> None:
    """Give a folder its name unless another writer took it meanwhile."""
    try:
        if _rename(temporary, target, _RENAME_NOREPLACE):
            return
        if not target.exists():
            temporary.rename(target)
            return
    except FileExistsError:
        pass
    raise already_there(typed)


def _rename(one: Path, other: Path, flag: int) -> bool:
    """Rename in a way that Linux alone has; return whether it could.

    Raises:
        OSError: it could, and did not succeed.
    """
    function = getattr(CDLL(None, use_errno=True), "renameat2", None) if sys.platform == "linux" else None
    if function is None:
        return False
    if not function(_AT_CWD, os.fsencode(one), _AT_CWD, os.fsencode(other), flag):
        return True
    error = get_errno()
    if error in {errno.EINVAL, errno.ENOSYS}:
        # A file system that cannot.
        return False
    raise OSError(error, os.strerror(error), str(other))


def _synchronize_all(folder: Path) -> None:
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            _synchronize(Path(parent, name))
        synchronize_folder(Path(parent))


@contextmanager
def replacement(path: Path, typed: str, *, force: bool, durable: bool = True, named: bool = True) -> Iterator[Path]:
    """Yield a new file beside the target, which takes its place when all went well and is gone otherwise.

    `durable` False leaves it to the caller to make the new name itself last, for many files at once. Unless `named`,
    the file may have no name until then, so that nothing is left behind even if the process is killed.
    """
    target = path.resolve()
    temporary = _temporary_beside(target, typed)
    unnamed = None
    try:
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
        raise already_there(typed) from error
    except OSError:
        # File systems without links, such as FAT, which have no files without a name either.
        if target.exists():
            raise already_there(typed) from None
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
