"""What a format of test vectors has to do, and what it is told of the tensors."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol

from conv2d_cli.errors import DataError, FileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from io import BufferedReader
    from pathlib import Path

    from conv2d_cli.numpy_dtypes import Array


class About(NamedTuple):
    """What a file tells its reader in a comment: the case, its layer, the axes of each tensor, and our version."""

    case: str
    layer: str
    axes: Mapping[str, str]
    version: str


class Expected(NamedTuple):
    """What a tensor of a file has to be: its shape in the file, and our name of its element type."""

    shape: tuple[int, ...]
    dtype: str


class VectorFile(Protocol):
    """One format. Arrays come, and are returned, dense and in the order of axes of the file."""

    @property
    def suffix(self) -> str:
        """The suffix of its files, without the dot."""

    @property
    def holds_case(self) -> bool:
        """Whether one file holds all tensors of a case, under the names of their places."""

    @property
    def lacks(self) -> frozenset[str]:
        """The element types that it cannot hold."""

    def write(self, path: Path, tensors: Mapping[str, Array], about: About) -> None:
        """Write a new file; `tensors` is one, or all of a case where a file holds those.

        Raises:
            MissingExtraError: it needs an extra that is not installed.
        """

    def most_bytes(self, expected: Mapping[str, Expected]) -> int:
        """Return the bytes that a file of such tensors can have at most: a larger one is not read."""

    def read(self, path: Path, stream: BinaryIO, expected: Mapping[str, Expected]) -> dict[str, Array]:
        """Return the tensors of an open file, whose size and header are checked before elements are read.

        Raises:
            DataError: it holds something else.
            MissingExtraError: it needs an extra that is not installed.
        """


@contextmanager
def opened_plain(path: Path) -> Iterator[BufferedReader]:
    """Open a regular file that is no link, whoever has put it there.

    Raises:
        DataError: it is a link, a folder, a pipe or a device.
        FileError: it cannot be read.
    """
    # A link is not followed, and a pipe not waited for.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise DataError(f"{path}: it is no regular file", "a folder as conv2d vectors writes it has no links")
        descriptor = os.open(path, flags)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}", "give a whole folder of conv2d vectors") from error
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise DataError(f"{path}: it is no regular file", "a folder as conv2d vectors writes it has no links")
        yield stream
