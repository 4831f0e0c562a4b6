"""The `.npz` format: a zip archive of `.npy` members."""

from __future__ import annotations

import errno
import struct
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile

from conv2d_cli.errors import DataError
from conv2d_cli.tensors.names import OUTPUT, chosen
from conv2d_cli.tensors.npy import NpyTensor, write_stream
from conv2d_cli.tensors.streamed import StreamedOutput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from zipfile import ZipInfo

    import numpy as np

    from conv2d_cli.tensors.formats import OpenFile

    Array = np.ndarray[Any, Any]

_MEMBER_SUFFIX = ".npy"
_LENGTHS_OFFSET = 26
# Bytes that are read at a time to compare a checksum.
_VERIFIED = 1 << 20


class NpzTensor:
    """A member of an archive: inflated as it is read, and never beyond what its header promises."""

    def __init__(self, archive: ZipFile, member: str) -> None:
        """Read the member's header.

        Raises:
            DataError: the member or its header is broken.
        """
        self._archive, self._member = archive, member
        entry = archive.getinfo(member)
        with _explained():
            self._tensor = NpyTensor(archive.open(member), entry.file_size)
        self.shape, self.dtype, self.holds = self._tensor.shape, self._tensor.dtype, self._tensor.holds
        self.fortran_order = self._tensor.fortran_order
        self.offset: int | None = None
        if self._tensor.offset is not None and entry.compress_type == ZIP_STORED:
            self.offset = _member_offset(archive, entry) + self._tensor.header_bytes

    def read(self) -> Array:
        """Return the elements; the archive's checksum has been compared.

        Raises:
            DataError: the member is broken.
        """
        with _explained():
            return self._tensor.read()

    def verify(self) -> None:
        """Compare the checksum of a member that is read where it lies.

        Raises:
            DataError: it is another.
        """
        with _explained(), self._archive.open(self._member) as stream:
            while stream.read(_VERIFIED):
                pass


def _member_offset(archive: ZipFile, entry: ZipInfo) -> int:
    """Return where a member's bytes begin: after its own header, a name and an extra field (APPNOTE 4.3.7)."""
    stream = archive.fp
    assert stream is not None  # noqa: S101 - the archive is open
    position = stream.tell()
    stream.seek(entry.header_offset + _LENGTHS_OFFSET)
    name, extra = struct.unpack("<HH", stream.read(4))
    stream.seek(position)
    return int(entry.header_offset + _LENGTHS_OFFSET + 4 + name + extra)


def open_tensor(file: OpenFile, name: str | None) -> NpzTensor:
    """Return the tensor of that name, or the only one.

    Raises:
        DataError: the archive is broken, or has no such tensor.
    """
    with _explained():
        archive = ZipFile(file.stream)
    return NpzTensor(archive, chosen(_names(archive), name) + _MEMBER_SUFFIX)


def names(file: OpenFile) -> list[str]:
    """Return the names of all tensors of an archive.

    Raises:
        DataError: it is broken.
    """
    with _explained():
        return _names(ZipFile(file.stream))


def _names(archive: ZipFile) -> list[str]:
    return [member.removesuffix(_MEMBER_SUFFIX) for member in archive.namelist() if member.endswith(_MEMBER_SUFFIX)]


def write(path: Path, tensors: Mapping[str, Array]) -> None:
    """Write an archive of tensors, not compressed."""
    # Not by numpy.savez, for which some names are arguments of its own.
    with ZipFile(path, "w") as archive:
        for name, tensor in tensors.items():
            with archive.open(name + _MEMBER_SUFFIX, "w", force_zip64=True) as member:
                write_stream(member, tensor)


@contextmanager
def open_output(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Iterator[StreamedOutput]:
    """Open an archive for one tensor named `output` that is written image by image."""
    with ZipFile(path, "w") as archive, archive.open(OUTPUT + _MEMBER_SUFFIX, "w", force_zip64=True) as member:
        yield StreamedOutput(member, shape, dtype)


@contextmanager
def _explained() -> Iterator[None]:
    """Tell what is wrong with an archive as a fault of the file's contents."""
    try:
        yield
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, LookupError) as error:
        if isinstance(error, DataError):
            raise
        raise _unsound(error) from error
    except OSError as error:
        # An offset before the start of the file.
        if error.errno != errno.EINVAL:
            raise
        raise _unsound(error) from error


def _unsound(error: Exception) -> DataError:
    return DataError(f"it is no sound .npz archive: {error}", "write it anew with numpy.savez")
