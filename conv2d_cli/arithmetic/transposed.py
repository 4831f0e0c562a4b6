"""A transposed convolution along one axis, as the convolution that it equals.

That one reads the input with `stride - 1` zeros inserted between its elements, with a stride of 1 and the kernel turned
around. Source: V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning", arXiv:1603.07285,
chapter 4.
"""

from __future__ import annotations

from math import gcd
from typing import NamedTuple

from conv2d_cli.arithmetic.pooling import transposed_size
from conv2d_cli.arithmetic.window import Axis, effective_kernel


class TransposedAxis(NamedTuple):
    """One spatial axis of a transposed convolution on one input; `padding` is cropped off both sides of the output."""

    size: int
    kernel: int
    stride: int
    dilation: int
    padding: int
    output_padding: int

    @property
    def output(self) -> int:
        """Elements of the output; below 1 where cropping leaves nothing."""
        axis = Axis(self.size, self.kernel, self.stride, self.dilation, self.padding, self.padding)
        return transposed_size(axis, self.output_padding)

    @property
    def equivalent(self) -> Axis:
        """The convolution that it equals, on the input with zeros inserted; cropped padding is negative there.

        Tap u of its window has the weight `kernel - 1 - u`.

        >>> TransposedAxis(3, kernel=3, stride=2, dilation=1, padding=1, output_padding=0).equivalent
        Axis(size=5, kernel=3, stride=1, dilation=1, before=1, after=1)
        """
        stuffed = (self.size - 1) * self.stride + 1
        before = effective_kernel(self.kernel, self.dilation) - 1 - self.padding
        return Axis(stuffed, self.kernel, 1, self.dilation, before, before + self.output_padding)

    @property
    def least_size(self) -> int:
        """The smallest input of which something is left.

        >>> TransposedAxis(1, kernel=3, stride=2, dilation=1, padding=2, output_padding=0).least_size
        2
        """
        cropped = 2 * self.padding - self.output_padding - (effective_kernel(self.kernel, self.dilation) - 1)
        return max(1, -(-cropped // self.stride) + 1)

    @property
    def unread(self) -> int:
        """Real elements at both ends of which nothing is left, as all that they make is cropped off."""
        axis = self.equivalent
        # Those at multiples of the stride, below the first window and behind the last.
        first, last = max(0, -axis.before), min(axis.size, axis.size + axis.after)
        read = (last - 1) // self.stride - (first - 1) // self.stride
        return self.size - max(0, read)


def elements_at(places: range, every: int, size: int) -> range:
    """Return which of `size` elements, `every` places from one another, stand at some of the places.

    They are what a window reads of an input with zeros inserted: the others of its taps fall on zeros.

    >>> [*elements_at(range(-1, 6, 3), every=2, size=4)]
    [1]
    """
    common = gcd(places.step, every)
    if places.start % common:
        return range(0)
    # Of `period` taps, one falls on an element; `first` is the first that does.
    period = every // common
    first = -(places.start // common) * pow(places.step // common, -1, period) % period
    found = places[first::period]
    if not found:
        return range(0)
    apart = found.step // every
    start, stop = found.start // every, -(-found.stop // every)
    begin = start if start >= 0 else start % apart
    return range(begin, max(begin, min(stop, size)), apart)
