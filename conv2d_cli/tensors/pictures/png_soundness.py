"""Whether a PNG is whole: Pillow takes one whose rows, palette or end are missing, and makes black pixels of them.

https://www.w3.org/TR/png-3.
"""

from __future__ import annotations

import struct
import zlib
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.tensors.pictures.limits import broken
from conv2d_cli.tensors.pictures.png import MAGIC, SAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_HEADER_BYTES, _PALETTE, _STEP = 13, 3, 1 << 20
# The seven passes of Adam7: first row and column, and the steps between them (section 8 of the standard).
_PASSES = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))


class _Header(NamedTuple):
    width: int
    height: int
    bits: int
    color_type: int
    interlaced: bool

    @property
    def pixel_bytes(self) -> int:
        """Bytes of all rows, each with its filter in front."""
        passes = _PASSES if self.interlaced else ((0, 0, 1, 1),)
        return sum(self._bytes_of(*one) for one in passes)

    def _bytes_of(self, top: int, left: int, down: int, right: int) -> int:
        rows, columns = -(-(self.height - top) // down), -(-(self.width - left) // right)
        row = (columns * self.bits * SAMPLES[self.color_type] + 7) // 8
        return rows * (1 + row) if rows > 0 and columns > 0 else 0


def check_png(stream: BinaryIO) -> None:
    """Check that all of a PNG is there: its chunks with their checksums, a palette if it needs one, rows and end.

    Raises:
        DataError: something is missing, or other than it was written.
    """
    stream.seek(len(MAGIC))
    header: _Header | None = None
    missing, inflated, has_palette = 0, zlib.decompressobj(), False
    while True:
        length, kind = _head(stream)
        parts = _checked(stream, length, kind)
        if kind == b"IEND":
            deque(parts, maxlen=0)
            break
        if kind == b"IHDR" and header is None and length == _HEADER_BYTES:
            width, height, bits, color, _, _, interlace = struct.unpack(">2I5B", b"".join(parts))
            header = _Header(width, height, bits, color, bool(interlace))
            missing = header.pixel_bytes
            continue
        has_palette |= kind == b"PLTE"
        for part in parts:
            if kind == b"IDAT":
                missing -= _inflated_bytes(inflated, part, missing)
    if header is None:
        raise broken("it has no header")
    if header.color_type == _PALETTE and not has_palette:
        raise broken("its palette is missing")
    if missing > 0:
        raise broken(f"{missing} of {header.pixel_bytes} bytes of its pixels are missing")


def _head(stream: BinaryIO) -> tuple[int, bytes]:
    head = stream.read(8)
    if len(head) < 8:  # noqa: PLR2004 - length and kind
        raise broken("it was cut short: its end is missing")
    length, kind = struct.unpack(">I4s", head)
    return int(length), bytes(kind)


def _checked(stream: BinaryIO, length: int, kind: bytes) -> Iterator[bytes]:
    """Yield the content of a chunk, some at a time, and compare its checksum: of what may be left out, not."""
    checksum, left = zlib.crc32(kind), length
    while left:
        part = stream.read(min(left, _STEP))
        if not part:
            raise broken("it was cut short")
        checksum, left = zlib.crc32(part, checksum), left - len(part)
        yield part
    written = stream.read(4)
    # A small first letter: nobody needs this chunk.
    if written != struct.pack(">I", checksum) and kind[:1].isupper():
        raise broken(f"its chunk {kind.decode('ascii', 'replace')} has another checksum")


def _inflated_bytes(inflated: zlib._Decompress, part: bytes, most: int) -> int:
    """Return how many bytes, `most` at most, come of a part of compressed ones."""
    count = 0
    try:
        while part and count < most:
            count += len(inflated.decompress(part, min(_STEP, most - count)))
            part = inflated.unconsumed_tail
    except zlib.error as error:
        raise broken(f"its pixels are not what was compressed: {error}") from error
    return count
