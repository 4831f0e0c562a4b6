"""A new file that takes a name when it is whole: until then what was there stays there."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from conv2d_cli.errors import Conv2dError, FileError, hint_of
from conv2d_cli.tensors.temporaries import discard, making, temporary_beside

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEW_FILE_MODE = 0o666


def already_there(typed: str) -> FileError:
    """Return the fault of a name that is taken."""
    return FileError(f"{typed} already exists", "--force replaces it, another name keeps both")


@contextmanager
def replacement(path: Path, typed: str, *, force: bool, durable: bool = True, named: bool = True) -> Iterator[Path]:
    """Yield a new file beside the target, which takes its place when all went well and is gone otherwise.

    `durable` False leaves it to the caller to make the new name itself last, for many files at once. Unless `named`,
    the file may have no name until then, so that nothing is left behind even if the process is killed.
    """
    target = path.resolve()
    temporary = temporary_beside(target)
    unnamed = None
    try:
        with making(typed):
            unnamed = None if named else _unnamed_file(target.parent)
            if unnamed is None:
                os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _NEW_FILE_MODE))
        file = temporary if unnamed is None else _path_of(unnamed)
        old = target.stat() if force and target.exists() else None
        mode = stat.S_IMODE((old or file.stat()).st_mode)
        yield file
        if old is not None:
            keep_owner(file, old)
        # Some libraries make the file anew, for nobody else to read.
        file.chmod(mode)
        synchronize(file)
        with making(typed):
            if not force:
                _take_free_name(file, target, typed)
            else:
                if unnamed is not None:
                    _link(file, temporary)
                temporary.replace(target)
    finally:
        if unnamed is not None:
            os.close(unnamed)
        discard(temporary)
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


def keep_owner(temporary: Path, old: os.stat_result) -> None:
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


def synchronize(file: Path) -> None:
    """Make the contents of a file durable."""
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


@contextmanager
def about_file(typed: str) -> Iterator[None]:
    """Say of every fault which file it is in."""
    try:
        yield
    except (Conv2dError, BrokenPipeError):
        raise
    except (OSError, ValueError, RuntimeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            raise FileError(f"cannot write {typed}: the name is too long", "give a shorter one") from error
        hint = hint_of(error, "choose a place with room that can be written")
        raise FileError(f"cannot write {typed}: {reason}", hint) from error
