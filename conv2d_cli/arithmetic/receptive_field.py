"""Receptive fields along one axis: which elements of the image an element of a later tensor is made from.

A field is exact, also behind layers that enlarge: it is kept for each phase of the output. Nothing is cut off at the
image's borders, as usual: A. Araujo, W. Norris and J. Sim, "Computing receptive fields of convolutional neural
networks", Distill 2019 (https://distill.pub/2019/computing-receptive-fields).
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

# Enlarging by a factor of a million would make a million phases: beyond this a field is not worked out.
_MOST_PHASES = 4096


class Span(NamedTuple):
    """The first and the last element of an interval."""

    first: int
    last: int


class Field(NamedTuple):
    """Output element `P * m + q` is made from elements `advance * m + spans[q]` of the image, with `P = len(spans)`."""

    advance: int
    spans: tuple[Span, ...]

    @property
    def size(self) -> int:
        """Elements that an output is made from, the most of all phases."""
        return max(span.last - span.first + 1 for span in self.spans)

    @property
    def stride(self) -> Fraction:
        """Elements of the image from one output to the next, on average."""
        return Fraction(self.advance, len(self.spans))

    @property
    def start(self) -> int:
        """The first element that output 0 is made from; negative where it reaches into padding."""
        return self.spans[0].first

    def of(self, element: Span) -> Span:
        """Return what the output elements of an interval are made from, together."""
        period = len(self.spans)
        (low, first), (high, last) = divmod(element.first, period), divmod(element.last, period)
        return Span(low * self.advance + self.spans[first].first, high * self.advance + self.spans[last].last)


# An image is made from itself.
IMAGE = Field(1, (Span(0, 0),))


def through_window(field: Field, kernel: int, stride: int, dilation: int, before: int) -> Field:
    """Return the field behind a window, as of a convolution or a pooling, with padding before the first element.

    >>> stem = through_window(IMAGE, kernel=7, stride=2, dilation=1, before=3)
    >>> behind = through_window(stem, kernel=3, stride=2, dilation=1, before=1)
    >>> behind.size, behind.stride, behind.start
    (11, Fraction(4, 1), -5)
    """
    reach = dilation * (kernel - 1)
    period = len(field.spans) // gcd(len(field.spans), stride)

    def read(output: int) -> Span:
        first = output * stride - before
        return Span(first, first + reach)

    return _composed(field, read, period, period * stride)


def through_enlarging(field: Field, factor: int, taps: int = 1) -> Field | None:
    """Return the field behind an enlargement by a whole factor; None where it has too many phases.

    `taps` are the neighbours that an output is interpolated from: 1 (nearest), 2 (linear) or 4 (cubic), with
    `align_corners=False`.

    >>> through_window(through_enlarging(IMAGE, 2), kernel=4, stride=1, dilation=1, before=0).size
    3
    """

    def read(output: int) -> Span:
        if taps == 1:
            return Span(output // factor, output // factor)
        # The centre of output i lies at (i + 1/2) / factor - 1/2.
        left = (2 * output + 1 - factor) // (2 * factor) - (taps // 2 - 1)
        return Span(left, left + taps - 1)

    period = len(field.spans) * factor
    return None if period > _MOST_PHASES else _composed(field, read, period, len(field.spans))


def through_transposed(field: Field, kernel: int, stride: int, dilation: int, before: int) -> Field | None:
    """Return the field behind a transposed convolution; None where it has too many phases.

    An output that no tap falls on is made from nothing: its span ends before it begins.

    >>> through_transposed(IMAGE, kernel=3, stride=2, dilation=1, before=1)
    Field(advance=1, spans=(Span(first=0, last=0), Span(first=0, last=1)))
    """

    def read(output: int) -> Span:
        # Input j makes output `j * stride + tap * dilation - before`; of the taps that fall on it each is `step` behind
        # the one before. A loop over all of a kernel of 2^62 would never end.
        offset = output + before
        first = next((tap for tap in range(min(kernel, step)) if (offset - tap * dilation) % stride == 0), None)
        if first is None:
            return Span(offset // stride + 1, offset // stride)
        last = first + (kernel - 1 - first) // step * step
        return Span((offset - last * dilation) // stride, (offset - first * dilation) // stride)

    step = stride // gcd(stride, dilation)
    period = len(field.spans) * stride
    return None if period > _MOST_PHASES else _composed(field, read, period, len(field.spans))


def joined(fields: Sequence[Field]) -> Field | None:
    """Return the smallest field that holds all of them, element by element; None where their strides differ.

    >>> narrow, wide = (through_window(IMAGE, kernel, 1, 1, kernel // 2) for kernel in (3, 7))
    >>> joined([narrow, wide]).size
    7
    """
    first = fields[0]
    # Fractions, compared crosswise: to make them takes longer than all the rest.
    if any(field.advance * len(first.spans) != first.advance * len(field.spans) for field in fields):
        return None
    period = lcm(*(len(field.spans) for field in fields))
    if period > _MOST_PHASES:
        return None
    spans = tuple(_hull(field.of(Span(phase, phase)) for field in fields) for phase in range(period))
    return Field(period * first.advance // len(first.spans), spans)


def _hull(spans: Iterable[Span]) -> Span:
    firsts, lasts = zip(*spans, strict=True)
    return Span(min(firsts), max(lasts))


def _composed(field: Field, read: Callable[[int], Span], period: int, read_on: int) -> Field:
    """Return the field of outputs that read an interval of those of `field`, which moves on by `read_on` a period."""
    return Field(read_on // len(field.spans) * field.advance, tuple(field.of(read(phase)) for phase in range(period)))
