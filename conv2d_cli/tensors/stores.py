"""Where the files of a store lie: a folder of this machine, or objects behind a URL (`remote.py`).

What is known of the place is a path or a URL and no more, so that a store can be named to another process: each opens
its own connection, with the credentials of its own environment.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from conv2d_cli.tensors.placed import bytes_at, write_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np

    Array = np.ndarray[Any, Any]
    Content = bytes | memoryview


class Files(Protocol):
    """The files of one store, each known by its name from the store on: `c/0/0/0`. It can be pickled."""

    @property
    def are_objects(self) -> bool:
        """Whether files are written whole and nothing can be renamed: then the metadata are written last."""

    def read(self, name: str, start: int, length: int) -> bytes:
        """Return `length` bytes of a file from `start` on, fewer where it ends; the last ones where `start` is -1.

        Raises:
            FileNotFoundError: there is none.
            OSError, FileError: it cannot be read.
        """

    def size(self, name: str) -> int | None:
        """Return the bytes of a file; None where there is none.

        Raises:
            OSError, FileError: it cannot be looked at.
        """

    def write(self, name: str, content: Content) -> None:
        """Write a whole file.

        Raises:
            OSError, FileError: it cannot be written.
        """

    def write_each(self, contents: Iterable[tuple[str, Content]]) -> None:
        """Write whole files, several at a time where that is quicker.

        Raises:
            OSError, FileError: one cannot be written.
        """

    def write_parts(self, name: str, size: int, parts: Iterable[tuple[int, Array]], *, anew: bool) -> None:
        """Write dense arrays into a file of `size` bytes, each from a byte on; begun `anew`, all else of it is 0.

        Raises:
            ValueError: it is an object.
            FileNotFoundError: it is not begun anew, and is not there any more.
        """

    def remove(self, name: str) -> None:
        """Remove a file, if it is there.

        Raises:
            OSError, FileError: it cannot be removed.
        """

    def names(self) -> list[str]:
        """Return the names of all files.

        Raises:
            OSError, FileError: they cannot be listed.
        """


class LocalFiles(NamedTuple):
    """The files in a folder of this machine, which is never made anew: another may have removed it meanwhile."""

    path: Path

    @property
    def are_objects(self) -> bool:
        """No: a file takes parts, and the folder a name."""
        return False

    def read(self, name: str, start: int, length: int) -> bytes:
        """Return bytes of a file."""
        with (self.path / name).open("rb", buffering=0) as stream:
            place = max(0, os.fstat(stream.fileno()).st_size - length) if start < 0 else start
            return bytes_at(stream, length, place)

    def size(self, name: str) -> int | None:
        """Return the bytes of a file; None where there is none."""
        try:
            return (self.path / name).stat().st_size
        except FileNotFoundError:
            return None

    def write(self, name: str, content: Content) -> None:
        """Write a whole file."""
        self._made(name).write_bytes(content)

    def write_each(self, contents: Iterable[tuple[str, Content]]) -> None:
        """Write whole files, one after the other."""
        for name, content in contents:
            self.write(name, content)

    def write_parts(self, name: str, size: int, parts: Iterable[tuple[int, Array]], *, anew: bool) -> None:
        """Write dense arrays into a file."""
        with self._made(name).open("w+b" if anew else "r+b", buffering=0) as stream:
            stream.truncate(size)
            for start, part in parts:
                write_at(stream, part, start)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        (self.path / name).unlink(missing_ok=True)

    def names(self) -> list[str]:
        """Return the names of all files."""
        places = ((Path(place).relative_to(self.path), files) for place, _, files in os.walk(self.path))
        return [(place / file).as_posix() for place, files in places for file in files]

    def _made(self, name: str) -> Path:
        """Return the path of a file for which the folders are made."""
        file = self.path / name
        if not file.parent.is_dir():
            # Never the folder itself: where that is gone, a new one would hold a part of the store.
            for parent in reversed(file.parents[: name.count("/")]):
                parent.mkdir(exist_ok=True)
        return file
