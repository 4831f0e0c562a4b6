"""The bytes of a Zarr array's chunks: files of its folder, and parts of files, read at a position."""

from __future__ import annotations

import os
import stat
import time
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol

from conv2d_cli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

_BY_DESCRIPTOR = os.open in os.supports_dir_fd
_READ_ONLY = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
# A pipe must not be waited for.
_READ_ONLY |= getattr(os, "O_NONBLOCK", 0)
ANEW = "write the store anew with zarr"


class Content(Protocol):
    """Bytes of a store: a file, or a part of one."""

    @property
    def requests(self) -> int:
        """How many parts of it are read at a time: one where there is nothing to wait for."""

    def within(self, start: int, length: int) -> Content:
        """Return some of these bytes.

        Raises:
            DataError: they are not all there.
        """

    def table(self, length: int, *, is_first: bool) -> Content:
        """Return the first bytes, or the last, which are asked for again with each of the others.

        Raises:
            DataError: they are not all there.
            OSError, FileError: they cannot be read.
        """

    def read(self, most: int) -> bytes:
        """Return them.

        Raises:
            DataError: they are more than `most`, or fewer than was said.
            FileNotFoundError: there is no such file, where that is not known before.
            OSError, FileError: they cannot be read.
        """


class StoreFolder(Protocol):
    """The folder of an array: where its chunks are found."""

    @property
    def requests(self) -> int:
        """How many files are read at a time."""

    def file(self, name: str) -> AbstractContextManager[Content | None]:
        """Return a context with the bytes of a file; None where there is known to be none."""

    def check_unchanged(self, parents: Collection[str]) -> None:
        """Check that chunks in these folders are not missing because somebody removes or rewrites the store meanwhile.

        Raises:
            DataError: somebody does.
        """


class Part(NamedTuple):
    """Bytes of an open file, from `start` on."""

    descriptor: int
    start: int
    length: int

    @property
    def requests(self) -> int:
        """One: a disk is not waited for."""
        return 1

    def table(self, length: int, *, is_first: bool) -> Part:
        """Return the first bytes, or the last."""
        return self.within(0 if is_first else self.length - length, length)

    def within(self, start: int, length: int) -> Part:
        """Return some of these bytes.

        Raises:
            DataError: they are not all there.
        """
        if start < 0 or length < 0 or start + length > self.length:
            raise DataError(f"its index says {length} bytes from {start} on, of {self.length}")
        return Part(self.descriptor, self.start + start, length)

    def read(self, most: int) -> bytes:
        """Return them.

        Raises:
            DataError: they are more than `most`, or the file has become shorter.
        """
        if self.length > most:
            raise DataError(f"it has {self.length} bytes, more than {most}")
        parts, done = [], 0
        while done < self.length:
            part = _read_at(self.descriptor, self.length - done, self.start + done)
            if not part:
                raise DataError("it became shorter while it was read")
            parts.append(part)
            done += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)


def _read_at(descriptor: int, count: int, place: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(descriptor, count, place)
    os.lseek(descriptor, place, os.SEEK_SET)
    return os.read(descriptor, count)


class Folder:
    """A folder whose files are found in it even when another takes its name."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            OSError: that is not possible.
        """
        self._path, self._descriptor, self._opened_at = path, None, time.time_ns()
        if _BY_DESCRIPTOR:
            self._descriptor = os.open(path, _READ_ONLY | os.O_DIRECTORY)
            weakref.finalize(self, os.close, self._descriptor)

    @contextmanager
    def file(self, name: str) -> Iterator[Part | None]:
        """Yield the bytes of a file; None where there is none.

        Raises:
            DataError: it is no plain file.
            OSError: it cannot be opened.
        """
        try:
            descriptor = self._opened(name)
        except FileNotFoundError:
            yield None
            return
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise DataError(f"{name} in it is no file", ANEW)
            yield Part(descriptor, 0, status.st_size)
        finally:
            os.close(descriptor)

    @property
    def requests(self) -> int:
        """One: a disk is not waited for."""
        return 1

    def check_unchanged(self, parents: Collection[str]) -> None:
        """Check that the folders that would hold chunks, or would hold those, have not changed since it was opened."""
        for parent in parents:
            while not (found := self._look(parent or ".")) and parent:
                parent = parent.rpartition("/")[0]  # noqa: PLW2901 - the next above
            if found is None or found.st_mtime_ns > self._opened_at:
                raise came_or_went()

    def _look(self, name: str) -> os.stat_result | None:
        """Return what the system knows of a folder in it; None where there is none."""
        try:
            if self._descriptor is None:
                return (self._path / name).stat()
            return os.stat(name, dir_fd=self._descriptor)
        except FileNotFoundError:
            return None

    def _opened(self, name: str) -> int:
        if self._descriptor is None:
            return os.open(self._path / name, _READ_ONLY)
        return os.open(name, _READ_ONLY, dir_fd=self._descriptor)


def came_or_went() -> DataError:
    """Return the fault of a store that somebody changes."""
    return DataError("chunks of it came or went while it was read", "let it be written whole first")
