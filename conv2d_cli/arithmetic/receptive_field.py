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

# Enlarging by a factor of a million would make a million phases: beyond this a field is not worked out. Where a later
# phase may reach less far than an earlier one, a window has to look at many elements, and not at its two ends alone.
_MOST_PHASES, _MOST_UNORDERED = 4096, 256


class Span(NamedTuple):
    """The first and the last element of an interval, which ends before it begins where it has none."""

    first: int
    last: int


_NOTHING = Span(0, -1)


class Field(NamedTuple):
    """Output element `P * m + q` is made from elements `advance * m + spans[q]` of the image, with `P = len(spans)`.

    Of a single layer it is made from every `step`-th element of a span; behind several it may be made from any.
    """

    advance: int
    spans: tuple[Span, ...]
    step: int = 1

    @property
    def size(self) -> int:
        """Elements that an output is made from, the most of all phases."""
        return max(span.last - span.first + 1 for span in self.spans)

    @property
    def stride(self) -> Fraction:
        """Elements of the image from one output to the next, on average."""
        return Fraction(self.advance, len(self.spans))

    @property
    def start(self) -> int | None:
        """The first element that output 0 is made from; negative in padding, None where it is made from nothing."""
        first, last = self.spans[0]
        return None if last < first else first

    @property
    def is_ordered(self) -> bool:
        """Whether every output is made from something, and none from elements before those of the output before it."""
        firsts, lasts = zip(*self.spans, self.at(len(self.spans)), strict=True)
        holds = all(first <= last for first, last in self.spans)
        return holds and all(ends == tuple(sorted(ends)) for ends in (firsts, lasts))

    @property
    def is_gapless(self) -> bool:
        """Whether outputs that follow one another are made from all elements of an interval."""
        following = zip(self.spans, (*self.spans[1:], self.at(len(self.spans))), strict=True)
        return self.step == 1 and self.is_ordered and all(after.first <= one.last + 1 for one, after in following)

    def of(self, elements: Span, step: int = 1) -> Span:
        """Return what every `step`-th output element from the first to the last is made from, together."""
        return self._read(elements, step, 1 if self.is_ordered else self._cycle(step))

    def _cycle(self, step: int) -> int:
        """How many elements, each a step behind the one before, have phases of their own."""
        return len(self.spans) // gcd(len(self.spans), step)

    def _read(self, elements: Span, step: int, ends: int) -> Span:
        """Return what elements are made from, which as many at either end decide as `ends` says."""
        if elements.last < elements.first:
            return _NOTHING
        read = range(elements.first, elements.last + 1, step)
        return _hull(map(self.at, (*read[:ends], *read[-ends:])))

    def at(self, element: int) -> Span:
        """Return what one output element is made from."""
        times, phase = divmod(element, len(self.spans))
        first, last = self.spans[phase]
        return Span(times * self.advance + first, times * self.advance + last) if first <= last else _NOTHING


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

    return _composed(field, read, dilation, period, period * stride)


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
        # The centre of output i lies at (i + 1/2) / factor - 1/2: on an element, which is taken as it is, or between.
        left, beyond = divmod(2 * output + 1 - factor, 2 * factor)
        return Span(left - taps // 2 + 1, left + taps // 2) if beyond else Span(left, left)

    period = len(field.spans) * factor
    return None if period > _MOST_PHASES else _bounded(_composed(field, read, 1, period, len(field.spans)))


def through_transposed(field: Field, kernel: int, stride: int, dilation: int, before: int) -> Field | None:
    """Return the field behind a transposed convolution; None where it has too many phases.

    An output that no tap falls on is made from nothing: its span ends before it begins.

    >>> through_transposed(IMAGE, kernel=3, stride=2, dilation=1, before=1)
    Field(advance=1, spans=(Span(first=0, last=0), Span(first=0, last=1)), step=1)
    """
    # Input j makes output `j * stride + tap * dilation - before`: of the taps that fall on an output each is
    # `every` behind the one before, and their inputs lie `apart`.
    common = gcd(stride, dilation)
    every, apart = stride // common, dilation // common
    inverse = pow(apart, -1, every)

    def read(output: int) -> Span:
        offset = output + before
        first = offset // common * inverse % every
        if offset % common or first >= kernel:
            return _NOTHING
        last = first + (kernel - 1 - first) // every * every
        return Span((offset - last * dilation) // stride, (offset - first * dilation) // stride)

    period = len(field.spans) * stride
    return None if period > _MOST_PHASES else _bounded(_composed(field, read, apart, period, len(field.spans)))


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
    spans = tuple(_hull(field.at(phase) for field in fields) for phase in range(period))
    return _bounded(Field(period * first.advance // len(first.spans), spans))


def _hull(spans: Iterable[Span]) -> Span:
    some = [span for span in spans if span.first <= span.last]
    return Span(min(span.first for span in some), max(span.last for span in some)) if some else _NOTHING


def _composed(field: Field, read: Callable[[int], Span], step: int, period: int, read_on: int) -> Field:
    """Return the field of outputs that read every `step`-th element of an interval, `read_on` further each period."""
    ends = 1 if field.is_ordered else field._cycle(step)  # noqa: SLF001 - a part of fields
    spans = tuple(field._read(read(phase), step, ends) for phase in range(period))  # noqa: SLF001
    apart = step if field == IMAGE and any(span.first < span.last for span in spans) else 1
    return Field(read_on // len(field.spans) * field.advance, spans, apart)


def _bounded(field: Field) -> Field | None:
    return field if len(field.spans) <= _MOST_UNORDERED or field.is_ordered else None
