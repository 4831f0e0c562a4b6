"""Pictures as tensors (channels, H, W), through Pillow: https://pillow.readthedocs.io."""

from __future__ import annotations

import logging
import math
import warnings
from contextlib import contextmanager, suppress
from ctypes import CDLL
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.errors import DataError, MissingExtraError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from PIL.Image import Image as Picture

    from conv2d_cli.tensors.formats import OpenFile

    Array = np.ndarray[Any, Any]

_READ = ("PNG", "JPEG", "TIFF")
# What each of Pillow's modes becomes: itself, or the mode that it is converted to.
_MODES = {
    "1": "L", "L": "L", "LA": "LA", "RGB": "RGB", "RGBA": "RGBA", "CMYK": "CMYK", "YCbCr": "RGB", "PA": "RGBA",
    "I;16": "I;16", "I;16L": "I;16", "I;16B": "I;16", "I": "I", "F": "F",
}  # fmt: skip
_CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4, "I;16": 1, "I": 1, "F": 1}
_DTYPES = {"I;16": "uint16", "I": "int32", "F": "float32"}
_CHANNELS_OF_FORMAT = {"PNG": (1, 2, 3, 4), "JPEG": (1, 3), "TIFF": (1, 3, 4)}
_BYTE, _TWO_BYTES = 255, 65535
# The EXIF tag, and what stands each of its values upright.
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE", 6: "ROTATE_270", 7: "TRANSVERSE", 8: "ROTATE_90",
}  # fmt: skip
_TURNED = (5, 6, 7, 8)
# Where a PNG has its bits a sample and its colour type (https://www.w3.org/TR/png-3/#11IHDR).
_PNG_BITS, _PNG_COLOR, _PNG_COLORED = 24, 25, (2, 4, 6)
# Deflate, the densest of the codes, makes at most 1032 bytes of one (https://zlib.net/zlib_tech.html).
_MOST_INFLATED = 1040
_BROKEN = "the picture is broken or was cut short; save it anew as PNG"


class ImageTensor:
    """A picture whose header has been read; turned as its EXIF orientation says, its palette resolved."""

    fortran_order = False
    is_picture = True
    offset = None

    def __init__(self, picture: Picture, file_bytes: int) -> None:
        """Say what the picture in a file of so many bytes becomes.

        Raises:
            DataError: it has more than one frame, more pixels than the file can hold, or a kind that is none of ours.
        """
        frames = getattr(picture, "n_frames", 1)
        if frames != 1:
            raise DataError(f"it holds {frames} pictures", "save each as a file of its own")
        self._picture = picture
        self._mode = _mode_of(picture)
        width, height = picture.size
        self._orientation = _orientation_of(picture)
        if self._orientation in _TURNED:
            width, height = height, width
        self.shape = (_CHANNELS[self._mode], height, width)
        self.holds = _DTYPES.get(self._mode, "uint8")
        self.dtype = np.dtype(self.holds)
        declared = math.prod(self.shape) * self.dtype.itemsize
        if declared > _MOST_INFLATED * file_bytes:
            raise DataError(f"it declares {declared} bytes of pixels, more than its {file_bytes} can hold", _BROKEN)

    def read(self) -> Array:
        """Return the pixels.

        Raises:
            DataError: the picture is broken.
        """
        from PIL.Image import Transpose

        with _explained():
            picture = self._picture if self._picture.mode == self._mode else self._picture.convert(self._mode)
            if self._orientation in _UPRIGHT:
                picture = picture.transpose(Transpose[_UPRIGHT[self._orientation]])
            pixels = np.asarray(picture).astype(self.dtype, copy=False)
        planes = pixels.reshape(*pixels.shape[:2], self.shape[0]).transpose(2, 0, 1)
        return np.ascontiguousarray(planes)


def open_tensor(file: OpenFile, name: str | None) -> ImageTensor:
    """Return a picture.

    Raises:
        MissingExtraError: the extra `image` is not installed.
        DataError: it is none, a bomb, or a name was asked for.
    """
    if name is not None:
        raise DataError(f"a picture has no tensor named {name!r}", "leave ::NAME out")
    library = _library()
    _check_depth(file)
    with _explained():
        return ImageTensor(library.open(file.stream, formats=_READ), file.size or 0)


def write(path: Path, tensors: Mapping[str, Array]) -> None:
    """Refuse: a picture keeps an output, and no parameters.

    Raises:
        UsageError: always.
    """
    raise UsageError(f"{path.name} is a picture, which keeps no {' and '.join(tensors)}", "keep them in an .npz file")


