"""PNG and JPEG, and what else of pictures Pillow reads right: https://pillow.readthedocs.io."""

from __future__ import annotations

import logging
import struct
import warnings
import zlib
from contextlib import contextmanager, suppress
from ctypes import CDLL
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.errors import DataError, MissingExtraError
from conv2d_cli.numpy_dtypes import dtype_name
from conv2d_cli.tensors.pictures import orientation
from conv2d_cli.tensors.pictures.limits import BROKEN, JPEG_DENSEST, Claim, broken, check_size
from conv2d_cli.tensors.pictures.png import RGB, SAMPLES, WIDE, exif_after_pixels, header_of, wide_pixels
from conv2d_cli.tensors.pictures.png_soundness import check_png

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from PIL.ImageFile import ImageFile

    from conv2d_cli.tensors.formats import OpenFile

    Array = np.ndarray[Any, Any]

# What each of Pillow's modes becomes: itself, or the mode that it is converted to.
_MODES = {
    "1": "L", "L": "L", "LA": "LA", "RGB": "RGB", "RGBA": "RGBA", "CMYK": "CMYK", "YCbCr": "RGB", "PA": "RGBA",
    "I;16": "I;16", "I;16L": "I;16", "I;16B": "I;16", "I": "I;16",
}  # fmt: skip
_CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4, "I;16": 1}
_TWO_BYTES = "I;16"
# Deflate, the densest of the codes, makes at most 1032 bytes of one (https://zlib.net/zlib_tech.html).
_MOST_INFLATED = 1040
_STEP = 1 << 20
# Eight bits a sample of three, as a PNG's header has it; of a gray one that is more than there is.
_JPEG = (8, RGB)


class PillowTensor:
    """A PNG or a JPEG whose header has been read; turned as its orientation says, its palette resolved."""

    fortran_order = False
    is_picture = True
    offset = None

    def __init__(self, file: OpenFile, *, is_png: bool) -> None:
        """Say what a picture becomes.

        Raises:
            MissingExtraError: the extra `image` is not installed.
            DataError: it has more than one frame, more pixels than the file can hold, or a kind that is none of ours.
        """
        pillow()
        self._file, self._is_png = file, is_png
        header = header_of(file.stream) if is_png else _JPEG
        self._is_wide = header in WIDE
        with explained():
            self._picture = _opened(file, is_png=is_png)
            frames = 1 if not is_png else getattr(self._picture, "n_frames", 1)
            if frames != 1:
                raise DataError(f"it holds {frames} pictures", "save each as a file of its own")
            self._turn = 1 if file.as_stored else _orientation_of(self._picture, file, is_png=is_png)
        self._mode = _mode_of(self._picture)
        width, height = self._picture.size
        channels = WIDE[header] if self._is_wide else _CHANNELS[self._mode]
        self.dtype = np.dtype(np.uint16 if self._is_wide or self._mode == _TWO_BYTES else np.uint8)
        self.holds = dtype_name(self.dtype)
        size = file.size or 0
        densest = _MOST_INFLATED if is_png else JPEG_DENSEST
        check_size(Claim(height, width, SAMPLES[header[1]], header[0]), densest, size, file.max_pixels)
        self.shape = (channels, *orientation.upright_size(height, width, self._turn))

    def read(self) -> Array:
        """Return the pixels (channels, H, W).

        Raises:
            DataError: the picture is broken.
        """
        if self._is_png:
            check_png(self._file.stream)
        result = np.empty(self.shape, self.dtype)
        planes = orientation.as_it_lies(result, self._turn)
        with explained():
            if self._is_wide:
                planes[...] = wide_pixels(self._file.stream, len(result)).transpose(2, 0, 1)
                return result
            self._picture.load()
            width, height = self._picture.size
            # Pillow makes what it gives out twice: a few rows at a time.
            step = max(1, _STEP // width)
            for top in range(0, height, step):
                rows = self._picture.crop((0, top, width, min(top + step, height)))
                pixels = np.asarray(rows if rows.mode == self._mode else rows.convert(self._mode))
                planes[:, top : top + step] = pixels.reshape(*pixels.shape[:2], -1).transpose(2, 0, 1)
        return result


def pillow() -> ModuleType:
    """Return `PIL.Image`.

    Raises:
        MissingExtraError: the extra `image` is not installed.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtraError("a picture", "image") from error
    _silence_libraries()
    return Image


@contextmanager
def opened_by_libtiff(content: bytes) -> Iterator[ImageFile]:
    """Open a TIFF that was made, or changed, so that Pillow reads it right: compressed ones, by libtiff.

    Raises:
        MissingExtraError: the extra `image` is not installed.
        DataError: it is broken, or Pillow was built without libtiff.
    """
    pillow()
    from PIL import features
    from PIL.TiffImagePlugin import TiffImageFile

    if not features.check("libtiff"):
        raise DataError(
            "it is compressed, and Pillow was built without libtiff, which reads it", "save it uncompressed"
        )
    with explained(), TiffImageFile(BytesIO(content)) as picture:
        yield picture


@contextmanager
def explained() -> Iterator[None]:
    """Tell what is wrong with a picture as a fault of the file's contents."""
    from PIL import UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # Sizes are checked by ourselves; of what else Pillow warns, such as EXIF data that it leaves out, nothing
            # changes a pixel.
            warnings.simplefilter("ignore")
            yield
    except DataError:
        raise
    except UnidentifiedImageError as error:
        raise DataError("it is no picture of a kind that is known", BROKEN) from error
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        LookupError,
        TypeError,
        OverflowError,
        struct.error,
        zlib.error,
    ) as error:
        raise broken(str(error)) from error


