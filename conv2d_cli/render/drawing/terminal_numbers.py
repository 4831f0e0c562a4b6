"""Numbers in the cells of a terminal: matrices in brackets, beside one another where there is room, else below."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.render.blocks import DIM, KEY, UNIT, WARNING, Span, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.render.blocks import Line

_GAP = "  "
_OPENED, _CLOSED = "[ ", " ]"


class Matrix(NamedTuple):
    """Numbers by row and column, each with whether it is padding; the sign in front, and numbers of rows and columns.

    Only a matrix of an input has these numbers.
    """

    sign: str
    title: str
    numbers: tuple[tuple[tuple[str, bool], ...], ...]
    rows: tuple[int, ...]
    columns: tuple[int, ...]


def matrix_lines(matrices: Sequence[Matrix], room: int) -> tuple[Line, ...] | None:
    """Return the lines of matrices that belong together, None where one of them is wider than the room."""
    drawn = [_lines(matrix) for matrix in matrices]
    widths = [max(map(width_of, lines)) for lines in drawn]
    if sum(widths) + len(_GAP) * (len(drawn) - 1) <= room:
        return _beside(drawn, widths)
    if max(widths) > room:
        return None
    return tuple(line for lines in drawn for line in lines if width_of(line))


def _beside(drawn: Sequence[Sequence[Line]], widths: Sequence[int]) -> tuple[Line, ...]:
    lines = []
    for parts in zip_longest(*drawn, fillvalue=()):
        spans: list[Span] = []
        for part, width in zip(parts, widths, strict=True):
            spans += (*part, Span(" " * (width - width_of(part)) + _GAP))
        lines.append(tuple(spans[:-1]))
    return tuple(lines)


def _lines(matrix: Matrix) -> list[Line]:
    """Return the title, the numbers of the columns, and the rows; the sign stands before the middle one."""
    texts = [[f"({text})" if padded else text for text, padded in line] for line in matrix.numbers]
    width = max(len(text) for text in (*(text for line in texts for text in line), *map(str, matrix.columns)))
    margin = max((len(str(row)) for row in matrix.rows), default=0)
    sign = f"{matrix.sign} " if matrix.sign else ""
    before = " " * (len(sign) + margin + bool(margin))
    header = " ".join(f"{column:>{width}}" for column in matrix.columns)
    lines: list[Line] = [
        (Span(f"{sign and ' ' * len(sign)}{matrix.title}", DIM),),
        (Span(f"{before}{' ' * len(_OPENED)}{header}" if header else "", DIM),),
    ]
    for place, line in enumerate(matrix.numbers):
        is_middle = place == (len(matrix.numbers) - 1) // 2
        label = f"{matrix.rows[place]:>{margin}} " if margin else ""
        numbers = [
            Span(f"{text:>{width}}{' ' * (column < len(line) - 1)}", WARNING if padded else KEY)
            for column, (text, (_, padded)) in enumerate(zip(texts[place], line, strict=True))
        ]
        lines.append(
            (
                Span((sign if is_middle else " " * len(sign)) + label, DIM),
                Span(_OPENED, UNIT),
                *numbers,
                Span(_CLOSED, UNIT),
            )
        )
    return lines
