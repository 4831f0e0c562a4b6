"""Zip archives: the directory by the standard library, members by reads that expand no more than is asked for.

`zipfile` itself expands every 4 KiB that were compressed by bzip2 or LZMA at once, to gigabytes if they are hostile.
"""

from __future__ import annotations

import errno
import struct
import zlib
from contextlib import contextmanager
from io import RawIOBase
from typing import TYPE_CHECKING, BinaryIO, cast
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA, ZIP_STORED, BadZipFile, ZipFile

from conv2d_cli.errors import DataError
from conv2d_cli.limits import NPZ_DIRECTORY_BYTES
from conv2d_cli.tensors.compressed import BROKEN, STREAMS, DecodedStream, deflated, zipped_lzma
from conv2d_cli.tensors.placed import bytes_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from zipfile import ZipInfo

    from typing_extensions import Buffer

    from conv2d_cli.tensors.compressed import Decompressor

# The end of an archive: a record of a few bytes, and a comment of up to 64 KiB.
_LONGEST_END = 1 << 17
# The header before a member's bytes (APPNOTE 4.3.7): its signature, flags, the lengths of its name and extra field.
_MEMBER_MAGIC, _MEMBER_HEADER = b"PK\x03\x04", struct.Struct("<4s2xH18xHH")
_ENCRYPTED = 1
_READ_AT_A_TIME = 1 << 20
_DECODERS: dict[int, Callable[[], Decompressor]] = {ZIP_DEFLATED: deflated, ZIP_BZIP2: STREAMS["bz2"]}
_ANEW = "write it anew with numpy.savez"


class ZipArchive:
    """An archive whose directory has been read."""

    def __init__(self, stream: BinaryIO) -> None:
        """Read the directory.

        Raises:
            DataError: it is broken, or too long.
        """
        self._stream = stream
        with _explained():
            members = ZipFile(cast("BinaryIO", _Directory(stream))).infolist()
        # In the archive's order; two members may have the same name, of which the last is read.
        self.names = [member.filename for member in members]
        self._members = {member.filename: member for member in members}

    def size(self, name: str) -> int:
        """Return the bytes of a member."""
        return self._members[name].file_size

    def offset(self, name: str) -> int | None:
        """Return where the bytes of a member begin that is not compressed; None of one that is.

        Raises:
            DataError: the member is broken.
        """
        member = self._members[name]
        return self._place_of(member) if member.compress_type == ZIP_STORED else None

    def open(self, name: str) -> RawIOBase:
        """Return a stream of a member's bytes; reading the last of them compares the checksum.

        Raises:
            DataError: the member is broken, or compressed or encrypted in a way that is not read.
        """
        member = self._members[name]
        place = self._place_of(member)
        end = place + member.compress_size

        def read(count: int) -> bytes:
            nonlocal place
            content = bytes_at(self._stream, min(count, end - place), place)
            place += len(content)
            return content

        with _explained():
            if member.compress_type == ZIP_STORED:
                return _Member(read, member)
            if member.compress_type == ZIP_LZMA:
                return _Member(DecodedStream(read, lambda: zipped_lzma(read, member.file_size)).read, member)
            if member.compress_type in _DECODERS:
                return _Member(DecodedStream(read, _DECODERS[member.compress_type]).read, member)
        raise _unsound(f"{member.filename} is compressed by method {member.compress_type}, which is not read")

    def start_of(self, name: str, count: int) -> bytes:
        """Return the first `count` bytes of a member; all of a shorter one.

        Raises:
            DataError: the member is broken.
        """
        stream, content = self.open(name), bytearray()
        while len(content) < count and (part := stream.read(count - len(content))):
            content += part
        return bytes(content)

    def _place_of(self, member: ZipInfo) -> int:
        with _explained():
            header = bytes_at(self._stream, _MEMBER_HEADER.size, member.header_offset)
        if len(header) < _MEMBER_HEADER.size or not header.startswith(_MEMBER_MAGIC):
            raise _unsound(f"{member.filename} is not where its directory says")
        _, flags, name, extra = _MEMBER_HEADER.unpack(header)
        if (flags | member.flag_bits) & _ENCRYPTED:
            raise _unsound(f"{member.filename} is encrypted")
        return member.header_offset + _MEMBER_HEADER.size + int(name) + int(extra)


class _Member(RawIOBase):
    """The bytes of a member: as many as the directory promises."""

    def __init__(self, read: Callable[[int], bytes | None], member: ZipInfo) -> None:
        self._read, self._member = read, member
        self._left, self._checksum = member.file_size, 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._member.file_size - self._left

    def readinto(self, target: Buffer) -> int:
        """Fill a part of `target`, and return how many bytes.

        Raises:
            DataError: there are fewer than promised, or the checksum is another.
        """
        room = memoryview(target).cast("B")
        most = min(len(room), self._left, _READ_AT_A_TIME)
        with _explained():
            part = self._read(most) or b""
        if most and not part:
            raise _unsound(f"{self._member.filename} is cut short")
        room[: len(part)] = part
        self._left -= len(part)
        self._checksum = zlib.crc32(part, self._checksum)
        if part and not self._left and self._checksum != self._member.CRC:
            raise _unsound(f"the checksum of {self._member.filename} is another")
        return len(part)


class _Directory:
    """An archive for the one who looks for its directory: what is read at once may only be so long."""

    def __init__(self, stream: BinaryIO) -> None:
        self.seek, self.tell, self._read = stream.seek, stream.tell, stream.read

    def read(self, count: int = -1) -> bytes:
        if count > NPZ_DIRECTORY_BYTES:
            raise DataError(f"its directory of {count} bytes is longer than {NPZ_DIRECTORY_BYTES}", _ANEW)
        # The rest of the file is asked for behind the last comment alone.
        return self._read(_LONGEST_END if count < 0 else count)


@contextmanager
def _explained() -> Iterator[None]:
    """Tell what is wrong with an archive as a fault of the file's contents."""
    try:
        yield
    except DataError:
        raise
    except (BadZipFile, NotImplementedError, LookupError, struct.error, *BROKEN) as error:
        if isinstance(error, OSError) and error.errno not in {None, errno.EINVAL}:
            # Of the file system; an offset before the start of the file is the archive's fault.
            raise
        raise _unsound(str(error) or type(error).__name__) from error


def _unsound(reason: str) -> DataError:
    return DataError(f"it is no sound .npz archive: {reason}", _ANEW)
