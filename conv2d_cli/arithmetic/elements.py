"""The elements of one axis that an output is made from, layer by layer back: which they are, and not only how many.

They are a range where there are no gaps, which most layers take to a range without a loop, else the sorted places.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.arithmetic.receptive_field import Span

if TYPE_CHECKING:
    from collections.abc import Collection

    from conv2d_cli.arithmetic.receptive_field import Field

Elements = range | tuple[int, ...]

NOTHING = range(0)
# Of more elements with gaps between them, as behind a stride of more than the kernel, all between are taken too.
_MOST_PLACES = 16384


def read_by(field: Field, outputs: Elements) -> Elements:
    """Return the elements that outputs of one layer are made from.

    >>> from conv2d_cli.arithmetic.receptive_field import IMAGE, through_window
    >>> read_by(through_window(IMAGE, kernel=3, stride=2, dilation=1, before=1), range(2, 4))
    range(3, 8)
    >>> read_by(through_window(IMAGE, kernel=2, stride=1, dilation=3, before=0), range(2, 4))
    (2, 3, 5, 6)
    """
    if not outputs:
        return NOTHING
    ends = field.at(outputs[0]), field.at(outputs[-1])
    # One output is made from all of its span, whatever those beside it are made from.
    if isinstance(outputs, range) and (field.is_gapless or (len(outputs) == 1 and field.step == 1)):
        return range(ends[0].first, ends[1].last + 1)
    taps = max(span.last - span.first for span in field.spans) // field.step + 1
    if len(outputs) * taps > _MOST_PLACES:
        first, last = field.of(Span(outputs[0], outputs[-1]))
        return range(first, last + 1)
    spans = [field.at(output) for output in outputs]
    return _of_places({place for span in spans for place in range(span.first, span.last + 1, field.step)})


def within(elements: Elements, size: int) -> Elements:
    """Return the elements that an axis of a size has.

    >>> within(range(-3, 9), 6), within((-2, 0, 2), 1)
    (range(0, 6), range(0, 1))
    """
    if isinstance(elements, range):
        first, stop = max(elements.start, 0), min(elements.stop, size)
        return range(first, stop) if first < stop else NOTHING
    return _of_places([place for place in elements if 0 <= place < size])


def together(some: Elements, others: Elements) -> Elements:
    """Return the elements of both.

    >>> together(range(0, 3), range(3, 5)), together(range(0, 2), range(4, 5))
    (range(0, 5), (0, 1, 4))
    """
    if not some or not others:
        return some or others
    low, high = sorted((some, others), key=lambda one: one[0])
    if isinstance(low, range) and isinstance(high, range) and high.start <= low.stop:
        return range(low.start, max(low.stop, high.stop))
    if len(some) + len(others) > _MOST_PLACES:
        return range(low[0], max(low[-1], high[-1]) + 1)
    return _of_places({*some, *others})


def _of_places(places: Collection[int]) -> Elements:
    if not places:
        return NOTHING
    first, last = min(places), max(places)
    return range(first, last + 1) if last - first + 1 == len(places) else tuple(sorted(places))
