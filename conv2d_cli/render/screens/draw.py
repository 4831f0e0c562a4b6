"""`conv2d draw` in a terminal: the padded input with the window of one output element, and the output beside it."""

# ruff: noqa: RUF001 - the signs of arithmetic are meant

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.render.blocks import BLANK, DIM, HEADING, Beside, Lines, Paragraph, Span, width_of
from conv2d_cli.render.drawing.axis import Axis
from conv2d_cli.render.drawing.explanation import explanation, formula
from conv2d_cli.render.drawing.terminal_plane import Plane, cells_within, plane_lines, width_with
from conv2d_cli.render.drawing.terminal_positions import shown_positions
from conv2d_cli.render.drawing.terminal_signs import input_signs, legend, output_signs
from conv2d_cli.render.drawing.transposed_words import transposed_formulas, transposed_stretch
from conv2d_cli.render.screens.shared import arrow, headline, longest, remarks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from conv2d_cli.render.blocks import Block, Line
    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.draw import AxisRow, DrawReport

_INDENT, _GAP = 2, 4
_ARROW = "──▶  "
# More would not be seen at once.
_MOST_ROWS, _MOST_COLUMNS = 24, 48
# What is shown of an axis that is broken, beside the window.
_AROUND = 12
# With fewer cells, a picture has nothing but breaks.
_FEWEST = 6
_FILES = ("-o FILE.svg draws it as a file", "-o FILE.svg: a file")


class Cells(NamedTuple):
    """How many columns the input and the output have room for, and whether beside one another."""

    input: int
    output: int
    beside: bool


def blocks(report: DrawReport, view: View) -> Iterator[Block]:
    """Return the screen of a layer on an input."""
    yield headline(report.shape, view.width)
    yield BLANK
    yield from arrow(report.shape, view.width)
    yield BLANK
    yield from planes(report, view.width)
    yield from window_line(report, view.width)
    yield from _formulas(report, view.width)
    if not view.in_python:
        yield BLANK
        yield Paragraph(longest(_FILES, view.width), DIM)
    yield from remarks(view.remarks)


def planes(report: DrawReport, width: int) -> Iterator[Block]:
    """Return the input and the output with their legend; nothing where there is no room."""
    cells = _cells(report, width)
    if cells is None:
        return
    planes = input_plane(report, cells.input), output_plane(report, cells.output)
    titles = _titles(report)
    if cells.beside:
        above, below = (
            ((Span(title, HEADING),), *plane_lines(plane)) for title, plane in zip(titles, planes, strict=True)
        )
        yield Beside(above, _with_arrow(below, len(planes[1].rows)))
        yield BLANK
    else:
        for title, plane in zip(titles, planes, strict=True):
            yield from _fitting((Span(title, HEADING),), width)
            yield Lines(tuple(_indented(line) for line in plane_lines(plane)))
            yield BLANK
    shown = ({plane.sign(row, column) for row in plane.rows for column in plane.columns} for plane in planes)
    yield from _legend(legend(report, *shown), width)
    yield BLANK


def input_plane(report: DrawReport, cells: int) -> Plane:
    """Return the padded input within a width in columns, and the window of the output element that is looked at."""
    windows = [axis.window(at) for axis, at in zip((report.rows, report.columns), report.at, strict=True)]
    rows, columns = (
        shown_positions(axis.positions, window, (0, axis.size), room)
        for axis, window, room in zip(
            (report.rows, report.columns), windows, (_rows(report.rows.positions, windows[0]), cells), strict=True
        )
    )
    numbers = _numbers(report.rows), _numbers(report.columns)
    return Plane(rows, columns, input_signs(report), windows[0], windows[1], *numbers)


def _numbers(axis: AxisRow) -> Callable[[int], int | None]:
    """Return the numbers of positions: with zeros between the elements, real ones alone have one."""
    return axis.source if axis.inserted else int


def output_plane(report: DrawReport, cells: int) -> Plane:
    """Return the output within a width in columns, and the element that is looked at."""
    rows, columns = (
        shown_positions(range(axis.outputs), range(at, at + 1), (), room)
        for axis, at, room in zip(
            (report.rows, report.columns), report.at, (_rows(range(report.rows.outputs), range(1)), cells), strict=True
        )
    )
    return Plane(rows, columns, output_signs(report), range(0), range(0))