@contextmanager
def open_output(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any], kind: str) -> Iterator[ImageOutput]:
    """Open a picture that is written when it is whole; `kind` is PNG, JPEG or TIFF.

    Raises:
        MissingExtraError: the extra `image` is not installed.
        UsageError: the tensor is not one picture.
    """
    library, channels, batch = _library(), shape[-3], math.prod(shape[:-3])
    if batch != 1 or channels not in _CHANNELS_OF_FORMAT[kind] or not math.prod(shape):
        allowed = " or ".join(map(str, _CHANNELS_OF_FORMAT[kind]))
        raise UsageError(
            f"an output of shape {list(shape)} is no {kind} picture",
            f"one image of {allowed} channels is; any tensor goes into an .npy file",
        )
    output = ImageOutput(shape[-3:], two_bytes=dtype == np.uint16 and channels == 1 and kind != "JPEG")
    yield output
    pixels = output.pixels.transpose(1, 2, 0)
    library.fromarray(pixels[..., 0] if channels == 1 else pixels).save(path, format=kind)


class ImageOutput:
    """A picture being made: values are rounded, and those that no pixel can have are clipped and counted."""

    def __init__(self, shape: tuple[int, ...], *, two_bytes: bool) -> None:
        """Make room for (channels, H, W) pixels of one byte, or of two."""
        self.pixels = np.empty(shape, np.uint16 if two_bytes else np.uint8)
        self._most, self._clipped = _TWO_BYTES if two_bytes else _BYTE, 0

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was lost, in words."""
        if not self._clipped:
            return ()
        return (f"{self._clipped} of {self.pixels.size} values were clipped to 0 to {self._most}",)

    def write(self, first: int, images: Array) -> None:
        """Take the whole picture (1, channels, H, W)."""
        self.write_tile(first, 0, 0, images[0])

    def write_tile(self, number: int, top: int, left: int, tile: Array) -> None:  # noqa: ARG002 - there is only one
        """Take a rectangle (channels, rows, columns)."""
        values = np.rint(tile.astype(np.float64)) if tile.dtype.kind not in "iu" else tile
        within = (values >= 0) & (values <= self._most)
        self._clipped += int(values.size - np.count_nonzero(within))
        part = self.pixels[:, top : top + tile.shape[1], left : left + tile.shape[2]]
        part[...] = np.clip(np.where(values == values, values, 0), 0, self._most)  # noqa: PLR0124 - NaN becomes 0


def _mode_of(picture: Picture) -> str:
    if picture.mode == "P":
        return "RGBA" if "transparency" in picture.info else "RGB"
    if picture.mode not in _MODES:
        raise DataError(f"its pixels are of the kind {picture.mode}", "save it as gray, RGB or RGBA")
    return _MODES[picture.mode]


def _orientation_of(picture: Picture) -> int:
    """Return the EXIF orientation, of a PNG only if it stands before the pixels: Pillow would read them all for it."""
    if picture.format == "PNG" and "exif" not in picture.info:
        return 1
    return int(picture.getexif().get(_ORIENTATION, 1))


def _check_depth(file: OpenFile) -> None:
    """Refuse coloured PNGs of 16 bits, of which Pillow would keep eight."""
    position = file.stream.tell()
    start = file.stream.read(_PNG_COLOR + 1)
    file.stream.seek(position)
    is_png = start.startswith(b"\x89PNG") and len(start) > _PNG_COLOR
    if is_png and start[_PNG_BITS] > _BYTE.bit_length() and start[_PNG_COLOR] in _PNG_COLORED:
        raise DataError("it has 16 bits a colour, of which only 8 could be read", "save it as .npy or .npz")


@contextmanager
def _explained() -> Iterator[None]:
    """Tell what is wrong with a picture as a fault of the file's contents."""
    from PIL import Image, UnidentifiedImageError

    broken = (Image.DecompressionBombError, Image.DecompressionBombWarning)
    try:
        with warnings.catch_warnings():
            # A picture so large that it is likely a bomb is refused; of what else Pillow warns, such as EXIF data that
            # it leaves out, nothing changes a pixel.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except DataError:
        raise
    except UnidentifiedImageError as error:
        raise DataError("it is no picture of a kind that is known", _BROKEN) from error
    except (
        *broken,
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        KeyError,
        IndexError,
        TypeError,
        OverflowError,
    ) as error:
        raise DataError(f"it is no sound picture: {error}", _BROKEN) from error


def _library() -> Any:  # noqa: ANN401 - a module
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtraError("a picture", "image") from error
    _silence_libraries()
    return Image


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
