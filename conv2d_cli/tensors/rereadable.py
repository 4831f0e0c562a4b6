"""A pipe that is read once and given out from its start as often as somebody wants it."""

from __future__ import annotations

from io import BufferedIOBase
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_STEP = 1 << 20


class Rereadable:
    """What has been read of a stream so far, and the stream; no more is read of it than somebody asks for."""

    def __init__(self, stream: BinaryIO) -> None:
        """Read from a stream that nobody else reads."""
        self._stream, self._kept = stream, bytearray()

    def from_start(self) -> BinaryIO:
        """Return the stream as it was at the beginning."""
        return cast("BinaryIO", _FromStart(self))

    def bytes_at(self, place: int, count: int) -> bytes:
        """Return up to `count` bytes from a place on; fewer at the end, and where a pipe has no more for now."""
        while place >= len(self._kept) and (part := self._stream.read(min(count, _STEP))):
            self._kept += part
        return bytes(self._kept[place : place + count])


class _FromStart(BufferedIOBase):
    """One reading of it."""

    def __init__(self, stream: Rereadable) -> None:
        self._all, self._place = stream, 0

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        parts = []
        while size is None or size != 0:
            part = self._all.bytes_at(self._place, _STEP if size is None or size < 0 else size)
            if not part:
                break
            self._place += len(part)
            parts.append(part)
            size = size if size is None or size < 0 else size - len(part)
        return b"".join(parts)

    def readinto(self, target: WriteableBuffer) -> int:
        view = memoryview(target).cast("B")
        part = self.read(len(view))
        view[: len(part)] = part
        return len(part)

    def peek(self, size: int = 0) -> bytes:
        return self._all.bytes_at(self._place, max(1, size))
