"""The first sums of an exact convolution, which float64 rounds: which of them decide the result, and which do not."""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from conv2d_cli.engine.exact.bounds import window_counts, window_norms
from conv2d_cli.engine.exact.planning import FEW_PRODUCTS, SUMS_TOGETHER
from conv2d_cli.engine.exact.rounding import bits_of, round_to, rounded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.engine.exact.bounds import Filters
    from conv2d_cli.numpy_dtypes import Array

Block = tuple[slice, slice, slice]


class Margin(NamedTuple):
    """What sums (groups, filters, pixels) may be off by, as arrays of three axes.

    That is one number for each filter, and where there are `of_parts`, (groups, filters, parts) times those of pixels
    (groups, parts, pixels) besides.
    """

    of_filters: Array
    of_parts: Array | None = None
    of_pixels: Array | None = None

    def block(self, block: Block) -> Array:
        """Return the margins of a block of sums."""
        group, filters, pixels = block
        margin: Array = self.of_filters[group, filters]
        if self.of_parts is not None and self.of_pixels is not None:
            for part in range(self.of_parts.shape[2]):
                one = slice(part, part + 1)
                margin = margin + self.of_parts[group, filters, one] * self.of_pixels[group, one, pixels]
        return margin


def margins(image: Array, largest: float, geometry: Geometry, filters: Filters) -> Iterator[Margin]:
    """Yield margins of the sums of an image, the closer one last."""
    shape = (geometry.groups, geometry.out_channels // geometry.groups, -1)
    if geometry.taps_per_output <= FEW_PRODUCTS:
        norms = filters.norms.sum(1)
        yield Margin((norms * (sqrt(geometry.taps_per_output) * largest) + filters.biases).reshape(shape))
    of_pixels = window_norms(image, geometry, filters.parts)
    yield Margin(filters.biases.reshape(shape), filters.norms.reshape(shape), of_pixels)


def round_sums(sums: Array, margin: Margin | None, out: Array, dtype: str) -> Array:
    """Fill `out` with rounded sums, all (groups, filters, pixels); without a margin they are exact.

    Returns:
        The flat indices of those that the margin leaves in doubt: not all values within it round alike.
    """
    doubtful: list[Array] = []
    for block in _blocks_of(sums.shape):
        if margin is None:
            out[block] = rounded(sums[block], dtype)
            continue
        width, least = margin.block(block), out[block]
        most = np.empty_like(least)
        round_to(least, np.subtract, sums[block], width)
        round_to(most, np.add, sums[block], width)
        # A block is contiguous.
        group, filters, pixels = (part.start for part in block)
        first = (group * sums.shape[1] + filters) * sums.shape[2] + pixels
        doubtful.append(first + (bits_of(least) != bits_of(most)).ravel().nonzero()[0])
    return np.concatenate(doubtful) if doubtful else np.empty(0, np.int64)


def perhaps_negative(out: Array, image: Array, geometry: Geometry, filters: Filters) -> Array:
    """Return the flat indices of zeros in `out` (filters, pixels) that may have to be -0.

    All terms of such a sum have a sign: as many input elements have one as weights have none.
    """
    if not filters.may_be_negative_zero.any() or not (out == 0).any():
        return np.empty(0, np.int64)
    one, pixels = np.nonzero((out == 0) & filters.may_be_negative_zero[..., None])
    signs = window_counts(np.signbit(image), geometry)[one // (len(out) // geometry.groups), 0, pixels]
    some = signs == filters.positive[one]
    indices: Array = one[some] * out.shape[1] + pixels[some]
    return indices


@lru_cache(maxsize=64)
def _blocks_of(shape: tuple[int, ...]) -> tuple[Block, ...]:
    """Return parts of sums (groups, filters, pixels) of a number of elements, the last axes whole where they can be."""
    parts: list[list[slice]] = []
    together = SUMS_TOGETHER
    for size in reversed(shape):
        step = max(1, min(size, together))
        parts.append([slice(first, min(size, first + step)) for first in range(0, size, step)])
        together //= max(1, size)
    return tuple(product(*reversed(parts)))
