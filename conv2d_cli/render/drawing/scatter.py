"""Points of a plot in the cells of a terminal: dots of Braille, and signs for those that are more than a dot."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import PLAIN, Span

if TYPE_CHECKING:
    from conv2d_cli.render.blocks import Line

# Dots of a cell, and the bit of each in the code of its sign (Unicode, Braille Patterns): columns, then rows.
_COLUMNS, _ROWS = 2, 4
_BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_NO_DOTS = 0x2800
_BLANK = Span(" ")


class Canvas:
    """Cells that are marked at places from 0 to 1, `x` to the right and `y` upwards.

    >>> canvas = Canvas(3, 1)
    >>> canvas.dot(0.0, 1.0)
    >>> canvas.sign(1.0, 0.0, Span("a"))
    >>> [[span.text for span in line] for line in canvas.lines()]
    [['⠁ a']]
    """

    def __init__(self, width: int, height: int) -> None:
        """Begin with empty cells."""
        self._width, self._height = width, height
        self._dots: dict[tuple[int, int], int] = {}
        self._votes: dict[tuple[int, int], Counter[Span]] = {}
        self._signs: dict[tuple[int, int], Span] = {}

    def dot(self, x: float, y: float) -> None:
        """Draw a dot, the smallest mark there is."""
        column, row = _place(x, self._width * _COLUMNS), _place(1 - y, self._height * _ROWS)
        cell = (column // _COLUMNS, row // _ROWS)
        self._dots[cell] = self._dots.get(cell, 0) | _BITS[column % _COLUMNS][row % _ROWS]

    def vote(self, x: float, y: float, sign: Span) -> None:
        """Draw a sign unless more points of its cell have another one."""
        self._votes.setdefault(self._at(x, y), Counter())[sign] += 1

    def sign(self, x: float, y: float, sign: Span) -> None:
        """Draw a sign, which takes a whole cell, above those that are voted for; of several the first stands."""
        self._signs.setdefault(self._at(x, y), sign)

    def lines(self) -> list[Line]:
        """Return the lines, from the top."""
        return [self._line(row) for row in range(self._height)]

    def _at(self, x: float, y: float) -> tuple[int, int]:
        return _place(x, self._width), _place(1 - y, self._height)

    def _line(self, row: int) -> Line:
        cells = [self._cell(column, row) for column in range(self._width)]
        spans = [
            Span("".join(cell.text for cell in alike), style)
            for style, alike in groupby(cells, lambda cell: cell.style)
        ]
        return tuple(spans)

    def _cell(self, column: int, row: int) -> Span:
        cell = (column, row)
        if cell in self._signs:
            return self._signs[cell]
        if cell in self._votes:
            return self._votes[cell].most_common(1)[0][0]
        return Span(chr(_NO_DOTS + self._dots[cell]), PLAIN) if cell in self._dots else _BLANK


def _place(position: float, number: int) -> int:
    return min(number - 1, max(0, int(position * number)))
