"""What an element of a network sees, as a picture: the planes of layers side by side, and on each what is seen of it.

All planes show the same image, the smaller ones with fewer rows and columns. Their sides are drawn to a bent scale, so
that 7 rows beside 224 can still be read; what is seen of a plane is drawn to that plane's own straight scale.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.render.drawing.field_layers import Step, shown_layers
from conv2d_cli.render.drawing.field_words import (
    LINE,
    SMALL,
    TITLE,
    heading,
    labels_of,
    legend,
    title_and_description,
    told,
)
from conv2d_cli.render.drawing.model import Drawing, Labelled, Line, Rectangle, Text, box_of, text_width

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.render.drawing.model import Shape
    from conv2d_cli.render.drawing.palette import Role
    from conv2d_cli.report.draw_field import FieldReport, FieldRow

_MOST_PLANES = 7
_MARGIN, _GAP = 28.0, 38.0
# The longer side of the largest plane and of the smallest, and the most, in sides, with what is seen beyond the border.
_LARGEST, _SMALLEST, _MOST = 208.0, 76.0, 1.4
_LEAST = 4.0
# Where the tallest plane begins, below the heading, names and types; and what stands between it and the words.
_TOP = _MARGIN + TITLE + 5 * LINE + 12
_BELOW_NAMES, _ABOVE_SIZES, _ABOVE_LEGEND = LINE + 10, LINE + 4, LINE + 24
_BEND = 0.4
# A layer without rows and columns.
_BAR = (22.0, 84.0)


class Extent(NamedTuple):
    """Where something lies along one axis, in pixels, from the first row or column of a plane on."""

    first: float
    last: float

    @property
    def length(self) -> float:
        """Return how long it is."""
        return self.last - self.first


class DrawnPlane(NamedTuple):
    """A plane as it is drawn, from its own corner on: its sides, what is seen of it, and that with its padding."""

    step: Step
    height: float
    width: float
    rows: Extent | None
    columns: Extent | None
    padded_rows: Extent | None
    padded_columns: Extent | None

    @property
    def across(self) -> Extent:
        """Return where the plane, and what is seen of it, lie across."""
        return _hull(Extent(0, self.width), self.padded_columns)

    @property
    def down(self) -> Extent:
        """Return where the plane, and what is seen of it, lie down."""
        return _hull(Extent(0, self.height), self.padded_rows)


class PlacedPlane(NamedTuple):
    """A plane in its place: the left edge and the width of its column, and its own corner."""

    plane: DrawnPlane
    left: float
    room: float
    x: float
    y: float

    @property
    def middle(self) -> float:
        """Return the middle of its words: that of the plane, where these have room there."""
        half = _width_of_words(self.plane) / 2
        return min(max(self.x + self.plane.width / 2, self.left + half), self.left + self.room - half)


def drawing(report: FieldReport) -> Drawing:
    """Return the picture of a receptive field."""
    steps = shown_layers(report, _MOST_PLANES)
    longest = max((1, *(max(step.row.plane) for step in steps if step.row.plane)))
    planes = [_plane(step, longest) for step in steps]
    middle = _TOP + max(plane.height / 2 - plane.down.first for plane in planes)
    bottom = middle + max(plane.down.last - plane.height / 2 for plane in planes)
    columns = [*_columns(planes, middle)]
    below = bottom + _ABOVE_SIZES
    around = [*heading(report, _MARGIN, _MARGIN), *legend(steps, _MARGIN, below + _ABOVE_LEGEND)]
    shapes = [*around, *_pyramid(columns)]
    for column in columns:
        shapes += _texts(column, _TOP - _BELOW_NAMES, below)
    for before, column in pairwise(columns):
        shapes += _break(before, column, below)
    right = max(columns[-1].left + columns[-1].room, box_of(tuple(around)).right)
    height = below + _ABOVE_LEGEND + LINE + _MARGIN
    return Drawing(right + _MARGIN, height, *title_and_description(report, steps), tuple(shapes))


def _plane(step: Step, longest: int) -> DrawnPlane:
    row = step.row
    if row.plane is None:
        return DrawnPlane(step, _BAR[1], _BAR[0], Extent(0, _BAR[1]), Extent(0, _BAR[0]), None, None)
    side = _SMALLEST + (_LARGEST - _SMALLEST) * ((max(row.plane) / longest) ** _BEND)
    # What lies beyond the border is drawn to scale too, so that a plane in a far larger field becomes small.
    scale = min(side / max(1, *row.plane), *(_MOST * side / _hull_of(size, ends) for size, ends in _axes(row)))
    height, width = (max(_LEAST, size * scale) for size in row.plane)
    spans = [
        _span(ends, size, length)
        for ends, size, length in (
            (row.rows, row.plane[0], height),
            (row.columns, row.plane[1], width),
            (row.padded_rows, row.plane[0], height),
            (row.padded_columns, row.plane[1], width),
        )
    ]
    return DrawnPlane(step, height, width, *spans)


def _axes(row: FieldRow) -> list[tuple[int, tuple[int, ...] | None]]:
    return [*zip(row.plane or (), (row.padded_rows, row.padded_columns), strict=True)]


def _hull_of(size: int, ends: tuple[int, ...] | None) -> int:
    first, last = ends or (0, size - 1)
    return max(1, max(last + 1, size) - min(first, 0))


def _span(ends: tuple[int, ...] | None, size: int, length: float) -> Extent | None:
    """Return where rows or columns lie on a side of a length; one element is drawn so that it can be seen."""
    if not ends or not size:
        return None
    first, last = (place * length / size for place in (ends[0], ends[1] + 1))
    missing = max(0.0, _LEAST - (last - first)) / 2
    # What is inside stays inside.
    low = min(max(first - missing, 0.0), length - _LEAST) if missing and 0 <= ends[0] < size else first - missing
    return Extent(low, low + (last - first) + 2 * missing)


def _hull(one: Extent, other: Extent | None) -> Extent:
    return one if other is None else Extent(min(one.first, other.first), max(one.last, other.last))


def _columns(planes: Sequence[DrawnPlane], middle: float) -> Iterator[PlacedPlane]:
    left = _MARGIN
    for plane in planes:
        room = max(plane.across.length, _width_of_words(plane))
        x = left + (room - plane.across.length) / 2 - plane.across.first
        yield PlacedPlane(plane, left, room, x, middle - plane.height / 2)
        left += room + _GAP


def _width_of_words(plane: DrawnPlane) -> float:
    return max(text_width(words, size) for words, size, _ in labels_of(plane.step.row))


def _texts(column: PlacedPlane, above: float, below: float) -> Iterator[Shape]:
    lines = (above, above + LINE, below, below + LINE)
    for (words, size, bold), y in zip(labels_of(column.plane.step.row), lines, strict=True):
        if not words:
            continue
        yield Text(column.middle, y, words, size, "middle", "ink" if bold else "soft", bold)


def _break(before: PlacedPlane, column: PlacedPlane, y: float) -> Iterator[Shape]:
    """Yield how many layers are left out between two planes, between their labels."""
    if column.plane.step.left_out:
        middle = (before.left + before.room + column.left) / 2
        yield Text(middle, y, f"+{column.plane.step.left_out}", SMALL, "middle", "soft")


def _pyramid(columns: Sequence[PlacedPlane]) -> Iterator[Shape]:
    """Yield the planes with what is seen of them, and the edges of the pyramid from each to the next."""
    last = columns[-1]
    for column in columns:
        yield _drawn_plane(column, "output" if column is last else "input")
    for column in columns:
        yield from _region(column, "result" if column is last else "tap")
    for before, column in pairwise(columns):
        yield from _edges(before, column)


def _drawn_plane(column: PlacedPlane, fill: Role) -> Shape:
    plane = column.plane
    is_unknown = plane.step.row.rows is None and plane.step.row.plane is not None
    where = (column.x, column.y, plane.width, plane.height)
    return Rectangle(*where, "unused" if is_unknown else fill, "rule", hatched=is_unknown)


def _region(column: PlacedPlane, fill: Role) -> Iterator[Shape]:
    plane = column.plane
    row = plane.step.row
    shapes: list[Shape] = []
    if plane.padded_rows and plane.padded_columns and (row.padded_rows, row.padded_columns) != (row.rows, row.columns):
        shapes.append(_rectangle(column, plane.padded_rows, plane.padded_columns, None, dashed=True))
    if plane.rows and plane.columns:
        shapes.append(_rectangle(column, plane.rows, plane.columns, fill, dashed=False))
    if shapes:
        yield Labelled(told(row), tuple(shapes))


def _rectangle(column: PlacedPlane, rows: Extent, columns: Extent, fill: Role | None, *, dashed: bool) -> Shape:
    return Rectangle(
        *(column.x + columns.first, column.y + rows.first, columns.length, rows.length),
        *(fill, "window", 1.2 if dashed else 1.8),
        dashed=dashed,
    )


def _edges(before: PlacedPlane, column: PlacedPlane) -> Iterator[Shape]:
    sides = [(_outer(one.plane, one.x, one.y)) for one in (before, column)]
    if None in sides:
        return
    (_, right, top, bottom), (left, _, next_top, next_bottom) = (side for side in sides if side)
    yield Line(right, top, left, next_top, "window", 1)
    yield Line(right, bottom, left, next_bottom, "window", 1)


def _outer(plane: DrawnPlane, x: float, y: float) -> tuple[float, float, float, float] | None:
    """Return the left, right, top and bottom of what is seen of a plane, its padding included."""
    rows, columns = plane.padded_rows or plane.rows, plane.padded_columns or plane.columns
    if not rows or not columns:
        return None
    return x + columns.first, x + columns.last, y + rows.first, y + rows.last
