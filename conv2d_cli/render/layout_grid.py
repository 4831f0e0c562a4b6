"""A table with a row for each report: columns that do not fit are left out whole, the least important first."""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING

from conv2d_cli.render import layout_figures
from conv2d_cli.render.blocks import DIM, Figure, Figures, Section, Span
from conv2d_cli.render.rich_parts import cells, line_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType
    from rich.text import Text

    from conv2d_cli.render.blocks import Column, Grid

GAP = 2


def laid_out(block: Grid, width: int) -> Iterator[RenderableType]:
    """Return the table, or the rows one by one where not even the important columns fit."""
    columns = fitting(block.columns, width)
    if block.names_above and (columns is None or len(columns) == 1):
        yield from _below_their_names(block.columns, width)
        return
    if columns is None:
        yield from layout_figures.laid_out(one_by_one(block.columns), width)
        return
    yield from rows_of(columns, [*map(width_of, columns)])


def rows_of(columns: Sequence[Column], widths: Sequence[int]) -> Iterator[Text]:
    """Return the columns under their titles, as wide as `widths` says, line by line.

    Rich's own table would lay each cell out once more: half a millisecond a row, five seconds for 10,000.
    """
    titles = (Span(column.title, DIM) for column in columns)
    for row in chain([titles], zip(*(column.cells for column in columns), strict=True)):
        spans = list[Span]()
        for cell, column, width in zip(row, columns, widths, strict=True):
            blanks = Span(" " * (width - cells(cell.text)))
            spans += (blanks, cell) if column.to_the_right else (cell, blanks)
            spans.append(Span(" " * GAP))
        yield line_of(spans[:-1])


def _below_their_names(columns: Sequence[Column], width: int) -> Iterator[RenderableType]:
    """Return two lines for each row: its name, then as much of the others as fits."""
    names, *others = columns
    shown = fitting(others, width - GAP) or []
    rows = rows_of(shown, [*map(width_of, shown)]) if shown else repeat(None, len(names.cells) + 1)
    for name, row in zip((Span(names.title, DIM), *names.cells), rows, strict=True):
        yield line_of((name,))
        if row is not None:
            yield line_of((Span(" " * GAP),)).append_text(row)


def fitting(columns: Sequence[Column], width: int) -> list[Column] | None:
    """Return the columns that fit beside one another, None where those of rank 0 do not; empty ones are left out."""
    shown = [column for column in columns if not column.rank or any(cell.text for cell in column.cells)]
    while sum(map(width_of, shown)) + GAP * (len(shown) - 1) > width:
        last = max(shown, key=lambda column: column.rank)
        if not last.rank:
            return None
        shown.remove(last)
    return shown


def width_of(column: Column) -> int:
    """Return the characters of the widest cell, the title's among them."""
    return max(cells(text) for text in (column.title, *(cell.text for cell in column.cells)))


def one_by_one(columns: Sequence[Column]) -> Figures:
    """Return a section for each row, under what stands in its first column."""
    first, *others = columns
    return Figures(tuple(_section(first, others, place) for place in range(len(first.cells))))


def _section(first: Column, others: Sequence[Column], place: int) -> Section:
    cells_of_row = [(column.title, column.cells[place]) for column in others]
    title = first.cells[place].text
    return Section(
        # A number alone says nothing.
        f"{first.title} {title}" if first.to_the_right else title,
        tuple(Figure(key, cell.text, style=cell.style) for key, cell in cells_of_row if key and cell.text),
    )
