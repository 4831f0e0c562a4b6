"""A new folder of files that takes the place of another of its kind when it is whole: a store, or test vectors."""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import contextmanager
from ctypes import CDLL, get_errno
from functools import partial
from pathlib import Path
from shutil import disk_usage
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.tensors.replacement import already_there, keep_owner, synchronize, synchronize_folder
from conv2d_cli.tensors.store_folders import may_be_replaced, no_place_for_store
from conv2d_cli.tensors.temporaries import discard, look_first, making, temporary_beside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conv2d_cli.errors import FileError

# Of Linux's renameat2: paths from the working directory on, never replace, change places.
_AT_CWD, _RENAME_NOREPLACE, _RENAME_EXCHANGE = -100, 1, 2


class Kind(NamedTuple):
    """What such a folder may take the place of: one that is wholly of its kind, or empty; and the fault of others."""

    may_be_replaced: Callable[[Path], bool]
    no_place: Callable[[str, Path], FileError]


STORES = Kind(may_be_replaced, no_place_for_store)


@contextmanager
def store_replacement(
    path: Path,
    typed: str,
    size: int,
    *,
    force: bool,
    durable: bool = True,
    kind: Kind = STORES,
    kept: Path | None = None,
) -> Iterator[Path]:
    """Yield a new folder beside the target, which takes its place when all went well and is gone otherwise.

    `size` is the bytes that will be written in it; otherwise as `replacement`. `kept` is a folder to do this in, which
    may be there already, and stays where it is unless all went well.

    Raises:
        FileError: there is not so much room, another writer took the name, or what stands there is not wholly of its
            kind.
    """
    target = path.resolve()
    if disk_usage(target.parent).free < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    temporary = kept or temporary_beside(target)
    try:
        with making(typed):
            temporary.mkdir(exist_ok=kept is not None)
        yield temporary
        if force and target.exists():
            old = target.stat()
            keep_owner(temporary, old)
            temporary.chmod(stat.S_IMODE(old.st_mode))
        _synchronize_all(temporary)
        with making(typed):
            _take_place(temporary, target, typed, None if not force else kind)
        # What had the name before.
        discard(temporary)
    finally:
        if kept is None:
            discard(temporary)
    if durable:
        synchronize_folder(target.parent)


def _take_place(temporary: Path, target: Path, typed: str, kind: Kind | None) -> None:
    """Give a folder its name; one of the kind that is there already changes places with it; without a kind none does.

    Writers of one name may come between at any time: then it is the other of the two ways, until one is open.
    """
    while not _took_free_name(temporary, target):
        if kind is None:
            raise already_there(typed)
        if _changed_places(temporary, target, typed, kind):
            return


def _took_free_name(temporary: Path, target: Path) -> bool:
    """Give a folder a name that nobody has; return whether it was so."""
    try:
        if not _rename(temporary, target, _RENAME_NOREPLACE):
            if target.exists():
                return False
            temporary.rename(target)
    except FileExistsError:
        return False
    return True


def _changed_places(temporary: Path, target: Path, typed: str, kind: Kind) -> bool:
    """Let a new folder and what has its name change places, then remove that; return False if there is none any more.

    It is looked at when nobody finds it under its name any more: until then another may put a file there.

    Raises:
        FileError: it is not wholly of its kind, and has its name again.
    """
    put_back = partial(_put_back_unless_replaced, temporary, target, kind)
    # A signal between the two steps must not remove it unseen.
    look_first(temporary, put_back)
    try:
        _exchange(temporary, target)
    except FileNotFoundError:
        return False
    if put_back():
        raise kind.no_place(typed, target)
    look_first(temporary, None)
    return True


def _put_back_unless_replaced(temporary: Path, target: Path, kind: Kind) -> bool:
    """Let the two change places again if what is to be removed may not be; return whether it was so."""
    if not os.path.lexists(temporary) or kind.may_be_replaced(temporary):
        return False
    try:
        _exchange(temporary, target)
    except FileNotFoundError:
        _took_free_name(temporary, target)
    return True


def _exchange(one: Path, other: Path) -> None:
    """Let two folders change names, in one step where the system can do that."""
    if _rename(one, other, _RENAME_EXCHANGE):
        return
    aside = one.with_name(f"{one.name}.old")
    other.rename(aside)
    try:
        one.rename(other)
    except BaseException:
        aside.rename(other)
        raise
    aside.rename(one)


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
            synchronize(Path(parent, name))
        synchronize_folder(Path(parent))
