"""The one rule of orientation: what tag 274 of TIFF, and the same tag in EXIF, says is done, once, for every format."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]

TAG = 0x0112


class _Turn(NamedTuple):
    """What stands a picture upright: rows and columns are swapped first, then turned round."""

    swaps: bool
    rows_reversed: bool
    columns_reversed: bool


_UPRIGHT = _Turn(swaps=False, rows_reversed=False, columns_reversed=False)
_TURNS = {
    1: _UPRIGHT,
    2: _Turn(swaps=False, rows_reversed=False, columns_reversed=True),
    3: _Turn(swaps=False, rows_reversed=True, columns_reversed=True),
    4: _Turn(swaps=False, rows_reversed=True, columns_reversed=False),
    5: _Turn(swaps=True, rows_reversed=False, columns_reversed=False),
    6: _Turn(swaps=True, rows_reversed=False, columns_reversed=True),
    7: _Turn(swaps=True, rows_reversed=True, columns_reversed=True),
    8: _Turn(swaps=True, rows_reversed=True, columns_reversed=False),
}
# A quarter turn is undone by the other one, every other turn by itself.
_UNDONE_BY = {6: 8, 8: 6}


def upright_size(height: int, width: int, orientation: int) -> tuple[int, int]:
    """Return height and width of a picture that stands upright; a value that means nothing is as if there were none."""
    return (width, height) if _TURNS.get(orientation, _UPRIGHT).swaps else (height, width)


def upright(planes: Array, orientation: int) -> Array:
    """Return a view of stored planes (channels, rows, columns) that stands upright."""
    turn = _TURNS.get(orientation, _UPRIGHT)
    turned = planes.swapaxes(-2, -1) if turn.swaps else planes
    rows, columns = (slice(None, None, -1 if reversed_ else 1) for reversed_ in turn[1:])
    return turned[..., rows, columns]


def as_it_lies(planes: Array, orientation: int) -> Array:
    """Return a view of upright planes (channels, H, W) in the rows and columns of the file, to be filled from it."""
    return upright(planes, _UNDONE_BY.get(orientation, orientation))
