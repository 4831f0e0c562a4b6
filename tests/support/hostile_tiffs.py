"""TIFFs that are hostile or broken, each with its name, bytes and words of what is said of it."""

from __future__ import annotations

import struct
import zlib

from tiff_bytes import (
    BITS,
    COLORMAP,
    COMPRESSION,
    COUNTS,
    DESCRIPTION,
    FORMAT,
    HEIGHT,
    OFFSETS,
    PHOTOMETRIC,
    ROWS,
    SAMPLES,
    TILE_COUNTS,
    TILE_HEIGHT,
    TILE_OFFSETS,
    TILE_WIDTH,
    WIDTH,
    tiff_bytes,
)

SOUND = "it is no sound picture"


def hostile_tiffs() -> list[tuple[str, bytes, str]]:
    """Return names, contents, and words of what is said of each."""
    pixels = bytes(12)
    good = tiff_bytes(pixels)
    tiles: dict[int, object] = {TILE_WIDTH: 4, TILE_HEIGHT: 3, TILE_OFFSETS: 8, TILE_COUNTS: 12}
    # What the tags of 12 bytes of pixels claim, and what is said of it.
    claims: dict[str, tuple[dict[int, object], str]] = {
        "no_rows": ({HEIGHT: 0}, "declares 0 rows"), "no_width": ({WIDTH: None}, "rows of 0 pixels"),
        "tebipixels": ({WIDTH: 2**20, HEIGHT: 2**20}, "declares 1099511627776 bytes"),
        "widest": ({WIDTH: 2**32 - 1, HEIGHT: 2**32 - 1}, "more than its"),
        "one_row_more": ({HEIGHT: 400, ROWS: 400, COMPRESSION: 8, COUNTS: 12}, SOUND),
        "deflated_tebipixels": ({WIDTH: 2**20, HEIGHT: 2**20, COMPRESSION: 8}, "more than its"),
        "lzw_tebipixels": ({WIDTH: 2**20, HEIGHT: 2**20, COMPRESSION: 5}, "more than its"),
        "xz_tebipixels": ({WIDTH: 2**20, HEIGHT: 2**20, COMPRESSION: 34925}, "more than its"),
        "zstd_tebipixels": ({WIDTH: 2**20, HEIGHT: 2**20, COMPRESSION: 50000}, "more than its"),
        "jpeg_tebipixels": ({WIDTH: 2**20, HEIGHT: 2**20, COMPRESSION: 7}, "more than its"),
        "facsimile_tebipixels": ({WIDTH: 2**20, HEIGHT: 2**20, COMPRESSION: 4, BITS: 1}, "more than its"),
        "many_samples": ({SAMPLES: 65535}, "more than its"), "no_samples": ({SAMPLES: 0}, "0 samples"),
        "no_bits": ({BITS: 0}, "its pixels are 0-bit"), "bits_of_a_kibibyte": ({BITS: 8192}, "8192-bit"),
        "strip_beyond": ({OFFSETS: 2**31}, "reaches to byte"),
        "strip_short": ({COUNTS: 11}, "11 bytes where 12 belong"), "no_strip": ({OFFSETS: None}, "the places of 0"),
        "strips_missing": ({ROWS: 1}, "the places of 1 of its 3"),
        "count_huge": ({COMPRESSION: 8, COUNTS: 2**32 - 1}, "reaches"),
        "counts_missing": ({ROWS: 1, OFFSETS: [8, 12, 16], COMPRESSION: 8}, "byte counts of 1"),
        "tile_huge": (tiles | {TILE_WIDTH: 2**31, TILE_HEIGHT: 2**31}, "more than its"),
        "tile_zero": (tiles | {TILE_WIDTH: 0}, "0 pixels"),
        "tiles_missing": (tiles | {TILE_WIDTH: 1}, "the places of 1"),
        "tile_beyond": (tiles | {TILE_OFFSETS: 10**6}, "reaches to byte"),
        "no_palette": ({PHOTOMETRIC: 3}, "its palette has 0"),
        "palette_short": ({PHOTOMETRIC: 3, COLORMAP: [1] * 9}, "has 9"),
        "width_is_a_fraction": ({WIDTH: (12, [4.0])}, "not of whole numbers"),
        "description_long": ({DESCRIPTION: (2, b"x" * 5000), FORMAT: 9}, "type 9"),
        "no_deflate": ({COMPRESSION: 8}, SOUND), "no_lzw": ({COMPRESSION: 5}, SOUND),
        "no_xz": ({COMPRESSION: 34925}, SOUND), "no_zstd": ({COMPRESSION: 50000}, SOUND),
        "no_jpeg": ({COMPRESSION: 7}, SOUND), "short_runs": ({COMPRESSION: 32773}, "bytes where 12"),
    }  # fmt: skip
    # Thousands of times the same half a MB, as the values of one tag.
    repeated = b"".join(struct.pack("<HHII", BITS, 4, 100_000, 8) for _ in range(4000))
    many = b"II*\0" + struct.pack("<I", 400_008) + bytes(400_000) + struct.pack("<H", 4000) + repeated + bytes(4)
    strips: dict[int, object] = {WIDTH: 1 << 20, HEIGHT: 2, ROWS: 1, OFFSETS: [8, 9], COUNTS: [9, 9]}
    bomb = tiff_bytes(zlib.compress(bytes(64 << 20)), strips | {COMPRESSION: 8})
    return [
        *((f"tags_{name}.tif", tiff_bytes(pixels, tags), says) for name, (tags, says) in claims.items()),
        *((f"big_{name}.tif", tiff_bytes(pixels, claims[name][0], big=True, order=">"), claims[name][1])
          for name in ("tebipixels", "strip_beyond", "tile_huge",
        "count_huge")),
        *((f"cut_at_{size}.tif", good[:size], "it is no") for size in (1, 4, 7, 8, 19, 40, len(good) - 1)),
        ("circle.tif", tiff_bytes(pixels, next_offset=20), "in a circle"),
        ("directory_beyond.tif", tiff_bytes(pixels, next_offset=2**32 - 2), "are said to stand at"),
        ("no_directory.tif", b"II*\0" + bytes(4), "it holds no picture"),
        ("directories.tif", tiff_bytes(pixels, directories=3000), "more than 100 pictures"),
        ("tags_65535.tif", b"II*\0\x08\0\0\0" + b"\xff" * 10**6, "declares 65535 tags"),
        ("big_tags.tif", b"II+\0\x08\0\0\0\x10" + bytes(7) + b"\xff" * 1000, "18446744073709551615 tags"),
        ("big_offsets_of_4.tif", b"II+\0\x04\0\0\0" + bytes(90), "its offsets are of 4 bytes"),
        ("same_values_4000_times.tif", many, "0-bit"),
        ("bomb.tif", bomb, SOUND),
        ("version_44.tif", b"II,\0" + good[4:], "it is no picture of a kind that is known"),
        ("numpy.tif", b"\x93NUMPY" + bytes(90), "it is a .npy file, not a .tif"),
    ]  # fmt: skip
