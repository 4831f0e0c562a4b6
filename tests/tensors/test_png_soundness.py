"""A PNG of which anything is missing is refused: none comes out as black pixels."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from conv2d_cli.errors import DataError
from conv2d_cli.tensors.opening import open_source

if TYPE_CHECKING:
    from pathlib import Path

MAGIC = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def made(rows: bytes, size: tuple[int, int] = (5, 4), *, kind: int = 0, bits: int = 8, interlace: int = 0) -> bytes:
    """Return a PNG of a size (W, H) whose rows, each with its filter, are these bytes."""
    header = struct.pack(">2I5B", *size, bits, kind, 0, 0, interlace)
    return MAGIC + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def read(folder: Path, content: bytes) -> np.ndarray[Any, Any]:
    (folder / "x.png").write_bytes(content)
    with open_source(str(folder / "x.png")) as source:
        return source.read()


def refused(folder: Path, content: bytes) -> str:
    with pytest.raises(DataError) as caught:
        read(folder, content)
    return caught.value.message


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "I;16", "wide"])
def test_one_that_was_cut_anywhere(tmp_path: Path, mode: str) -> None:
    image: Any = pytest.importorskip("PIL.Image")
    if mode == "wide":
        pixels = np.random.default_rng(0).integers(0, 2**16, (9, 7, 3)).astype(">u2")
        rows = b"".join(b"\0" + row.tobytes() for row in pixels)
        content = made(rows, (7, 9), kind=2, bits=16)
    else:
        stream = io.BytesIO()
        pixels = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
        picture = image.fromarray(pixels)
        picture = image.fromarray(pixels[..., 0].astype(np.uint16) * 257) if mode == "I;16" else picture.convert(mode)
        picture.save(stream, "PNG")
        content = stream.getvalue()
    read(tmp_path, content)
    for size in range(len(content)):
        refused(tmp_path, content[:size])


@pytest.mark.parametrize(
    ("kind", "bits", "row"),
    [(0, 1, 1), (0, 2, 2), (0, 4, 3), (0, 8, 5), (0, 16, 10), (2, 8, 15), (2, 16, 30), (6, 8, 20)],
)
def test_one_with_fewer_rows_than_it_says(tmp_path: Path, kind: int, bits: int, row: int) -> None:
    whole = bytes(4 * (1 + row))
    assert read(tmp_path, made(whole, kind=kind, bits=bits)).max() == 0
    for rows in range(4):
        told = refused(tmp_path, made(whole[: rows * (1 + row)], kind=kind, bits=bits))
        assert f"{(4 - rows) * (1 + row)} of {4 * (1 + row)} bytes of its pixels are missing" in told


# Rows and columns of each of the seven passes of an image, as the standard's figure has them.
INTERLACED = {
    (5, 5): ((1, 1), (1, 1), (1, 2), (2, 1), (1, 3), (3, 2), (2, 5)),
    (1, 1): ((1, 1),),
    (8, 8): ((1, 1), (1, 1), (1, 2), (2, 2), (2, 4), (4, 4), (4, 8)),
}


@pytest.mark.parametrize("size", INTERLACED)
def test_interlaced_ones(tmp_path: Path, size: tuple[int, int]) -> None:
    content = b"".join((b"\0" + bytes(columns)) * rows for rows, columns in INTERLACED[size])
    assert read(tmp_path, made(content, size, interlace=1)).shape == (1, *size)
    assert "1 of " in refused(tmp_path, made(content[:-1], size, interlace=1))


def test_one_without_its_palette_or_with_other_bytes(tmp_path: Path) -> None:
    rows = bytes(4 * 6)
    assert "its palette is missing" in refused(tmp_path, made(rows, kind=3))
    content = bytearray(made(rows))
    content[content.index(b"IDAT") + 8] ^= 0xFF
    refused(tmp_path, bytes(content))
    content = bytearray(made(rows))
    content[content.index(b"IEND") + 4] ^= 0xFF
    assert "its chunk IEND has another checksum" in refused(tmp_path, bytes(content))
