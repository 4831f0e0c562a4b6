"""A plane whose cells hold numbers, as shapes: numbers of rows and columns, breaks, and the edge of a window."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.render.drawing.model import ASCENT, Labelled, Rectangle, Text, text_width
from conv2d_cli.render.drawing.terminal_positions import is_break

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from conv2d_cli.render.drawing.model import Shape
    from conv2d_cli.render.drawing.palette import Role

_TITLE, _NUMBER, _RULER = 12, 13, 10
_HEIGHT, _NARROWEST, _INNER = 32, 34, 7
# What is left out takes the room of an ellipsis.
_BREAK = 24
_ELLIPSIS = "…"
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
    texts = (cell.text for cell in cells.values())
    width = max(_NARROWEST, *(text_width(text, _NUMBER) + 2 * _INNER for text in texts), _ruler(plane.columns))
    left = _ruler(plane.rows)
    top = 2 * _TITLE + 1.6 * _RULER
    x, y = _places(plane.columns, left, width), _places(plane.rows, top, _HEIGHT)
    shapes = [
        Text(left, _TITLE, plane.title, _TITLE, fill="soft"),
        *_rulers(x, y, width, left, top),
        *_breaks(plane, x, y, width),
        *(_cell(cell, x[column], y[row], width) for (row, column), cell in cells.items()),
        *_edge(plane, x, y, width),
    ]
    return tuple(shapes), (top + y[plane.rows[-1]] + _HEIGHT) / 2


def _ruler(numbers: Sequence[int]) -> float:
    return max(text_width(str(number), _RULER) for number in numbers) + _INNER


def _places(numbers: Sequence[int], start: float, size: float) -> dict[int, float]:
    """Return where each row or column begins."""
    place, places = start, {numbers[0]: start}
    for before, number in pairwise(numbers):
        place += size + _BREAK * is_break(before, number)
        places[number] = place
    return places


def _rulers(x: dict[int, float], y: dict[int, float], width: float, left: float, top: float) -> Iterator[Shape]:
    """Return the numbers above the columns and in front of the rows."""
    for column, place in x.items():
        yield Text(place + width / 2, top - _INNER, str(column), _RULER, "middle", "soft")
    for row, place in y.items():
        yield Text(left - _INNER, _baseline(place, _RULER), str(row), _RULER, "end", "soft")


def _baseline(top: float, size: float) -> float:
    """Return where a text stands that is in the middle of a cell."""
    return top + _HEIGHT / 2 + ASCENT * size / 2 - 1


def _cell(cell: Cell, x: float, y: float, width: float) -> Shape:
    shapes: list[Shape] = [Rectangle(x, y, width, _HEIGHT, cell.fill, "rule", dashed=cell.dashed, hatched=cell.hatched)]
    if cell.text:
        shapes.append(Text(x + width / 2, _baseline(y, _NUMBER), cell.text, _NUMBER, "middle"))
    return Labelled(cell.label, tuple(shapes))


def _breaks(plane: NumberPlane, x: dict[int, float], y: dict[int, float], width: float) -> Iterator[Shape]:
    """Return an ellipsis in each gap between columns, at every row, and between rows, at every column."""
    for before, column in pairwise(plane.columns):
        if is_break(before, column):
            middle = x[column] - _BREAK / 2
            yield from (
                Text(middle, _baseline(place, _NUMBER), _ELLIPSIS, _NUMBER, "middle", "soft") for place in y.values()
            )
    for before, row in pairwise(plane.rows):
        if is_break(before, row):
            middle = y[row] - _BREAK / 2 + 3
            yield from (Text(place + width / 2, middle, _ELLIPSIS, _NUMBER, "middle", "soft") for place in x.values())


def _edge(plane: NumberPlane, x: dict[int, float], y: dict[int, float], width: float) -> Iterator[Shape]:
    if plane.window is None:
        return
    rows, columns = plane.window
    left, top = x[columns[0]], y[rows[0]]
    yield Rectangle(
        left,
        top,
        x[columns[-1]] + width - left,
        y[rows[-1]] + _HEIGHT - top,
        stroke="window",
        stroke_width=_EDGE,
    )
