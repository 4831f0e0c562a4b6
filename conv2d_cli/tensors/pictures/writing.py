"""Tensors as pictures: at the depth that they have where the format can, else rounded and clipped, which is told."""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.errors import MissingExtraError, UsageError
from conv2d_cli.tensors.pictures.by_pillow import pillow
from conv2d_cli.tensors.pictures.png import write_wide

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    Array = np.ndarray[Any, Any]

_CHANNELS = {"PNG": (1, 2, 3, 4), "JPEG": (1, 3), "TIFF": (1, 2, 3, 4)}
# The types that are written as they are. TIFF has every one of NumPy's; float16 and bfloat16, which few readers know,
# become float32, which has all their values.
_TWO_BYTES = np.dtype(np.uint16)
_KEPT_BY_TIFF = {f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)} | {"f4", "f8"}


def write(path: Path, tensors: Mapping[str, Array]) -> None:
    """Refuse: a picture keeps an output, and no parameters.

    Raises:
        UsageError: always.
    """
    raise UsageError(f"{path.name} is a picture, which keeps no {' and '.join(tensors)}", "keep them in an .npz file")


@contextmanager
def open_output(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any], kind: str) -> Iterator[PictureOutput]:
    """Open a picture that is written when it is whole; `kind` is PNG, JPEG or TIFF.

    `shape` is (channels, H, W), or (1, channels, H, W). `dtype` decides the depth: TIFF keeps that of numbers, PNG that
    of uint16; all else are pixels of eight bits.

    Raises:
        MissingExtraError: the extra `image` is not installed.
        UsageError: the tensor is not one picture.
    """
    channels, batch = shape[-3], math.prod(shape[:-3])
    if batch != 1 or channels not in _CHANNELS[kind] or not math.prod(shape):
        allowed = " or ".join(map(str, _CHANNELS[kind]))
        raise UsageError(
            f"an output of shape {list(shape)} is no {kind} picture",
            f"one image of {allowed} channels is; any tensor goes into an .npy file",
        )
    save = _saver(kind)
    output = PictureOutput(shape[-3:], dtype_written(dtype, kind))
    yield output
    save(path, output.pixels, kind)


def dtype_written(dtype: np.dtype[Any], kind: str) -> np.dtype[Any]:
    """Return the type of the pixels that a tensor of `dtype` becomes in a picture of that kind."""
    if kind == "TIFF":
        return dtype.newbyteorder("=") if dtype.str[1:] in _KEPT_BY_TIFF else np.dtype(np.float32)
    return _TWO_BYTES if kind == "PNG" and dtype == _TWO_BYTES else np.dtype(np.uint8)


class PictureOutput:
    """A picture being made: where its type is another, values are rounded, and those that do not fit are clipped."""

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        """Make room for (channels, H, W) pixels."""
        self.pixels = np.empty(shape, dtype)
        self._clipped = 0

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was lost, in words."""
        if not self._clipped:
            return ()
        return (f"{self._clipped} of {self.pixels.size} values were clipped to 0 to {np.iinfo(self.pixels.dtype).max}",)

    def write(self, first: int, images: Array) -> None:
        """Take the whole picture (1, channels, H, W)."""
        self.write_tile(first, 0, 0, images[0])

    def write_tile(self, number: int, top: int, left: int, tile: Array) -> None:  # noqa: ARG002 - there is only one
        """Take a rectangle (channels, rows, columns)."""
        part = self.pixels[:, top : top + tile.shape[1], left : left + tile.shape[2]]
        if self.pixels.dtype.kind == "f" or tile.dtype == self.pixels.dtype:
            part[...] = tile
            return
        most = np.iinfo(self.pixels.dtype).max
        values = np.rint(tile.astype(np.float64)) if tile.dtype.kind not in "iu" else tile
        within = (values >= 0) & (values <= most)
        self._clipped += int(values.size - np.count_nonzero(within))
        part[...] = np.clip(np.where(values == values, values, 0), 0, most)  # noqa: PLR0124 - NaN becomes 0


def _saver(kind: str) -> Any:  # noqa: ANN401 - one of the functions below
    """Return what saves a picture, its library loaded before any work is done.

    Raises:
        MissingExtraError: it is not installed.
    """
    if kind != "TIFF":
        pillow()
        return _save_by_pillow
    try:
        import tifffile  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("writing a TIFF", "image") from error
    return _save_tiff


def _save_by_pillow(path: Path, planes: Array, kind: str) -> None:
    pixels, channels = planes.transpose(1, 2, 0), len(planes)
    if channels > 1 and planes.dtype == _TWO_BYTES:
        write_wide(path, pixels)
        return
    dense = np.ascontiguousarray(pixels[..., 0] if channels == 1 else pixels)
    pillow().fromarray(dense).save(path, format=kind)


def _save_tiff(path: Path, planes: Array, kind: str) -> None:  # noqa: ARG001 - as the other one
    import tifffile

    channels = len(planes)
    pixels = np.ascontiguousarray(planes.transpose(1, 2, 0))
    # The path may be that of an open file without a name, which tifffile would look up and name itself.
    with path.open("wb") as stream:
        tifffile.imwrite(
            stream,
            pixels[..., 0] if channels == 1 else pixels,
            photometric="rgb" if channels > 2 else "minisblack",  # noqa: PLR2004 - gray, with or without alpha
            planarconfig=None if channels == 1 else "contig",
            extrasamples=None if channels % 2 else ["unassalpha"],
            # Without a description of tifffile's own: a TIFF says the shape itself.
            metadata=None,
        )
