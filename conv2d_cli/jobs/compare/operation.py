"""The convolution that two results should be of, in float64 (complex128, int64), with windows placed anywhere.

A mistake is this operation with something changed; what is measured against both is the same code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.backends.api import conv2d

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.arithmetic.window import Axis

    Array = np.ndarray[Any, Any]


class Operation(NamedTuple):
    """Input (N, C, H, W), weight, bias, and where the windows lie; `dtype` is the type that the operands have.

    Paddings of `height` and `width` may be negative: then so much is cut off.
    """

    x: Array
    weight: Array
    bias: Array | None
    height: Axis
    width: Axis
    groups: int
    mode: str
    dtype: str

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Its shape, (N, out_channels, Ho, Wo)."""
        return (len(self.x), len(self.weight), self.height.output, self.width.output)

    @property
    def is_possible(self) -> bool:
        """Whether there is such a convolution: windows fit, and groups divide the channels."""
        out_channels, group_channels = self.weight.shape[:2]
        fits = self.height.output > 0 and self.width.output > 0 and group_channels * self.groups == self.x.shape[1]
        return fits and out_channels % self.groups == 0 and _is_made(self.mode, (self.height, self.width))

    @property
    def products(self) -> int:
        """Products of one output element."""
        return int(self.weight[0].size)

    def changed(self, **changes: Any) -> Operation:  # noqa: ANN401 - fields of several types
        """Return the operation with some fields changed."""
        return self._replace(**changes)

    def values(self) -> Array:
        """Return the output, (N, out_channels, Ho, Wo)."""
        return _convolved(self, self.x, self.weight, self.bias)

    def magnitudes(self) -> Array:
        """Return `sum|x||w| + |b|` of each element of the output, as float64."""
        x, weight = np.abs(self.x).astype(np.float64), np.abs(self.weight).astype(np.float64)
        return _convolved(self, x, weight, None if self.bias is None else np.abs(self.bias).astype(np.float64))

    @property
    def most_magnitude(self) -> float:
        """A number that no magnitude exceeds; NaN or infinite where an operand is."""
        weights = np.abs(self.weight).reshape(len(self.weight), -1).sum(axis=1, dtype=np.float64)
        sums = float(np.abs(self.x).max(initial=0)) * weights
        most = sums if self.bias is None else sums + np.abs(self.bias)
        # Both are rounded.
        return float(most.max(initial=0)) * (1 + 2.0**-20)

    def some_channels(self) -> tuple[Operation, list[int]]:
        """Return the operation on the first image for an output channel of the first group and one of the last.

        Returns:
            The operation, and which output channels it has.
        """
        out_channels, channels = self.weight.shape[:2]
        if self.groups == 1:
            chosen = sorted({0, out_channels - 1})
            read = [slice(None)]
        else:
            together = out_channels // self.groups
            chosen = [0, (self.groups - 1) * together]
            read = [slice(None, channels), slice((self.groups - 1) * channels, None)]
        x = np.concatenate([self.x[:1, one] for one in read], axis=1)
        bias = None if self.bias is None else self.bias[chosen]
        groups = len(read)
        return self._replace(x=x, weight=self.weight[chosen], bias=bias, groups=groups), chosen

    def taps(self) -> Callable[[int, int, int], tuple[Array, Array]]:
        """Return what gives, for a channel of a group and a row and a column of the kernel, both factors.

        They are what that tap reads, (N, out_channels, Ho, Wo), and its weights, (out_channels, 1, 1).
        """
        padded, height, width = _padded(self, self.x), self.height, self.width
        out_channels, channels = self.weight.shape[:2]
        first = np.arange(out_channels) // (out_channels // self.groups) * channels

        def factors(channel: int, row: int, column: int) -> tuple[Array, Array]:
            rows = slice(row * height.dilation, None, height.stride)
            columns = slice(column * width.dilation, None, width.stride)
            read = padded[:, :, rows, columns][:, :, : height.output, : width.output]
            return read[:, first + channel], self.weight[:, channel, row, column, None, None]

        return factors


def with_output(axis: Axis, before: int, output: int) -> Axis:
    """Return an axis with its first window moved, and just so much at its end that there are `output` windows.

    >>> from conv2d_cli.arithmetic.window import Axis
    >>> with_output(Axis(8, 3, 2, 1, 0, 1), before=1, output=4)
    Axis(size=8, kernel=3, stride=2, dilation=1, before=1, after=0)
    """
    after = (output - 1) * axis.stride + axis.effective_kernel - axis.size - before
    return axis._replace(before=before, after=after)


def wide(values: Array) -> Array:
    """Return operands as the type that the reference is worked out in: int64, complex128 or float64."""
    kind = values.dtype.kind
    if kind in "iub":
        return values.astype(np.int64)
    return values.astype(np.complex128 if kind == "c" else np.float64)


def _convolved(operation: Operation, x: Array, weight: Array, bias: Array | None) -> Array:
    height, width = operation.height, operation.width
    return conv2d(
        _padded(operation, x),
        np.ascontiguousarray(weight),
        bias,
        stride=(height.stride, width.stride),
        dilation=(height.dilation, width.dilation),
        groups=operation.groups,
    )


def _padded(operation: Operation, x: Array) -> Array:
    return _along(_along(x, operation.height, operation.mode, 2), operation.width, operation.mode, 3)


def _along(x: Array, axis: Axis, mode: str, number: int) -> Array:
    """Return the input with its padding made along one axis, or cut where the padding is negative."""
    if not axis.before and not axis.after:
        return x
    places = np.arange(-axis.before, axis.size + axis.after)
    taken: Array = np.take(x, _sources(places, axis.size, mode), axis=number)
    if mode == "zeros":
        outside = np.flatnonzero((places < 0) | (places >= axis.size))
        taken[(slice(None),) * number + (outside,)] = 0
    return taken


def _sources(places: Array, size: int, mode: str) -> Array:
    """Return the element that stands at each place of a padded axis; of zeros any."""
    if mode == "circular":
        return places % size
    if mode == "reflect" and size > 1:
        period = 2 * (size - 1)
        folded = np.abs(places) % period
        mirrored: Array = np.minimum(folded, period - folded)
        return mirrored
    return np.clip(places, 0, size - 1)


def _is_made(mode: str, axes: tuple[Axis, Axis]) -> bool:
    """Whether the padding can be made out of the input."""
    return all(axis.size > 0 and (mode != "reflect" or axis.size > 1 or not axis.before) for axis in axes)
