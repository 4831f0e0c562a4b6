"""A plane in the cells of a terminal: a sign for each element, numbers of rows and columns, breaks, a window."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.render.blocks import DIM, HEADING, PLAIN, Span
from conv2d_cli.render.drawing.scale import BREAK
from conv2d_cli.render.drawing.terminal_positions import cells_of, is_break

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from conv2d_cli.render.blocks import Line

_LEFT_OUT = BREAK.strip()
_BLANK, _OPENED, _CLOSED = " ", "[", "]"
_EDGE = "magenta"
# An element and the blank behind it.
_CELL = 2
# Every column has a number where there is room, else every second, fifth, ...
_STEPS = (1, 2, 5, 10)
# Of one line: where the number of a column begins, and its digits.
_Numbers = dict[int, tuple[int, str]]


class Plane(NamedTuple):
    """The rows and columns that are shown, what stands where they meet, and the rows and columns of the window.

    They have the number that `row_number` and `column_number` say, which is None of one without a number.
    """

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    sign: Callable[[int, int], Span]
    window_rows: range
    window_columns: range
    row_number: Callable[[int], int | None] = int
    column_number: Callable[[int], int | None] = int

    @property
    def margin(self) -> int:
        """Return what the numbers of the rows take, and that of the first column, which ends above its element."""
        numbers = (*map(self.row_number, self.rows), self.column_number(self.columns[0]))
        return max(len(_shown(number)) for number in numbers)

    @property
    def width(self) -> int:
        """Return the characters of a row."""
        return width_with(self.margin, cells_of(self.columns))


def width_with(margin: int, cells: int) -> int:
    """Return the characters that a row of cells takes beside its number."""
    return margin + 1 + _CELL * cells


def cells_within(width: int, margin: int) -> int:
    """Return the cells that a row of a width has room for beside its number."""
    return max(0, (width - margin - 1) // _CELL)


def plane_lines(plane: Plane) -> tuple[Line, ...]:
    """Return the numbers of the columns, and the rows with theirs."""
    return (*_numbers(plane), *_rows(plane))


def _rows(plane: Plane) -> Iterator[Line]:
    for place, row in enumerate(plane.rows):
        if place and is_break(plane.rows[place - 1], row):
            yield (Span(f"{_LEFT_OUT:>{plane.margin}}", DIM),)
        number = _shown(plane.row_number(row))
        yield _joined([Span(f"{number:>{plane.margin}}", _style(row, plane.window_rows)), *_cells(plane, row)])


def _shown(number: int | None) -> str:
    return "" if number is None else str(number)


def _style(number: int, window: range) -> str:
    return HEADING if number in window else DIM


def _cells(plane: Plane, row: int) -> Iterator[Span]:
    """Return the elements of a row and what stands between them: a blank, an edge of the window, a break."""
    edges = _edges(plane, row)
    yield edges.get(plane.columns[0], Span(_BLANK))
    yield plane.sign(row, plane.columns[0])
    for before, column in pairwise(plane.columns):
        yield Span(BREAK, DIM) if is_break(before, column) else edges.get(column, Span(_BLANK))
        yield plane.sign(row, column)
    yield edges.get(plane.columns[-1] + 1, Span(_BLANK))


def _edges(plane: Plane, row: int) -> dict[int, Span]:
    """Return the edges of the window, by the column that stands behind each."""
    window = plane.window_columns
    if row not in plane.window_rows or not window:
        return {}
    return {window.start: Span(_OPENED, _EDGE), window.stop: Span(_CLOSED, _EDGE)}


def _joined(spans: Sequence[Span]) -> Line:
    """Return spans with those of a style as one; blanks take any."""
    joined: list[Span] = []
    for style, alike in groupby(spans, lambda span: span.style):
        joined.append(Span("".join(span.text for span in alike), style))
    return tuple(joined)


def _numbers(plane: Plane) -> list[Line]:
    """Return the numbers of columns, each ending above its column: of the ends of a stretch all, on several lines."""
    places = _places(plane)
    lines: list[_Numbers] = [{}]
    numbers = {
        column: number
        for column, number in zip(plane.columns, map(plane.column_number, plane.columns), strict=True)
        if number is not None
    }
    for column in _ends(plane.columns, numbers):
        _put(lines, places[column], column, str(numbers[column]), on_new_line=True)
    for column in _round_numbers(numbers):
        _put(lines, places[column], column, str(numbers[column]), on_new_line=False)
    return [_line(line, plane) for line in reversed(lines)]


def _places(plane: Plane) -> dict[int, int]:
    """Return where the sign of each column stands in a line."""
    place, places = plane.margin + 1, {plane.columns[0]: plane.margin + 1}
    for before, column in pairwise(plane.columns):
        place += len(BREAK) + 1 if is_break(before, column) else _CELL
        places[column] = place
    return places


def _ends(columns: Sequence[int], numbers: Mapping[int, int]) -> Iterator[int]:
    """Return the first and the last of each stretch that have a number, those of the whole first."""
    breaks = [place for place, (before, column) in enumerate(pairwise(columns), 1) if is_break(before, column)]
    stretches = (columns[start:stop] for start, stop in pairwise((0, *breaks, len(columns))))
    numbered = ([column for column in stretch if column in numbers] for stretch in stretches)
    ends = [column for stretch in numbered if stretch for column in (stretch[0], stretch[-1])]
    yield from (*ends[:1], *ends[-1:], *ends[1:-1])


def _round_numbers(numbers: Mapping[int, int]) -> Iterator[int]:
    """Return the columns whose numbers are multiples of the smallest step at which these do not touch."""
    longest = max((len(str(number)) for number in numbers.values()), default=0)
    step = next((step for step in _STEPS if _CELL * step > longest), None)
    if step is not None:
        yield from (column for column, number in numbers.items() if not number % step)


def _put(lines: list[_Numbers], place: int, column: int, text: str, *, on_new_line: bool) -> None:
    """Put a number on the first line that has room for it; where none has, on a new one if it may be made."""
    start = max(0, place + 1 - len(text))
    free = (line for line in lines if not any(_touch((start, text), other) for other in line.values()))
    if any(column in line for line in lines):
        return
    line = next(free, None)
    if line is not None:
        line[column] = (start, text)
    elif on_new_line:
        lines.append({column: (start, text)})


def _touch(one: tuple[int, str], other: tuple[int, str]) -> bool:
    (start, text), (begin, word) = one, other
    return start <= begin + len(word) and begin <= start + len(text)


def _line(numbers: _Numbers, plane: Plane) -> Line:
    spans: list[Span] = []
    end = 0
    for column, (start, text) in sorted(numbers.items()):
        spans += (Span(_BLANK * (start - end), PLAIN), Span(text, _style(column, plane.window_columns)))
        end = start + len(text)
    return tuple(spans)
