"""The `.npz` format: a zip archive of `.npy` members."""

from __future__ import annotations

from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, cast
from zipfile import ZipFile, ZipInfo

from conv2d_cli.tensors.names import OUTPUT
from conv2d_cli.tensors.npy import NpyTensor, write_stream
from conv2d_cli.tensors.streamed import StreamedOutput
from conv2d_cli.tensors.zip_archive import ZipArchive

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy as np

    from conv2d_cli.tensors.formats import OpenFile

    Array = np.ndarray[Any, Any]

_MEMBER_SUFFIX = ".npy"
_UNIX = 3
# Bytes that are read at a time to compare a checksum.
_VERIFIED = 1 << 20


class NpzTensor(NpyTensor):
    """A member of an archive: decoded as it is read, and never beyond what its header promises."""

    def __init__(self, archive: ZipArchive, member: str) -> None:
        """Read the member's header.

        Raises:
            DataError: the member or its header is broken.
        """
        super().__init__(cast("IO[bytes]", archive.open(member)), archive.size(member))
        self._archive, self._member = archive, member
        if self.offset is not None:
            start = archive.offset(member)
            self.offset = None if start is None else start + self.header_bytes

    def verify(self) -> None:
        """Compare the checksum of a member that is read where it lies.

        Raises:
            DataError: it is another.
        """
        stream = self._archive.open(self._member)
        while stream.read(_VERIFIED):
            pass


class NpzFile:
    """An archive whose directory has been read."""

    def __init__(self, file: OpenFile) -> None:
        """Read the directory.

        Raises:
            DataError: it is broken.
        """
        self._archive = ZipArchive(file.stream)
        members = self._archive.names
        self.names = [name.removesuffix(_MEMBER_SUFFIX) for name in members if name.endswith(_MEMBER_SUFFIX)]

    def tensor(self, name: str) -> NpzTensor:
        """Return the tensor of that name, of those that there are.

        Raises:
            DataError: the member is broken.
        """
        return NpzTensor(self._archive, name + _MEMBER_SUFFIX)


open_container = NpzFile


def write(path: Path, tensors: Mapping[str, Array]) -> None:
    """Write an archive of tensors, not compressed."""
    # Not by numpy.savez, for which some names are arguments of its own.
    with ZipFile(path, "w") as archive:
        for name, tensor in tensors.items():
            entry = ZipInfo(name + _MEMBER_SUFFIX)
            # The same bytes on every system.
            entry.create_system = _UNIX
            with archive.open(entry, "w", force_zip64=True) as member:
                write_stream(member, tensor)


@contextmanager
def open_output(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Iterator[StreamedOutput]:
    """Open an archive for one tensor named `output` that is written image by image."""
    with ZipFile(path, "w") as archive, archive.open(OUTPUT + _MEMBER_SUFFIX, "w", force_zip64=True) as member:
        yield StreamedOutput(member, shape, dtype)
