"""What the samples of a TIFF mean: white that is zero, palettes, and few bits, as a person sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.errors import DataError
from conv2d_cli.tensors.pictures.tiff_layout import PALETTE, WHITE_IS_ZERO, Layout

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

_BYTE = 255


class Colors:
    """From the samples of a layout to channels: their number, and `dtype` in the machine's byte order.

    One rule for white that is zero: unsigned whole numbers are subtracted from the largest of their bits, at any depth,
    so that more is brighter; `as_stored` leaves them. Others have no largest, and are refused.
    """

    def __init__(self, layout: Layout, *, as_stored: bool) -> None:
        """Decide.

        Raises:
            DataError: white is zero, and the samples are signed or floats.
        """
        self._inverts = layout.photometric == WHITE_IS_ZERO and not as_stored
        if self._inverts and layout.sample.kind != "u":
            raise DataError(
                "its zero is white, and its pixels have no largest value (they are signed or floats)",
                "--as-stored reads them as they are",
            )
        self._bits = layout.bits
        self._palette = _palette(layout.colormap) if layout.photometric == PALETTE else None
        self.channels = layout.samples if self._palette is None else len(self._palette)
        self.dtype = layout.sample.newbyteorder("=") if self._palette is None else self._palette.dtype

    def of(self, samples: Array, plane: int) -> Array:
        """Return (channels, rows, columns) of samples (rows, columns, samples), the first of which is `plane`."""
        if self._palette is not None:
            # A palette has an entry of every number that so few bits can be.
            return self._palette[:, samples[..., 0]]
        if self._inverts and plane == 0:
            samples = samples.copy()
            samples[..., 0] = (1 << self._bits) - 1 - samples[..., 0]
        if self._bits < 8:  # noqa: PLR2004 - a byte
            samples = samples * np.uint8(_BYTE // ((1 << self._bits) - 1))
        return samples.transpose(2, 0, 1)


def _palette(colormap: Array) -> Array:
    """Return (3, entries): of bytes where the 16 bits of each are one, or all are bytes by mistake (as in libtiff)."""
    values = colormap.reshape(3, -1).astype(np.uint16)
    high, low = values >> 8, values & _BYTE
    if not high.any():
        return low.astype(np.uint8)
    if ((low == high) | (low == 0)).all():
        return high.astype(np.uint8)
    return values
