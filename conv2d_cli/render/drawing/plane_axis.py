"""Which elements of an axis a picture draws, and where: all of a short one, else parts of it with breaks between."""

from __future__ import annotations

from bisect import bisect_left
from itertools import chain, pairwise
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.render.drawing.model import text_width
from conv2d_cli.report.draw_transposed import elements_read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from conv2d_cli.report.draw import AxisRow

# More cells than these on an axis are not told apart at a glance. A break takes a cell.
MOST_CELLS = 26
# From this size on fewer cells are drawn: numbers of five digits make the breaks wide.
_LONG_NUMBERS, _FEW_CELLS = 10_000, 18
# More breaks on an axis take longer to read than what they save.
_MOST_BREAKS = 4
LEFT_OUT = "…"
# Elements between zeros that a window reads, of those that are wanted first.
_MOST_READ = 4
NUMBER_SIZE = 10
_LEAST_BREAK = 16
_AROUND_A_NUMBER = 8


class Break(NamedTuple):
    """Where elements are left out, and how many: `offset` and `length` are pixels."""

    offset: float
    length: float
    left_out: int

    @property
    def words(self) -> str:
        """Return what stands where their numbers would."""
        return _left_out(self.left_out)


class Track(NamedTuple):
    """The drawn elements of an axis, each with the offset of its cell in pixels, and the breaks between."""

    offsets: dict[int, float]
    breaks: tuple[Break, ...]
    cell: float
    length: float

    def span(self, first: int, last: int) -> tuple[float, float]:
        """Return where a stretch begins and how long it is; both of its ends are drawn."""
        start = self.offsets[first]
        return start, self.offsets[last] + self.cell - start


def drawn_elements(elements: range, wanted: Iterable[int], most: int) -> tuple[int, ...]:
    """Return the elements that are drawn: all where there is room, else the ends and those that are wanted most.

    >>> drawn_elements(range(100), (50, 51, 7), most=8)
    (0, 7, 50, 51, 99)
    """
    if elements.stop - elements.start <= most:
        return tuple(elements)
    chosen = [elements.start, elements.stop - 1]
    breaks = 1
    for element in wanted:
        place = bisect_left(chosen, element)
        if element not in elements or chosen[place] == element:
            continue
        before, after = chosen[place - 1], chosen[place]
        more = (element - before > 1) + (after - element > 1) - 1
        if breaks + more <= _MOST_BREAKS and len(chosen) + 1 + breaks + more <= most:
            chosen.insert(place, element)
            breaks += more
    # A break that leaves out one element takes as much room as the element.
    between = (before + 1 for before, after in pairwise(chosen) if after - before == 2)  # noqa: PLR2004
    return tuple(sorted([*chosen, *between]))


def drawn_of_input(axis: AxisRow, outputs: Sequence[int]) -> tuple[int, ...]:
    """Return the elements of the padded input that are drawn where the windows of some outputs are looked at."""
    return drawn_elements(axis.positions, _wanted_of_input(axis, outputs), _most(axis))


def drawn_of_output(axis: AxisRow, outputs: Sequence[int]) -> tuple[int, ...]:
    """Return the elements of the output that are drawn."""
    wanted = chain(outputs, _growing([*outputs, 0, axis.outputs - 1]))
    return drawn_elements(range(axis.outputs), wanted, _most(axis))


def _most(axis: AxisRow) -> int:
    return MOST_CELLS if axis.padded < _LONG_NUMBERS else _FEW_CELLS


def _wanted_of_input(axis: AxisRow, outputs: Sequence[int]) -> Iterator[int]:
    """Yield elements of the input by how much they tell of the windows of some outputs."""
    windows = [axis.window(output) for output in outputs]
    for window in windows:
        yield from (window[0], window[-1], window.start - 1, window.stop)
    if axis.inserted:
        # Few of the taps fall on an element: these tell most.
        for output in outputs:
            yield from (element * (axis.inserted + 1) for element in elements_read(axis, output)[:_MOST_READ])
    for window in windows:
        # The second tap tells how far apart they are.
        yield from (window.start + axis.dilation, window.stop - 1 - axis.dilation)
    yield from (-1, 0, axis.size - 1, axis.size)
    ends = (end for window in windows for end in (window.start, window.stop - 1))
    yield from _growing([*ends, axis.positions.start, axis.positions.stop - 1])


def _growing(places: Sequence[int]) -> Iterator[int]:
    for step in range(1, MOST_CELLS):
        for place in places:
            yield from (place + step, place - step)


def column_track(elements: Sequence[int], cell: float) -> Track:
    """Return where columns lie; a break is as wide as the number of columns that it leaves out."""
    return _track(elements, cell, lambda words: text_width(words, NUMBER_SIZE) + _AROUND_A_NUMBER)


def row_track(elements: Sequence[int], cell: float) -> Track:
    """Return where rows lie."""
    return _track(elements, cell, lambda _: 0)


def _track(elements: Sequence[int], cell: float, length_of: Callable[[str], float]) -> Track:
    offsets: dict[int, float] = {}
    breaks: list[Break] = []
    place, previous = 0.0, elements[0]
    for element in elements:
        left_out = element - previous - 1
        if left_out > 0:
            length = max(_LEAST_BREAK, length_of(_left_out(left_out)))
            breaks.append(Break(place, length, left_out))
            place += length
        offsets[element] = place
        place += cell
        previous = element
    return Track(offsets, tuple(breaks), cell, place)


def _left_out(count: int) -> str:
    return f"{LEFT_OUT}{count}"
