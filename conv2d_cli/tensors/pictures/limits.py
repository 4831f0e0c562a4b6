"""What a picture may claim before anything is allocated for it, and the words of what cannot be read."""

from __future__ import annotations

from typing import NamedTuple

from conv2d_cli.errors import DataError
from conv2d_cli.limits import PICTURE_PIXELS

_USUAL_CHANNELS = 4
# Blocks of 64 pixels of three bytes take a bit or two where colours are kept at an eighth of the pixels.
JPEG_DENSEST = 2048
BROKEN = "the picture is broken or was cut short; save it anew as PNG"


def broken(what: str) -> DataError:
    """Return the error of a picture whose bytes contradict themselves."""
    return DataError(f"it is no sound picture: {what}", BROKEN)


class Claim(NamedTuple):
    """What a picture says of its pixels, as they are stored: tiles may reach beyond its edges."""

    height: int
    width: int
    channels: int
    sample_bits: int


def check_size(claim: Claim, densest: int, file_bytes: int, most: int | None) -> None:
    """Check a claim against what `file_bytes` can hold, `densest` bytes of each, and against bombs.

    The first check comes first: what it passes can be read, so that the hint of the second works.

    Raises:
        DataError: there is no pixel, more than the file can hold, or more than `most` (None: the usual limit).
    """
    height, width, channels, sample_bits = claim
    if width < 1 or height < 1:
        raise broken(f"it declares {height} rows of {width} pixels")
    declared = height * ((width * channels * sample_bits + 7) // 8)
    if declared > densest * file_bytes:
        raise DataError(f"it declares {declared} bytes of pixels, more than its {file_bytes} can hold", BROKEN)
    limit = PICTURE_PIXELS if most is None else most
    # Of hundreds of channels each pixel counts as many.
    pixels = height * width * max(channels, _USUAL_CHANNELS) // _USUAL_CHANNELS
    if pixels > limit:
        raise DataError(
            f"its {pixels} pixels are more than {limit}: a decompression bomb, or a very large picture",
            f"--max-pixels {pixels} reads it",
        )
