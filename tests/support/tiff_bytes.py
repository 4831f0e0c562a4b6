"""TIFFs written byte by byte, so that each tag can be wrong."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, OFFSETS, SAMPLES, ROWS, COUNTS = (
    256, 257, 258, 259, 262, 273, 277, 278, 279,
)  # fmt: skip
PREDICTOR, COLORMAP, EXTRA, FORMAT, FILL, SUBFILE, DESCRIPTION = 317, 320, 338, 339, 266, 254, 270
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_COUNTS = 322, 323, 324, 325
_SHORT, _LONG, _LONG8 = 3, 4, 16
_SIZES = {1: 1, 2: 1, _SHORT: 2, _LONG: 4, 7: 1, 12: 8, _LONG8: 8}
_CODES = {1: "B", 2: "B", _SHORT: "H", _LONG: "I", 7: "B", 12: "d", _LONG8: "Q"}


def tiff_bytes(
    pixels: bytes,
    tags: Mapping[int, object] | None = None,
    *,
    order: str = "<",
    big: bool = False,
    directories: int = 1,
    next_offset: int | None = None,
) -> bytes:
    """Return a TIFF of 3 rows of 4 gray bytes; `tags` replaces or adds numbers, sequences of them, or (type, numbers).

    A tag that is None is left out; `directories` says how often the one directory follows itself as another one.
    """
    first = 16 if big else 8
    entries: dict[int, object] = {
        WIDTH: 4, HEIGHT: 3, BITS: 8, COMPRESSION: 1, PHOTOMETRIC: 1, OFFSETS: first, SAMPLES: 1, ROWS: 3,
        COUNTS: len(pixels),
    }  # fmt: skip
    kept = {tag: value for tag, value in sorted((entries | dict(tags or {})).items()) if value is not None}
    body = bytearray(pixels + bytes(len(pixels) % 2))
    offset, count, number, inline = ("Q", "Q", "HHQ", 8) if big else ("I", "H", "HHI", 4)
    written = [_typed(value) for value in kept.values()]
    packed = [struct.pack(f"{order}{len(values)}{_CODES[kind]}", *values) for kind, values in written]
    places = []
    for content in packed:
        places.append(first + len(body))
        if len(content) > inline:
            body += content + bytes(len(content) % 2)
    start = first + len(body)
    size = struct.calcsize("<" + count) + len(kept) * struct.calcsize(f"<{number}{offset}") + inline
    for each in range(directories):
        body += struct.pack(order + count, len(kept))
        for tag, (kind, values), content, place in zip(kept, written, packed, places, strict=True):
            body += struct.pack(order + number, tag, kind, len(values))
            body += content.ljust(inline, b"\0") if len(content) <= inline else struct.pack(order + offset, place)
        following = start + (each + 1) * size if each + 1 < directories else 0
        body += struct.pack(order + offset, following if next_offset is None else next_offset)
    magic = {"<": b"II", ">": b"MM"}[order]
    head = struct.pack(order + "HHHQ", 43, 8, 0, start) if big else struct.pack(order + "HI", 42, start)
    return magic + head + bytes(body)


def _typed(value: object) -> tuple[int, Sequence[int]]:
    if isinstance(value, tuple):
        return value
    values = [value] if isinstance(value, int) else list(value)  # type: ignore[call-overload]
    kind = _SHORT if max(values, default=0) < 2**16 else _LONG if max(values) < 2**32 else _LONG8
    return kind, values
