"""A new store behind a URL: what stood there goes when there is something to write, and the metadata come last.

Object stores have no folder that takes a name: until `zarr.json` is there nobody finds a store.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from conv2d_cli.errors import Conv2dError, FileError
from conv2d_cli.tensors.concurrent import sent_side_by_side, uninterrupted
from conv2d_cli.tensors.formats import STORE_FILES
from conv2d_cli.tensors.remote import REQUESTS, RemoteFiles
from conv2d_cli.tensors.replacement import already_there
from conv2d_cli.tensors.store_folders import foreign_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    import numpy as np

    from conv2d_cli.tensors.stores import Content

    Array = np.ndarray[Any, Any]

# What is under way when a signal comes is waited for so long, before what has been written is removed.
_SECONDS = 1.5


def check_place(url: str, typed: str, *, force: bool) -> None:
    """Check that a store may be written there.

    Raises:
        FileError: objects lie there and `force` is not given, or they are no store; or nobody can look.
    """
    files = RemoteFiles(url)
    if not files.is_there():
        return
    if not force:
        raise already_there(typed)
    _check_replaced(files.names(), typed)


def _check_replaced(names: Iterable[str], typed: str) -> None:
    """Check that what lies there is wholly a store."""
    foreign = foreign_name([*names])
    if foreign is not None:
        raise FileError(
            f"cannot write {typed}: it also holds {foreign}, which is no part of a Zarr store and would be lost",
            "give another name, or move that object elsewhere",
        )


@contextmanager
def remote_replacement(url: str, typed: str, *, force: bool) -> Iterator[Unfinished]:
    """Yield the place of a new store; what has been written is removed if not all went well.

    What stood there goes at the first write, so that an input that cannot be read costs nobody a store.

    Raises:
        FileError: objects lie there and `force` is not given, or they are no store; or it cannot be written.
    """
    files = RemoteFiles(url)
    old: list[str] = []
    if files.is_there():
        if not force:
            raise already_there(typed)
        old = files.names()
        _check_replaced(old, typed)
    unfinished = Unfinished(files, typed, old, force=force)
    try:
        yield unfinished
    except BaseException:
        unfinished.discard()
        raise


def _remove_store(files: RemoteFiles, names: Collection[str]) -> None:
    """Remove a store from its root on, so that at no time half of one is found."""
    metadata = [name for name in names if name.rpartition("/")[2] in STORE_FILES]
    for name in sorted(metadata, key=lambda name: name.count("/")):
        files.remove(name)
    files.remove_each(set(names).difference(metadata))


class Unfinished:
    """The files of a store that is being written. Another process that is sent it has the bare files."""

    are_objects = True

    def __init__(self, files: RemoteFiles, typed: str, old: Collection[str], *, force: bool) -> None:
        """Remember what is written; `old` is what goes first, and without `force` another writer's store stays."""
        self._files, self._typed, self._old, self._force = files, typed, old, force
        self._begun, self._under_way, self._ended = set[str](), 0, False
        self._changed = threading.Condition()
        self._clearing = threading.Lock()

    def clear(self) -> None:
        """Remove what stood there: the first write does it, and whoever sends the place to others, who do not.

        Raises:
            FileError: it cannot be removed.
        """
        with self._clearing:
            _remove_store(self._files, self._old)
            self._old = ()

    def __reduce__(self) -> tuple[Callable[..., RemoteFiles], tuple[str]]:
        """Pickle the bare files."""
        return RemoteFiles, (self._files.url,)

    def read(self, name: str, start: int, length: int) -> bytes:
        """Return bytes of an object."""
        return self._files.read(name, start, length)

    def size(self, name: str) -> int | None:
        """Return the bytes of an object; None where there is none."""
        return self._files.size(name)

    def names(self) -> list[str]:
        """Return the names of all objects."""
        return self._files.names()

    def remove(self, name: str) -> None:
        """Remove an object, if it is there."""
        self._files.remove(name)

    def write(self, name: str, content: Content) -> None:
        """Write a whole object.

        Raises:
            FileError: it cannot be written, or another writer has finished a store here.
        """
        self.clear()
        if name == STORE_FILES[0] and not self._force and self._files.size(name) is not None:
            with self._changed:
                self._begun.clear()
            raise already_there(self._typed)
        with self._changed:
            if self._ended:
                raise FileError(f"cannot write {self._typed}: the program ends")
            self._begun.add(name)
            self._under_way += 1
        uninterrupted(self._send, (name, content))

    def _send(self, one: tuple[str, Content]) -> None:
        try:
            self._files.write(*one)
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def write_each(self, contents: Iterable[tuple[str, Content]]) -> None:
        """Write whole objects, several at a time."""
        sent_side_by_side(lambda one: self.write(*one), contents, REQUESTS)

    def write_parts(self, name: str, size: int, parts: Iterable[tuple[int, Array]], *, anew: bool) -> None:
        """Refuse, for an object is written whole.

        Raises:
            ValueError: always.
        """
        self._files.write_parts(name, size, parts, anew=anew)

    def discard(self) -> None:
        """Remove what has been written, and write no more."""
        with self._changed:
            self._ended = True
            self._changed.wait_for(lambda: not self._under_way, _SECONDS)
            begun = sorted(self._begun, key=lambda name: name not in STORE_FILES)
        # What went wrong is told, and not that nothing can be removed either.
        with suppress(Conv2dError, OSError):
            self._files.remove_each(begun)
