"""What is unfinished: files and folders that have taken no name yet, and are removed however the process ends."""

from __future__ import annotations

import os
import secrets
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from time import sleep
from typing import TYPE_CHECKING

from conv2d_cli.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Threads that still write into a folder while a signal ends the process put new files there.
_REMOVALS, _SECONDS_BETWEEN = 50, 0.01
# What is done before each is removed, if anything.
_unfinished: dict[Path, Callable[[], object] | None] = {}
_ended = threading.Event()
# One that the same thread may take again: a signal may be answered while a file is being made.
_making = threading.RLock()


def temporary_beside(target: Path) -> Path:
    """Return a free name in the target's folder, of what is removed if the process ends on a signal.

    It says nothing of the target, whose own name may be as long as names can be.
    """
    temporary = target.with_name(f".conv2d-{secrets.token_hex(8)}.tmp")
    # A signal may come at any time, also before or while the file is removed again.
    _unfinished[temporary] = None
    return temporary


@contextmanager
def making(typed: str) -> Iterator[None]:
    """Return a context in which files are made, or get a name, which are no more once a signal ends the process.

    Raises:
        FileError: it ends.
    """
    with _making:
        if _ended.is_set():
            raise FileError(f"cannot write {typed}: the program ends")
        yield


def look_first(temporary: Path, look: Callable[[], object] | None) -> None:
    """Have `look` called before this is removed, for it may hold by then what is not ours."""
    _unfinished[temporary] = look


def discard(temporary: Path) -> None:
    """Remove what is unfinished, if it is there."""
    look = _unfinished.get(temporary)
    if look is not None:
        look()
    for _ in range(_REMOVALS):
        if not temporary.is_dir():
            break
        _remove_folder(temporary)
        if not temporary.is_dir() or not _ended.is_set():
            break
        sleep(_SECONDS_BETWEEN)
    else:
        return
    with suppress(OSError):
        temporary.unlink()
    _unfinished.pop(temporary, None)


def _remove_folder(folder: Path) -> None:
    rmtree(folder, ignore_errors=True)
    if not folder.is_dir():
        return
    # It keeps every folder on the way down open, which may be more files than the system lets be open.
    for place, folders, files in os.walk(folder, topdown=False):
        for path in (Path(place, name) for name in (*files, *folders)):
            with suppress(OSError):
                path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    with suppress(OSError):
        folder.rmdir()


def remove_leftovers() -> None:
    """Remove all that is unfinished when a signal ends the process; no more is made."""
    with _making:
        _ended.set()
        for temporary in tuple(_unfinished):
            # One that cannot be removed keeps no other.
            with suppress(OSError):
                discard(temporary)
