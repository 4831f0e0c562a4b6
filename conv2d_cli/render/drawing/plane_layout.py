"""Where everything of a picture of a plane lies that does not depend on the output element looked at."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.render.drawing.model import Labelled, Text, text_width
from conv2d_cli.render.drawing.plane_elements import kind_at, numbers_of_input, numbers_of_output
from conv2d_cli.render.drawing.plane_grid import Grid, width_of_numbers
from conv2d_cli.render.drawing.plane_tracks import tracks_of
from conv2d_cli.render.drawing.plane_words import (
    TEXT_SIZE,
    TITLE_SIZE,
    formula_texts,
    formula_width,
    formulas,
    legend,
    legend_height,
    legend_lines,
    legend_shapes,
    legend_width,
    reading,
    shape_words,
    title_lines,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.render.drawing.model import Shape
    from conv2d_cli.render.drawing.plane_axis import Track
    from conv2d_cli.render.drawing.plane_tracks import Tracks
    from conv2d_cli.report.draw import AxisRow, DrawReport

MARGIN = 24
# What is short enough is written on one line, though the planes are narrower.
_LEAST_WIDTH, _WIDEST_LINE, _WIDEST = 600, 880, 1152
_BETWEEN_PLANES, _BETWEEN_CAPTIONS = 84, 28
# From one line of the title to the next, and from one thing down to the next.
_TITLE_LINE = 21
_TO_SENTENCE, _TO_CAPTIONS, _TO_PLANES, _TO_FORMULAS, _TO_LEGEND = 24, 36, 28, 36, 34


class Scene(NamedTuple):
    """A canvas with what stays on it: both planes and the words around them; `sentence_at` is kept free."""

    width: float
    height: float
    input: Grid
    output: Grid
    sentence_at: tuple[float, float]
    shapes: tuple[Shape, ...]


def scene_of(report: DrawReport, rows: Sequence[int], columns: Sequence[int]) -> Scene:
    """Return the scene in which the windows of these rows and columns of outputs can be marked."""
    tracks = tracks_of(report, rows, columns)
    captions = _captions(report)
    planes = _planes(report, tracks, captions)
    titles, lines = title_lines(report, _WIDEST), formulas(report)
    kinds = _kinds(report, tracks, rows, columns)
    entries = legend(report, kinds, has_breaks=any(track.breaks for track in tracks))
    room = max(_LEAST_WIDTH, planes.width, _width_of_words(report, titles, rows, columns))
    widths = (formula_width(lines), legend_width(entries))
    room = max(room, *(width if width <= _WIDEST_LINE else 0 for width in widths))

    title_at = MARGIN + TITLE_SIZE
    sentence_at = title_at + _TITLE_LINE * (len(titles) - 1) + _TO_SENTENCE
    planes = planes.moved(MARGIN + (room - planes.width) / 2, sentence_at + _TO_CAPTIONS + _TO_PLANES)
    words = formula_texts(lines, MARGIN, planes.bottom + _TO_FORMULAS, room)
    legend_at = words[-1].y + _TO_LEGEND
    entries_at = legend_lines(entries, room)
    shapes = (
        *(
            Text(MARGIN, title_at + _TITLE_LINE * number, line, TITLE_SIZE, bold=True)
            for number, line in enumerate(titles)
        ),
        *_drawn(report, planes, captions),
        *words,
        *legend_shapes(entries_at, MARGIN, legend_at),
    )
    height = legend_at + legend_height(entries_at) + MARGIN
    return Scene(room + 2 * MARGIN, height, planes.input, planes.output, (MARGIN, sentence_at), shapes)


def _width_of_words(report: DrawReport, titles: Sequence[str], rows: Sequence[int], columns: Sequence[int]) -> float:
    """Return the width of the title and of the longest sentence, which is that of an end."""
    ends = product((rows[0], rows[-1]), (columns[0], columns[-1]))
    sentences = (text_width(reading(report, at), TEXT_SIZE) for at in ends)
    return max(*(text_width(line, TITLE_SIZE) for line in titles), *sentences)


class _Planes(NamedTuple):
    """Both planes beside one another, with the numbers of their rows: from x = 0, until they are moved."""

    input: Grid
    output: Grid
    width: float

    @property
    def bottom(self) -> float:
        return max(self.input.bottom, self.output.bottom)

    def moved(self, right: float, down: float) -> _Planes:
        first, second = (grid._replace(x=grid.x + right, y=grid.y + down) for grid in (self.input, self.output))
        return _Planes(first, second, self.width)


def _captions(report: DrawReport) -> tuple[str, str]:
    return (
        shape_words("input_shape", report.shape.input_shape),
        shape_words("output_shape", report.shape.output_shape),
    )


def _planes(report: DrawReport, tracks: Tracks, captions: tuple[str, str]) -> _Planes:
    left = width_of_numbers(tracks.rows, numbers_of_input(report.rows, tracks.rows).values())
    right = width_of_numbers(tracks.output_rows, numbers_of_output(tracks.output_rows).values())
    widths = [text_width(caption, TEXT_SIZE) for caption in captions]
    input_ = Grid(left, 0, tracks.rows, tracks.columns)
    start = left + max(tracks.columns.length + _BETWEEN_PLANES, widths[0] + _BETWEEN_CAPTIONS)
    output = Grid(start, 0, tracks.output_rows, tracks.output_columns)
    return _Planes(input_, output, max(output.right + right, start + widths[1]))


def _drawn(report: DrawReport, planes: _Planes, captions: tuple[str, str]) -> Iterator[Shape]:
    first, second = planes.input, planes.output
    for grid, caption in zip((first, second), captions, strict=True):
        yield Text(grid.x, grid.y - _TO_PLANES, caption, TEXT_SIZE)
    cells = first.cells(lambda row, column: kind_at(report, row, column))
    yield Labelled("input", (*cells, *first.break_marks()))
    yield from first.column_numbers(numbers_of_input(report.columns, first.columns))
    yield from first.row_numbers(numbers_of_input(report.rows, first.rows), on_the_right=False)
    yield Labelled("output", (*second.cells(lambda _row, _column: "output"), *second.break_marks()))
    yield from second.column_numbers(numbers_of_output(second.columns))
    yield from second.row_numbers(numbers_of_output(second.rows), on_the_right=True)


def _kinds(report: DrawReport, tracks: Tracks, rows: Sequence[int], columns: Sequence[int]) -> set[str]:
    """Return what occurs in the picture: kinds of elements, and whether a tap that is drawn is on a zero."""
    kinds = {kind_at(report, row, column) for row, column in product(tracks.rows.offsets, tracks.columns.offsets)}
    on_zero = _reads_zeros(report.rows, tracks.rows, rows) or _reads_zeros(report.columns, tracks.columns, columns)
    return kinds | {"tap_on_zero"} if on_zero else kinds


def _reads_zeros(axis: AxisRow, track: Track, outputs: Sequence[int]) -> bool:
    zeros = [element for element in track.offsets if axis.source(element) is None]
    return any(element in axis.tap_positions(output) for output in outputs for element in zeros)
