"""The window of one output element: which input it sees, and what the padding mode puts where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.arithmetic.taps import Tap, taps_of
from conv2d_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.numpy_dtypes import Array
    from conv2d_cli.tensors.placed import Image

_AXES = ("n", "c", "h", "w")


class Window(NamedTuple):
    """The input of one output element: image `number`, `channels` of its group, the taps of both axes."""

    number: int
    channels: range
    rows: tuple[Tap, ...]
    columns: tuple[Tap, ...]

    def read(self, image: Image, dtype: np.dtype[Any]) -> Array:
        """Return the values of the window (channels, kh, kw) from its image (in_channels, H, W), zeros in padding."""
        values = np.zeros((len(self.channels), len(self.rows), len(self.columns)), dtype)
        rows, columns = _real(self.rows), _real(self.columns)
        if rows and columns:
            channels = slice(self.channels.start, self.channels.stop)
            part = image[..., _sources(self.rows, rows)[:, None], _sources(self.columns, columns)]
            values[:, np.array(rows)[:, None], np.array(columns)] = part[channels]
        return values


def _real(taps: Sequence[Tap]) -> list[int]:
    """Return the taps at which an element of the input stands."""
    return [place for place, tap in enumerate(taps) if tap.source is not None]


def _sources(taps: Sequence[Tap], places: Sequence[int]) -> Array:
    return np.array([taps[place].source for place in places])


def window_of(geometry: Geometry, padding_mode: str, index: Sequence[int], *, batched: bool) -> Window:
    """Return the window of an output element (n, c, h, w), or (c, h, w) where the input is not `batched`.

    Raises:
        UsageError: there is no such element.
    """
    shape = geometry.batched_output_shape if batched else geometry.batched_output_shape[1:]
    _check(index, shape)
    number, channel, row, column = index if batched else (0, *index)
    inputs, outputs = geometry.weight_shape[1], geometry.out_channels // geometry.groups
    first = channel // outputs * inputs
    return Window(
        number,
        range(first, first + inputs),
        taps_of(geometry.height, row, padding_mode),
        taps_of(geometry.width, column, padding_mode),
    )


def _check(index: Sequence[int], shape: Sequence[int]) -> None:
    typed, axes = ",".join(map(str, index)), ",".join(_AXES[-len(shape) :])
    if 0 in shape:
        raise UsageError(
            f"--at {typed}: the output, {'x'.join(map(str, shape))}, has no elements", "an input of N >= 1"
        )
    last = ",".join(str(size - 1) for size in shape)
    if len(index) != len(shape):
        raise UsageError(f"--at {typed}: the output has {len(shape)} axes, {axes}", f"--at {last}, the last element")
    if not all(0 <= place < size for place, size in zip(index, shape, strict=True)):
        raise UsageError(
            f"--at {typed}: the output is {'x'.join(map(str, shape))}, and axes count from 0",
            f"--at {last}, the last element",
        )