def _cells(report: DrawReport, width: int) -> Cells | None:
    """Return the columns of both planes: whole beside, or else below, one another; else broken; None without room."""
    columns = report.columns
    sizes = len(columns.positions), columns.outputs
    whole = Cells(*sizes, beside=True)
    broken = Cells(min(sizes[0], columns.effective_kernel + _AROUND), min(sizes[1], 1 + _AROUND), beside=True)
    margins = [
        max(_margin(rows), _margin(columns))
        for rows, columns in (
            (report.rows.positions, report.columns.positions),
            (range(report.rows.outputs), range(report.columns.outputs)),
        )
    ]
    titles = [*map(len, _titles(report))]
    room = width - _INDENT - _GAP - len(_ARROW)
    below = [cells_within(width - _INDENT, margin) for margin in margins]
    for cells in (whole, broken):
        if max(sizes) > _MOST_COLUMNS and cells is whole:
            continue
        if sum(max(both) for both in zip(map(width_with, margins, cells[:2]), titles, strict=True)) <= room:
            return cells
        if cells.input <= below[0] and cells.output <= below[1]:
            return cells._replace(beside=False)
    least = Cells(min(broken.input, below[0]), min(broken.output, below[1]), beside=False)
    return least if all(map(int.__ge__, least[:2], (min(_FEWEST, size) for size in sizes))) else None


def _rows(positions: range, window: range) -> int:
    """Return the rows that a plane is shown with: all of them, or those of the window and some around."""
    return len(positions) if len(positions) <= _MOST_ROWS else min(_MOST_ROWS, len(window) + _AROUND)


def _margin(numbers: range) -> int:
    return max(len(str(number)) for number in (numbers[0], numbers[-1]))


def _titles(report: DrawReport) -> tuple[str, str]:
    shapes = report.shape.input_shape or (), report.shape.output_shape or ()
    before, after = (" × ".join(map(str, shape[-2:])) for shape in shapes)
    return f"input {before}", f"output {after}"


def _with_arrow(lines: Sequence[Line], rows: int) -> tuple[Line, ...]:
    """Return the lines of the output, with the arrow in front of its middle row."""
    pointed = len(lines) - (rows + 1) // 2 - 1
    return tuple(
        (Span(_ARROW if place == pointed else " " * len(_ARROW), DIM), *line) for place, line in enumerate(lines)
    )


def _indented(line: Line) -> Line:
    return (Span(" " * _INDENT), *line)


def _fitting(line: Line, width: int) -> Iterator[Block]:
    """Return a line in its colours where it fits, else its words wrapped."""
    if width_of(line) + _INDENT <= width:
        yield Lines((_indented(line),))
    else:
        yield Paragraph("".join(span.text for span in line))


def _legend(signs: Sequence[tuple[Span, Sequence[str]]], width: int) -> Iterator[Block]:
    """Return the signs with their words, as many on a line as there is room for."""
    lines: list[list[Span]] = []
    for sign, words in signs:
        entry = [sign, Span(f" {longest(words, width - _INDENT - len(sign.text) - 1)}", DIM)]
        if lines and width_of(lines[-1]) + _GAP - 1 + width_of(entry) <= width:
            lines[-1] += (Span(" " * (_GAP - 1)), *entry)
        else:
            lines.append([Span(" " * _INDENT), *entry])
    yield Lines(tuple(map(tuple, lines)))


def window_line(report: DrawReport, width: int) -> Iterator[Block]:
    """Return in words what the picture shows: which rows and columns the window spans, or reads between zeros."""
    stretch, joined = (transposed_stretch, " and ") if report.transposed else (_stretch, ", ")
    spans = stretch(report.rows, report.at[0], "row"), stretch(report.columns, report.at[1], "column")
    text = f"at {','.join(map(str, report.at))}: {joined.join(spans)}"
    yield from _fitting((Span(longest((f"window {text}", text), width - _INDENT)),), width)


def _stretch(axis: AxisRow, output: int, name: str) -> str:
    window = axis.window(output)
    return f"{name} {window[0]}" if len(window) == 1 else f"{name}s {window[0]}..{window[-1]}"


def _formulas(report: DrawReport, width: int) -> Iterator[Block]:
    if report.transposed:
        for line in chain.from_iterable(transposed_formulas(report.transposed)):
            yield Paragraph(f"  {line}")
        return
    rows, columns = (_axis_of(axis) for axis in (report.rows, report.columns))
    yield from _formula(rows, "rows", ", columns alike" if rows == columns else "", width)
    if rows != columns:
        yield from _formula(columns, "columns", "", width)


def _formula(axis: Axis, name: str, remark: str, width: int) -> Iterator[Block]:
    words = explanation(axis, name, remark)
    if any(width_of(line) + _INDENT > width for line in words):
        yield from _fitting((Span(f"{name} "), *formula(axis)), width)
    else:
        yield Lines(tuple(map(_indented, words)))


def _axis_of(row: AxisRow) -> Axis:
    """Return an axis as the formula has it."""
    return Axis(
        row.size,
        row.before,
        row.after,
        row.kernel,
        row.dilation,
        row.stride,
        row.effective_kernel,
        row.outputs,
        row.unused,
    )
