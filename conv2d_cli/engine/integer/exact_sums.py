"""Sums of products that may pass 64 bits: known modulo 2^64, an estimate in float64 tells by how many multiples of it.

An exact sum is `low + 2^64 * high`, `low` in int64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.engine.blocks.strips import gather, window_span

if TYPE_CHECKING:
    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.numpy_dtypes import Array

# Half of what int64 and uint64 wrap by, and a number that sums in float64 of 2^63 and less are surely below.
_HALF, _SURE = 2.0**63, 2.0**63 * (1 - 2.0**-20)
_EPSILON = float(np.finfo(np.float64).eps)


class Products(NamedTuple):
    """A convolution whose operands are integers in int64, the bits of uint64 where `unsigned` says so of one."""

    geometry: Geometry
    padding_mode: str
    x: Array
    weight: Array
    unsigned: tuple[bool, bool]

    @property
    def operands(self) -> tuple[Array, Array]:
        """Input and weight in types that their values are right in."""
        of_input, of_weight = (np.uint64 if unsigned else np.int64 for unsigned in self.unsigned)
        return self.x.view(of_input), self.weight.view(of_weight)

    @property
    def bound(self) -> float:
        """What no sum exceeds in magnitude, up to rounding: max|x| times the largest sum|w| of a filter."""
        x, weight = (operand.astype(np.float64) for operand in self.operands)
        np.abs(weight, out=weight)
        largest = max(x.max(initial=0.0), -x.min(initial=0.0))
        return float(largest * weight.sum(axis=(1, 2, 3)).max(initial=0.0))

    def exact(self, place: tuple[int, ...]) -> int:
        """Return the sum at (image, channel, row, column) as a Python integer."""
        image, channel, row, column = place
        geometry, (x, weight) = self.geometry, self.operands
        rows, columns = window_span(geometry.height, row, 1), window_span(geometry.width, column, 1)
        first = channel // (geometry.out_channels // geometry.groups) * weight.shape[1]
        window = np.empty((weight.shape[1], rows.length, columns.length), x.dtype)
        gather(x[image, first : first + weight.shape[1]], self.padding_mode, rows, columns, window)
        taps = window[:, :: geometry.height.dilation, :: geometry.width.dilation]
        return sum(
            one * other for one, other in zip(taps.ravel().tolist(), weight[channel].ravel().tolist(), strict=True)
        )


def high_words(products: Products, low: Array, estimate: Any) -> Array | None:  # noqa: ANN401 - what makes an array
    """Return by how many multiples of 2^64 sums exceed `low`; None where none can.

    `estimate()` returns the sums in float64. Its operands are rounded, its products and its sums: of K products it is
    off by `gamma(K + 2) * sum|x||w|` at most (Higham 2002, section 3.1). Where that is less than 2^62 it tells the
    multiple. Where it is not, sums that may not fit are worked out one by one.

    Args:
        products: what was convolved.
        low: (N, out_channels, Ho, Wo) in int64.
        estimate: makes an array of the same shape.
    """
    bound = products.bound
    if bound < _SURE:
        return None
    error = (products.geometry.taps_per_output + 4) * _EPSILON * bound
    estimated: Array = estimate()
    if error < _HALF / 2:
        estimated -= low
        estimated /= 2 * _HALF
        multiples: Array = np.rint(estimated, out=estimated).astype(np.int64)
        return multiples
    high = np.zeros(low.shape, object)
    for number in np.flatnonzero(np.abs(estimated, out=estimated) + error >= _HALF):
        place = tuple(map(int, np.unravel_index(number, low.shape)))
        high[place] = products.exact(place) - int(low[place]) >> 64
    return high


def with_bias(low: Array, high: Array | None, bias: Array) -> tuple[Array, Array | None]:
    """Add a bias, which broadcasts, to sums in int64.

    >>> low, high = with_bias(np.array([2**63 - 1, 5]), None, np.array([1, 1]))
    >>> [int(one) + (int(other) << 64) for one, other in zip(low, high)]
    [9223372036854775808, 6]
    """
    above = np.zeros(bias.shape, np.int64) if bias.dtype.kind == "i" else bias >> np.uint64(63)
    bias = bias.astype(np.int64)
    total = low + bias
    # A sum wraps only where both addends have the sign that it has not.
    wrapped = ((low ^ total) & (bias ^ total)) < 0
    if high is None and not wrapped.any() and not above.any():
        return total, None
    carried = np.where(wrapped, np.where(bias < 0, -1, 1), 0) + above.astype(np.int64)
    return total, carried if high is None else high + carried