def _opened(file: OpenFile, *, is_png: bool) -> ImageFile:
    """Open a picture by the class of its kind: `Image.open` has a limit of pixels that only the process can change."""
    file.stream.seek(0)
    if is_png:
        from PIL.PngImagePlugin import PngImageFile

        return PngImageFile(file.stream)
    # Of a JPEG with several pictures in it, such as a photograph with its gain map, the first is the photograph.
    from PIL.JpegImagePlugin import JpegImageFile

    try:
        return JpegImageFile(file.stream)
    except SyntaxError as error:
        # Of 12 bits, or of two channels: sound, and nothing that Pillow reads.
        if "cannot handle" in str(error):
            raise DataError(f"it is a JPEG of a kind that is not read ({error})", "save it as PNG") from error
        raise


def _mode_of(picture: ImageFile) -> str:
    if picture.mode == "P":
        return "RGBA" if "transparency" in picture.info else "RGB"
    if picture.mode not in _MODES:
        raise DataError(f"its pixels are of the kind {picture.mode}", "save it as gray, RGB or RGBA")
    return _MODES[picture.mode]


def _orientation_of(picture: ImageFile, file: OpenFile, *, is_png: bool) -> int:
    """Return the EXIF orientation; of a PNG Pillow would read all pixels for EXIF data that stand after them."""
    if not is_png or "exif" in picture.info:
        return int(picture.getexif().get(orientation.TAG, 1))
    position = file.stream.tell()
    late = exif_after_pixels(file.stream)
    file.stream.seek(position)
    if late is None:
        return 1
    exif = pillow().Exif()
    exif.load(b"Exif\0\0" + late)
    return int(exif.get(orientation.TAG, 1))


@cache
def _silence_libraries() -> None:
    """Let Pillow, and libtiff, which it loads, write no lines of their own to stderr: faults are told by exceptions."""
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    try:
        maps = Path("/proc/self/maps").read_text("utf-8", "replace")
    except OSError:
        # Only Linux says where libraries are.
        return
    for library in {line.split(maxsplit=5)[5] for line in maps.splitlines() if "/libtiff" in line}:
        with suppress(OSError, AttributeError):
            CDLL(library).TIFFSetErrorHandler(None)
