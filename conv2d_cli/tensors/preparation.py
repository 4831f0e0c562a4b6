"""What is done to images before they are convolved: alpha dropped, made gray, normalized; everything pixel by pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.dtypes import COMPUTABLE, DTYPES
from conv2d_cli.errors import DataError
from conv2d_cli.numpy_dtypes import dtype_name, widened
from conv2d_cli.tensors.conversion import SATURATE, Conversion

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

# Of ITU-R BT.601, as Pillow and OpenCV make gray.
_LUMA = (0.299, 0.587, 0.114)
_COLOURS = len(_LUMA)
_CHANNEL_AXIS = -3
_NAMED = frozenset(name for name in COMPUTABLE if name != "bfloat16") | {"bool"}


class Preparation(NamedTuple):
    """What is done, in this order; `mean` and `deviation` have one value, or one for each channel, or none."""

    drop_alpha: bool = False
    gray: bool = False
    normalize: bool = False
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()

    def channels(self, channels: int) -> int:
        """Return the number of channels after it, from the number before.

        Raises:
            DataError: they are not those of a picture with an alpha channel, or in colour, or others than the means.

        >>> Preparation(drop_alpha=True, gray=True).channels(4)
        1
        """
        if self.drop_alpha:
            if channels > _COLOURS + 1:
                raise DataError(f"it has {channels} channels, none of which is alpha", "leave --drop-alpha out")
            channels -= has_alpha(channels)
        if self.gray:
            if channels not in {1, _COLOURS}:
                hint = "--gray --drop-alpha" if channels == _COLOURS + 1 else "leave --gray out"
                raise DataError(f"gray is made of {_COLOURS} channels, and this has {channels}", hint)
            channels = 1
        for name, values in (("--mean", self.mean), ("--std", self.deviation)):
            if len(values) not in {0, 1, channels}:
                if has_alpha(channels) and len(values) == channels - 1:
                    raise DataError(f"its last channel is alpha, and {name} has {len(values)} values", "--drop-alpha")
                example = ",".join(["0.5"] * channels)
                raise DataError(f"{name} has {len(values)} values for {channels} channels", f"{name} {example}")
        return channels

    def dtype(self, holds: str) -> str:
        """Return our name of the type that elements of one have when they are prepared."""
        if not (self.gray or self.normalize):
            return holds
        whole = DTYPES[holds].kind in "iub"
        return "float32" if (whole and self.normalize) or holds not in _NAMED else holds

    def apply(self, images: Array, holds: str) -> Array:
        """Return prepared images (..., channels, H, W) of elements that `holds` names."""
        if self.drop_alpha and has_alpha(images.shape[_CHANNEL_AXIS]):
            images = images[..., :-1, :, :]
        if not (self.gray or self.normalize):
            return images
        values = widened(images, holds)
        if self.gray and values.shape[_CHANNEL_AXIS] == _COLOURS:
            values = _gray(values)
        return self._normalized(values, 1 if holds == "bool" else None) if self.normalize else values

    def _normalized(self, images: Array, largest: int | None) -> Array:
        """Return integers by the largest of their type, in float32 and step by step, as torchvision does it."""
        if images.dtype.kind in "iu":
            # The largest of int32 is none in float32.
            images = (images / float(largest or np.iinfo(images.dtype).max)).astype(np.float32)
        element = images.dtype.type
        if self.mean:
            images = images - np.array(self.mean, element)[:, None, None]
        if self.deviation:
            images = images / np.array(self.deviation, element)[:, None, None]
        return images


def has_alpha(channels: int) -> bool:
    """Whether the last channel of a picture is alpha: beside gray, or beside three colours."""
    return channels in {2, _COLOURS + 1}


def _gray(images: Array) -> Array:
    """Return the luma of red, green and blue, summed in float32 and rounded where the elements are integers."""
    element = np.float64 if images.dtype == np.float64 else np.float32
    red, green, blue = np.moveaxis(images.astype(element), _CHANNEL_AXIS, 0)
    luma = (element(_LUMA[0]) * red + element(_LUMA[1]) * green + element(_LUMA[2]) * blue)[..., None, :, :]
    if images.dtype.kind not in "iu":
        same: Array = luma.astype(images.dtype)
        return same
    rounded = Conversion("float64", dtype_name(images.dtype), frozenset({SATURATE}))
    return rounded.apply(np.rint(luma.astype(np.float64)))
