"""What a picture may claim before anything is allocated for it, and the words of what cannot be read."""

from __future__ import annotations

from conv2d_cli.errors import DataError

# As Pillow's: a quarter of a GiB of RGB.
MOST_PIXELS = (1 << 30) // 4 // 3
# Blocks of 64 pixels of three bytes take a bit or two where colours are kept at an eighth of the pixels.
JPEG_DENSEST = 2048
BROKEN = "the picture is broken or was cut short; save it anew as PNG"


def broken(what: str) -> DataError:
    """Return the error of a picture whose bytes contradict themselves."""
    return DataError(f"it is no sound picture: {what}", BROKEN)


def check_size(height: int, width: int, pixel_bits: int, most_bytes: int, file_bytes: int, most: int | None) -> None:
    """Check a declared size against what `file_bytes` can hold, `most_bytes` if densest, and against bombs.

    The first check comes first: what it passes can be read, so that the hint of the second works.

    Raises:
        DataError: there is no pixel, more than the file can hold, or more than `most` (None: the usual limit).
    """
    if width < 1 or height < 1:
        raise broken(f"it declares {height} rows of {width} pixels")
    declared = height * ((width * pixel_bits + 7) // 8)
    if declared > most_bytes:
        raise DataError(f"it declares {declared} bytes of pixels, more than its {file_bytes} can hold", BROKEN)
    limit = MOST_PIXELS if most is None else most
    if height * width > limit:
        raise DataError(
            f"its {height * width} pixels are more than {limit}: a decompression bomb, or a very large picture",
            f"--max-pixels {height * width} reads it",
        )
