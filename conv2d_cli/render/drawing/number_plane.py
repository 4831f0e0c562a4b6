"""A plane whose cells hold numbers, as shapes: numbers of rows and columns, breaks, and the edge of a window."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.render.drawing.model import ASCENT, Labelled, Rectangle, Text, text_width
from conv2d_cli.render.drawing.terminal_positions import is_break

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from conv2d_cli.render.drawing.model import Shape
    from conv2d_cli.render.drawing.palette import Role

_TITLE, _NUMBER, _RULER = 12, 13, 10
_HEIGHT, _NARROWEST, _INNER = 32, 34, 7
# What is left out takes the room of an ellipsis.
_BREAK = 24
_ELLIPSIS = "…"
# From the middle of a line of dots to its baseline.
_DOTS = 3
_EDGE = 3


class Cell(NamedTuple):
    """What stands in a cell, its colour, and what a pointer on it is told."""

    text: str
    fill: Role
    label: str
    dashed: bool = False
    hatched: bool = False


class NumberPlane(NamedTuple):
    """Rows and columns that are shown, the cell where they meet, and the rows and columns of a window on them."""

    title: str
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    cell: Callable[[int, int], Cell]
    window: tuple[range, range] | None = None


def plane_shapes(plane: NumberPlane) -> tuple[tuple[Shape, ...], float]:
    """Return the shapes from (0, 0) on, and the height at which the middle of the cells is."""
    cells = {(row, column): plane.cell(row, column) for row in plane.rows for column in plane.columns}
    widths = _widths(plane.columns, cells)
    left = _ruler(plane.rows)
    top = 2 * _TITLE + 1.6 * _RULER
    x = _places(plane.columns, left, widths)
    y = _places(plane.rows, top, dict.fromkeys(plane.rows, _HEIGHT))
    shapes = [
        Text(left, _TITLE, plane.title, _TITLE, fill="soft"),
        *_rulers(x, y, left, top),
        *_breaks(x, y),
        *(_cell(cell, x[column], y[row]) for (row, column), cell in cells.items()),
        *_edge(plane, x, y),
    ]
    return tuple(shapes), (top + y[plane.rows[-1]].end) / 2


class Stretch(NamedTuple):
    """Where a row or a column begins and ends."""

    start: float
    end: float

    @property
    def middle(self) -> float:
        """Return its middle."""
        return (self.start + self.end) / 2


def _ruler(numbers: Sequence[int]) -> float:
    return max(text_width(str(number), _RULER) for number in numbers) + _INNER


def _widths(columns: Sequence[int], cells: Mapping[tuple[int, int], Cell]) -> dict[int, float]:
    """Return the width of each column: of those that hold numbers the same, of others what theirs needs above."""
    empty = max(_NARROWEST, _ruler(columns))
    widest = max(text_width(cell.text, _NUMBER) + 2 * _INNER for cell in cells.values())
    numbered = {column for (_, column), cell in cells.items() if cell.text}
    return {column: max(empty, widest) if column in numbered else empty for column in columns}


def _places(numbers: Sequence[int], start: float, sizes: Mapping[int, float]) -> dict[int, Stretch]:
    """Return where each row or column lies."""
    places = {numbers[0]: Stretch(start, start + sizes[numbers[0]])}
    for before, number in pairwise(numbers):
        begin = places[before].end + _BREAK * is_break(before, number)
        places[number] = Stretch(begin, begin + sizes[number])
    return places


def _rulers(x: Mapping[int, Stretch], y: Mapping[int, Stretch], left: float, top: float) -> Iterator[Shape]:
    """Return the numbers above the columns and in front of the rows."""
    for column, place in x.items():
        yield Text(place.middle, top - _INNER, str(column), _RULER, "middle", "soft")
    for row, place in y.items():
        yield Text(left - _INNER, _baseline(place, _RULER), str(row), _RULER, "end", "soft")


def _baseline(row: Stretch, size: float) -> float:
    """Return where a text stands that is in the middle of a row."""
    return row.middle + ASCENT * size / 2 - 1


def _cell(cell: Cell, column: Stretch, row: Stretch) -> Shape:
    box = column.start, row.start, column.end - column.start, row.end - row.start
    shapes: list[Shape] = [Rectangle(*box, cell.fill, "rule", dashed=cell.dashed, hatched=cell.hatched)]
    if cell.text:
        shapes.append(Text(column.middle, _baseline(row, _NUMBER), cell.text, _NUMBER, "middle"))
    return Labelled(cell.label, tuple(shapes))


def _breaks(x: Mapping[int, Stretch], y: Mapping[int, Stretch]) -> Iterator[Shape]:
    """Return an ellipsis in each gap between columns, at every row, and between rows, at every column."""
    for gap in _gaps(x):
        yield from (_ellipsis(gap.middle, _baseline(row, _NUMBER)) for row in y.values())
    for gap in _gaps(y):
        yield from (_ellipsis(column.middle, gap.middle + _DOTS) for column in x.values())


def _gaps(places: Mapping[int, Stretch]) -> Iterator[Stretch]:
    for before, number in pairwise(places):
        if is_break(before, number):
            yield Stretch(places[before].end, places[number].start)


def _ellipsis(x: float, y: float) -> Text:
    return Text(x, y, _ELLIPSIS, _NUMBER, "middle", "soft")


def _edge(plane: NumberPlane, x: Mapping[int, Stretch], y: Mapping[int, Stretch]) -> Iterator[Shape]:
    if plane.window is None:
        return
    rows, columns = plane.window
    left, top = x[columns[0]].start, y[rows[0]].start
    size = x[columns[-1]].end - left, y[rows[-1]].end - top
    yield Rectangle(left, top, *size, stroke="window", stroke_width=_EDGE)
