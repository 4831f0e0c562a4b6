"""A plane of elements on the canvas: cells, the numbers of rows and columns beside them, breaks, and what is marked."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.render.drawing.model import Line, Polygon, Rectangle, Text, text_width
from conv2d_cli.render.drawing.plane_axis import NUMBER_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from conv2d_cli.render.drawing.model import Anchor
    from conv2d_cli.render.drawing.palette import Role
    from conv2d_cli.render.drawing.plane_axis import Track

# From the edge of a plane to the numbers beside it.
_TO_NUMBERS = 7
_BETWEEN_NUMBERS = 5
# How far a number may stand out over the plane that it belongs to.
_OVERHANG = 24
_ZIGZAG_STEP, _ZIGZAG, _THIN = 9, 3, 0.6


class Look(NamedTuple):
    """How an element is drawn: its colour, and what tells it from others without colours."""

    fill: Role
    stroke: Role = "rule"
    dashed: bool = False
    hatched: bool = False


LOOKS: dict[str, Look] = {
    "zero": Look("zero", dashed=True),
    "repeated": Look("repeated"),
    "unused": Look("unused", hatched=True),
    "input": Look("input"),
    "tap": Look("tap"),
    "tap_on_zero": Look("zero", "tap", dashed=True, hatched=True),
    "output": Look("output"),
    "result": Look("result", "window"),
}


class Grid(NamedTuple):
    """A plane whose first cell has its upper left corner at (x, y)."""

    x: float
    y: float
    rows: Track
    columns: Track

    @property
    def right(self) -> float:
        """Return the right edge."""
        return self.x + self.columns.length

    @property
    def bottom(self) -> float:
        """Return the lower edge."""
        return self.y + self.rows.length

    def cell(self, row: int, column: int, look: Look, stroke_width: float = 1) -> Rectangle:
        """Return an element."""
        return Rectangle(
            self.x + self.columns.offsets[column],
            self.y + self.rows.offsets[row],
            self.columns.cell,
            self.rows.cell,
            look.fill,
            look.stroke,
            stroke_width,
            dashed=look.dashed,
            hatched=look.hatched,
        )

    def cells(self, kind: Callable[[int, int], str]) -> Iterator[Rectangle]:
        """Yield every element, row by row, as it looks by its kind; dashed edges first, which others may cover."""
        drawn = [
            self.cell(row, column, LOOKS[kind(row, column)])
            for row in self.rows.offsets
            for column in self.columns.offsets
        ]
        yield from sorted(drawn, key=lambda cell: not cell.dashed)

    def edge(self, rows: tuple[int, int], columns: tuple[int, int], stroke_width: float) -> Rectangle:
        """Return the edge of a window from its first to its last row and column."""
        top, height = self.rows.span(*rows)
        left, width = self.columns.span(*columns)
        return Rectangle(self.x + left, self.y + top, width, height, None, "window", stroke_width)

    def break_marks(self) -> Iterator[Polygon]:
        """Yield a zigzag through the middle of each break."""
        for found in self.columns.breaks:
            middle = self.x + found.offset + found.length / 2
            yield _zigzag([(middle + shift, y) for shift, y in _swings(self.y, self.bottom)], _THIN, 0)
        for found in self.rows.breaks:
            middle = self.y + found.offset + found.length / 2
            yield _zigzag([(x, middle + shift) for shift, x in _swings(self.x, self.right)], 0, _THIN)

    def column_numbers(self, names: Mapping[int, tuple[str, Role]]) -> Iterator[Text]:
        """Yield numbers above the columns, of those that have a name as many as fit; the outer ones come first."""
        y = self.y - _TO_NUMBERS
        middles = {place: self.x + offset + self.columns.cell / 2 for place, offset in self.columns.offsets.items()}
        texts = [
            Text(self.x + found.offset + found.length / 2, y, found.words, NUMBER_SIZE, "middle", "soft")
            for found in self.columns.breaks
        ]
        texts += [
            Text(self._inside(middles[place], words), y, words, NUMBER_SIZE, "middle", role)
            for place, (words, role) in _outer_first(self.columns, names)
        ]
        yield from _those_that_fit(texts)

    def row_numbers(self, names: Mapping[int, tuple[str, Role]], *, on_the_right: bool) -> Iterator[Text]:
        """Yield numbers beside the rows that have a name."""
        x = self.right + _TO_NUMBERS if on_the_right else self.x - _TO_NUMBERS
        anchor: Anchor = "start" if on_the_right else "end"
        lower = NUMBER_SIZE * 0.35
        for found in self.rows.breaks:
            y = self.y + found.offset + found.length / 2 + lower
            yield Text(x, y, found.words, NUMBER_SIZE, anchor, "soft")
        for place, (words, role) in names.items():
            y = self.y + self.rows.offsets[place] + self.rows.cell / 2 + lower
            yield Text(x, y, words, NUMBER_SIZE, anchor, role)

    def _inside(self, middle: float, words: str) -> float:
        half = text_width(words, NUMBER_SIZE) / 2
        return max(self.x - _OVERHANG + half, min(self.right + _OVERHANG - half, middle))


def width_of_numbers(track: Track, names: Iterable[tuple[str, Role]]) -> float:
    """Return the room that the numbers beside the rows take."""
    words = [found.words for found in track.breaks] + [words for words, _ in names]
    return _TO_NUMBERS + max((text_width(one, NUMBER_SIZE) for one in words), default=0)


def pointer(window: Rectangle, cell: Rectangle) -> tuple[Line, Line]:
    """Return the lines from a window to the element that it makes, on its right."""
    right = window.x + window.width
    return (
        Line(right, window.y, cell.x, cell.y, "window", 1),
        Line(right, window.y + window.height, cell.x, cell.y + cell.height, "window", 1),
    )


def _outer_first(track: Track, names: Mapping[int, tuple[str, Role]]) -> list[tuple[int, tuple[str, Role]]]:
    """Return the names with those beside an end or a break first, which say what the others are."""
    places = [*track.offsets]
    outer = {places[0], places[-1]}
    outer |= {place for one, other in pairwise(places) if other - one > 1 for place in (one, other)}
    return sorted(names.items(), key=lambda item: item[0] not in outer)


def _those_that_fit(texts: Sequence[Text]) -> Iterator[Text]:
    taken: list[tuple[float, float]] = []
    for text in texts:
        left, _, right, _ = text.box
        if all(right + _BETWEEN_NUMBERS <= start or end + _BETWEEN_NUMBERS <= left for start, end in taken):
            taken.append((left, right))
            yield text


def _swings(start: float, end: float) -> list[tuple[float, float]]:
    """Return how far to the side, and where along."""
    number = max(2, round((end - start) / _ZIGZAG_STEP))
    return [((_ZIGZAG, -_ZIGZAG)[turn % 2], start + (end - start) * turn / number) for turn in range(number + 1)]


def _zigzag(points: Sequence[tuple[float, float]], right: float, down: float) -> Polygon:
    """Return a line through points as a thin area: there, and back beside it."""
    there = ((x - right, y - down) for x, y in points)
    back = ((x + right, y + down) for x, y in reversed(points))
    return Polygon((*there, *back), "soft")
