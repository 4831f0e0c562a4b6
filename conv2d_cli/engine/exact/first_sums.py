"""The first sums of an exact convolution, which float64 rounds: which of them decide the result, and which do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from conv2d_cli.engine.exact.bounds import window_norms, window_signs
from conv2d_cli.engine.exact.planning import SUMS_TOGETHER
from conv2d_cli.engine.exact.rounding import bits_of, rounded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.engine.exact.bounds import FilterBounds
    from conv2d_cli.numpy_dtypes import Array

# Up to this number of products the bound by the largest magnitude leaves few elements of most data in doubt.
_FEW_PRODUCTS = 512
Block = tuple[slice, slice, slice]


class Margin(NamedTuple):
    """What sums (groups, filters, pixels) may be off by, as arrays of three axes.

    That is a part for each filter, or else a part for each filter times one for each pixel, and one more for a filter.
    """

    of_filters: Array
    of_pixels: Array | None = None
    of_biases: Array | None = None

    def block(self, block: Block) -> Array:
        """Return the margins of a block of sums."""
        group, filters, pixels = block
        margin: Array = self.of_filters[group, filters]
        if self.of_pixels is None or self.of_biases is None:
            return margin
        margin = margin * self.of_pixels[group, :, pixels]
        margin += self.of_biases[group, filters]
        return margin


def margins(image: Array, largest: float, geometry: Geometry, bounds: FilterBounds) -> Iterator[Margin]:
    """Yield margins of the sums of an image, the closer one last."""

    def grouped(values: Array) -> Array:
        return values.reshape(geometry.groups, -1, 1)

    if geometry.taps_per_output <= _FEW_PRODUCTS:
        yield Margin(grouped(bounds.magnitudes * largest + bounds.biases))
    yield Margin(grouped(bounds.norms), window_norms(image, geometry), grouped(bounds.biases))


def round_sums(sums: Array, margin: Margin | None, out: Array, dtype: str) -> Array:
    """Fill `out` with rounded sums, all (groups, filters, pixels); without a margin they are exact.

    Returns:
        The flat indices of those that the margin leaves in doubt: not all values within it round alike.
    """
    doubtful = [np.empty(0, np.int64)]
    for block in _blocks_of(sums.shape):
        if margin is None:
            out[block] = rounded(sums[block], dtype)
            continue
        width = margin.block(block)
        least, most = rounded(sums[block] - width, dtype), rounded(sums[block] + width, dtype)
        out[block] = least
        unequal = bits_of(least) != bits_of(most)
        if unequal.any():
            places = (found + part.start for found, part in zip(np.nonzero(unequal), block, strict=True))
            doubtful.append(np.ravel_multi_index(tuple(places), sums.shape))
    return np.concatenate(doubtful)


def perhaps_negative(out: Array, image: Array, geometry: Geometry, bounds: FilterBounds) -> Array:
    """Return the flat indices of zeros in `out` (groups, filters, pixels) that may have to be -0.

    All terms of such a sum have a sign: as many input elements have one as weights have none.
    """
    if not bounds.may_be_negative_zero.any() or not (out == 0).any():
        return np.empty(0, np.int64)
    group, filters, pixels = np.nonzero((out == 0) & bounds.may_be_negative_zero.reshape(geometry.groups, -1, 1))
    signs = window_signs(image, geometry)[group, 0, pixels]
    some = signs == bounds.positive.reshape(geometry.groups, -1)[group, filters]
    indices: Array = np.ravel_multi_index((group[some], filters[some], pixels[some]), out.shape)
    return indices


def _blocks_of(shape: tuple[int, ...]) -> Iterator[Block]:
    """Yield parts of sums (groups, filters, pixels) that stay in L2, the last axes whole where they can be."""
    parts: list[list[slice]] = []
    together = SUMS_TOGETHER
    for size in reversed(shape):
        step = max(1, min(size, together))
        parts.append([slice(first, min(size, first + step)) for first in range(0, size, step)])
        together //= max(1, size)
    for group in parts[2]:
        for filters in parts[1]:
            for pixels in parts[0]:
                yield group, filters, pixels
