"""TIFFs made by hand, of every kind there is: right, or refused by the name of the kind."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any, NamedTuple

import numpy as np
import pytest
import tifffile
from pictures import by_pillow, read
from PIL import Image
from tiff_bytes import (
    BITS,
    COLORMAP,
    COMPRESSION,
    COUNTS,
    DESCRIPTION,
    EXTRA,
    FILL,
    FORMAT,
    HEIGHT,
    OFFSETS,
    PHOTOMETRIC,
    PREDICTOR,
    ROWS,
    SAMPLES,
    SUBFILE,
    TILE_COUNTS,
    TILE_HEIGHT,
    TILE_OFFSETS,
    TILE_WIDTH,
    WIDTH,
    tiff_bytes,
)

from conv2d_cli.errors import DataError
from conv2d_cli.tensors.formats import OpenFile
from conv2d_cli.tensors.pictures import open_tensor

BYTES = bytes(range(0, 240, 20))
GRAY = np.frombuffer(BYTES, np.uint8).reshape(3, 4)
TWO: dict[int, object] = {WIDTH: 2, HEIGHT: 1, ROWS: 1}
FLAGS, SHOWN = bytes([0b01010000, 0b11110000, 0]), np.array([[0, 255, 0, 255], [255] * 4, [0] * 4])
NIBBLES, PACKED = np.array([[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 15]]), bytes.fromhex("0123 4567 89af")
# Each of three colours of sixteen entries, as 16 bits.
MAP = [each * 257 for each in (*range(16), *range(16, 32), *range(200, 216))]
PALETTE: dict[int, object] = {COLORMAP: MAP, PHOTOMETRIC: 3, BITS: 4}


class Known(NamedTuple):
    """A TIFF, and its values (channels, H, W)."""

    content: bytes
    values: Any


def packed(kind: str, *values: int) -> bytes:
    return struct.pack(kind[0] + str(len(values)) + kind[1], *values)


RIGHT = {
    "gray": Known(tiff_bytes(BYTES), [GRAY]),
    "big-endian": Known(tiff_bytes(BYTES, order=">"), [GRAY]),
    "BigTIFF": Known(tiff_bytes(BYTES, big=True), [GRAY]),
    "big-endian BigTIFF": Known(tiff_bytes(BYTES, big=True, order=">"), [GRAY]),
    "without byte counts": Known(tiff_bytes(BYTES, {COUNTS: None}), [GRAY]),
    "without rows a strip": Known(tiff_bytes(BYTES, {ROWS: None}), [GRAY]),
    "without photometric": Known(tiff_bytes(BYTES, {PHOTOMETRIC: None}), [GRAY]),
    "more bytes than needed": Known(tiff_bytes(BYTES + b"xyz"), [GRAY]),
    "strips out of order": Known(
        tiff_bytes(BYTES, {ROWS: 1, OFFSETS: [16, 8, 12], COUNTS: [4, 4, 4]}), [GRAY[[2, 0, 1]]]
    ),
    "uint32 beyond int32": Known(
        tiff_bytes(packed("<I", 1, 2147483653, 4294967295, 7), {WIDTH: 2, HEIGHT: 2, ROWS: 2, BITS: 32}),
        [[[1, 2147483653], [4294967295, 7]]],
    ),
    "white is zero": Known(tiff_bytes(BYTES, {PHOTOMETRIC: 0}), [255 - GRAY]),
    "white is zero, uint16": Known(
        tiff_bytes(packed("<H", 0, 65534), TWO | {BITS: 16, PHOTOMETRIC: 0}), [[[65535, 1]]]
    ),
    "white is zero, uint32": Known(
        tiff_bytes(packed(">I", 0, 2**32 - 2), TWO | {BITS: 32, PHOTOMETRIC: 0}, order=">"), [[[2**32 - 1, 1]]]
    ),
    "white is zero, with alpha": Known(
        tiff_bytes(bytes([0, 7, 250, 9]), TWO | {SAMPLES: 2, BITS: [8, 8], PHOTOMETRIC: 0, EXTRA: 2}),
        [[[255, 5]], [[7, 9]]],
    ),
    "one bit": Known(tiff_bytes(FLAGS, {BITS: 1}), [SHOWN]),
    "one bit, white is zero": Known(tiff_bytes(FLAGS, {BITS: 1, PHOTOMETRIC: 0}), [255 - SHOWN]),
    "one bit, reversed": Known(tiff_bytes(bytes([0b00001010, 0b00001111, 0]), {BITS: 1, FILL: 2}), [SHOWN]),
    "two bits": Known(tiff_bytes(bytes([0b00011011, 0, 255]), {BITS: 2}), [[[0, 85, 170, 255], [0] * 4, [255] * 4]]),
    "four bits": Known(tiff_bytes(PACKED, {BITS: 4}), [NIBBLES * 17]),
    "palette": Known(tiff_bytes(PACKED, PALETTE), [NIBBLES, NIBBLES + 16, NIBBLES + 200]),
    "palette of bytes by mistake": Known(
        tiff_bytes(PACKED, PALETTE | {COLORMAP: [*range(48)]}), [NIBBLES, NIBBLES + 16, NIBBLES + 32]
    ),
    "palette of sixteen bits": Known(
        tiff_bytes(PACKED, PALETTE | {COLORMAP: [1000 + each for each in range(48)]}),
        [NIBBLES + 1000, NIBBLES + 1016, NIBBLES + 1032],
    ),
    "CMYK": Known(
        tiff_bytes(BYTES, {WIDTH: 1, BITS: [8] * 4, SAMPLES: 4, PHOTOMETRIC: 5}), GRAY.T.reshape(4, 3, 1)
    ),
    "PackBits": Known(
        tiff_bytes(bytes([3, *BYTES[:4], 253, 9, 128, 0, 7, 254, 8]), {COMPRESSION: 32773}),
        [[[*BYTES[:4]], [9] * 4, [7, 8, 8, 8]]],
    ),
    "a tile wider than the picture": Known(
        tiff_bytes(bytes(range(256)), {TILE_WIDTH: 16, TILE_HEIGHT: 16, TILE_OFFSETS: 8, TILE_COUNTS: 256}),
        [[[0, 1, 2, 3], [16, 17, 18, 19], [32, 33, 34, 35]]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_it_is_read_right(name: str) -> None:
    np.testing.assert_array_equal(read(RIGHT[name].content), np.array(RIGHT[name].values))


def test_as_stored_leaves_white_that_is_zero() -> None:
    np.testing.assert_array_equal(read(tiff_bytes(BYTES, {PHOTOMETRIC: 0}), as_stored=True)[0], GRAY)
    signed = tiff_bytes(BYTES, {PHOTOMETRIC: 0, FORMAT: 2})
    with pytest.raises(DataError, match="its zero is white") as caught:
        read(signed)
    assert str(caught.value.hint).startswith("--as-stored")
    np.testing.assert_array_equal(read(signed, as_stored=True)[0], GRAY.view(np.int8))


REFUSED: dict[str, dict[int, object]] = {
    "12-bit": {BITS: 12}, "24-bit float": {BITS: 24, FORMAT: 3}, "16-bit of an undefined type": {BITS: 16, FORMAT: 4},
    "4-bit signed": {BITS: 4, FORMAT: 2}, "of the unknown type 9": {FORMAT: 9},
    "different bits: 5, 6": {BITS: [5, 6, 5], SAMPLES: 3, PHOTOMETRIC: 2},
    "compressed with WebP": {COMPRESSION: 50001}, "compressed with JPEG 2000": {COMPRESSION: 34712},
    "compressed with old JPEG": {COMPRESSION: 6}, "compressed with LERC": {COMPRESSION: 34887},
    "the method 12345": {COMPRESSION: 12345}, "colours are YCbCr": {PHOTOMETRIC: 6, SAMPLES: 3, WIDTH: 1},
    "colours are CIE Lab": {PHOTOMETRIC: 8, SAMPLES: 3, WIDTH: 1}, "a raw photograph": {PHOTOMETRIC: 32803},
    "of the unknown kind 77": {PHOTOMETRIC: 77}, "three dimensions": {32997: 2}, "FillOrder 2": {FILL: 2},
    "predictor 2": {PREDICTOR: 2}, "predictor 3": {PREDICTOR: 3, COMPRESSION: 8}, "sparse": {OFFSETS: 0},
    "holds 7 pictures": {DESCRIPTION: (2, b"ImageJ=1.5\nimages=7\n\0")},
    "several pictures": {DESCRIPTION: (2, b'{"shape": [2, 3, 4], "truncated": true}\0')},
    "its palette has an alpha": PALETTE | {SAMPLES: 2}, "in a way that is not read": {COMPRESSION: 7, BITS: 16},
}  # fmt: skip


@pytest.mark.parametrize("words", REFUSED)
def test_what_is_not_read_is_named_and_not_called_broken(words: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tiff_bytes(BYTES, REFUSED[words]))
    assert words in caught.value.message
    assert "sound" not in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("order", ["<", ">"])
def test_facsimiles_have_white_that_is_zero_and_reversed_bits_too(order: str) -> None:
    bits = np.arange(60).reshape(4, 15) % 7 > 2
    with tifffile.TiffFile(io.BytesIO(by_pillow(bits, compression="group4"))) as written:
        page = written.pages.first
        (offset,), (count,) = page.dataoffsets, page.databytecounts
        written.filehandle.seek(offset)
        strip = written.filehandle.read(count)
    tags: dict[int, object] = {WIDTH: 15, HEIGHT: 4, ROWS: 4, BITS: 1, COMPRESSION: 4}
    reversed_ = bytes(int(f"{byte:08b}"[::-1], 2) for byte in strip)
    np.testing.assert_array_equal(read(tiff_bytes(strip, tags, order=order))[0], bits * 255)
    np.testing.assert_array_equal(read(tiff_bytes(reversed_, tags | {FILL: 2}, order=order))[0], bits * 255)
    white = tiff_bytes(strip, tags | {PHOTOMETRIC: 0}, order=order)
    np.testing.assert_array_equal(read(white)[0], ~bits * 255)
    np.testing.assert_array_equal(read(white, as_stored=True)[0], bits * 255)
    with pytest.raises(DataError, match="whether its zero is black or white"):
        read(tiff_bytes(strip, tags | {PHOTOMETRIC: None}, order=order))
    big = tiff_bytes(strip, tags, order=order, big=True)
    if order == "<":
        np.testing.assert_array_equal(read(big)[0], bits * 255)
    else:
        with pytest.raises(DataError, match="a big-endian BigTIFF compressed with CCITT group 4"):
            read(big)


def test_few_bits_are_spread_in_a_png_as_in_a_tiff() -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    for bits, row, values in ((2, 0b00011011, [0, 85, 170, 255]), (4, 0x1F, [17, 255]), (1, 0xA0, [255, 0, 255, 0])):
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", len(values), 1, bits, 0, 0, 0, 0))
        pixels = chunk(b"IDAT", zlib.compress(bytes([0, row])))
        assert read(b"\x89PNG\r\n\x1a\n" + header + pixels + chunk(b"IEND", b"")).tolist() == [[values]]


def test_hundreds_of_channels_count_as_pixels() -> None:
    tags: dict[int, object] = {WIDTH: 1, BITS: 8, SAMPLES: 4}
    assert read(tiff_bytes(BYTES, tags), max_pixels=3).shape == (4, 3, 1)
    with pytest.raises(DataError, match="its 6 pixels are more than 5"):
        read(tiff_bytes(BYTES * 2, tags | {SAMPLES: 8}), max_pixels=5)
    with pytest.raises(DataError, match="its 256 pixels are more than 12"):
        read(
            tiff_bytes(bytes(256), {TILE_WIDTH: 16, TILE_HEIGHT: 16, TILE_OFFSETS: 8, TILE_COUNTS: 256}), max_pixels=12
        )


def test_a_pillow_without_libtiff_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    content = by_pillow(GRAY, compression="tiff_lzw")
    monkeypatch.setattr("PIL.features.check", lambda _: False)
    with pytest.raises(DataError, match="Pillow was built without libtiff"):
        read(content)


def test_several_pictures_are_counted() -> None:
    assert read(tiff_bytes(BYTES, {SUBFILE: 1})).shape == (1, 3, 4)
    for count, words in ((2, "holds 2 pictures"), (60, "holds 60 pictures"), (200, "holds more than 100 pictures")):
        with pytest.raises(DataError, match=words):
            read(tiff_bytes(BYTES, directories=count))


def test_smaller_copies_are_left_aside() -> None:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        for subfile, step in ((1, 4), (0, 1), (1, 2)):
            writer.write(GRAY[::step, ::step], subfiletype=subfile, photometric="minisblack", metadata=None)
    np.testing.assert_array_equal(read(stream.getvalue())[0], GRAY)


def test_too_many_pixels_are_read_when_asked_for() -> None:
    rows = zlib.compress(bytes(10_000 * 10_000), 1)
    large = tiff_bytes(rows, {WIDTH: 10_000, HEIGHT: 10_000, ROWS: 10_000, COMPRESSION: 8})
    for content in (large, by_pillow(Image.new("1", (10_000, 10_000)), "PNG")):
        with pytest.raises(DataError, match="its 100000000 pixels are more than") as caught:
            open_tensor(OpenFile(io.BytesIO(content), None, len(content)), None)
        assert caught.value.hint == "--max-pixels 100000000 reads it"
        file = OpenFile(io.BytesIO(content), None, len(content), max_pixels=100_000_000)
        assert open_tensor(file, None).shape == (1, 10_000, 10_000)
    with pytest.raises(DataError, match="its 12 pixels are more than 11"):
        read(tiff_bytes(BYTES), max_pixels=11)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_pictures_of_one_colour_are_dense_and_sound(kind: str) -> None:
    options = {"JPEG": {"optimize": True, "progressive": True}, "PNG": {"optimize": True}}
    for mode in ("RGB", "L"):
        lzw = {"compression": "tiff_lzw"}
        content = by_pillow(Image.new(mode, (3000, 2000)), kind, **options.get(kind, lzw))
        assert not read(content).any()


def test_a_sound_jpeg_that_is_not_read_is_not_called_broken() -> None:
    content = by_pillow(GRAY, "JPEG")
    place = content.index(b"\xff\xc0")
    with pytest.raises(DataError, match="of a kind that is not read"):
        read(content[: place + 4] + b"\x0c" + content[place + 5 :])
