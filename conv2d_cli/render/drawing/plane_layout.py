"""Where everything of a picture of a plane lies that does not depend on the output element looked at."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.render.drawing.model import Labelled, Text, text_width
from conv2d_cli.render.drawing.plane_axis import (
    column_track,
    drawn_elements,
    row_track,
    wanted_of_input,
    wanted_of_output,
)
from conv2d_cli.render.drawing.plane_grid import Grid, width_of_numbers
from conv2d_cli.render.drawing.plane_words import (
    TEXT_SIZE,
    TITLE_SIZE,
    formula_texts,
    formulas,
    legend,
    legend_height,
    legend_lines,
    legend_shapes,
    shape_words,
    title_lines,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.render.drawing.model import Shape
    from conv2d_cli.render.drawing.palette import Role
    from conv2d_cli.render.drawing.plane_axis import Track
    from conv2d_cli.report.draw import AxisRow, DrawReport

    Names = dict[int, tuple[str, Role]]

MARGIN = 24
# The picture is no wider than 1200, and as a rule no higher than 700.
_WIDEST_TEXT = 1152
_LEAST_WIDTH = 560
_ROOM_FOR_COLUMNS, _ROOM_FOR_ROWS = 980, 460
_LEAST_CELL, _LARGEST_CELL = 14, 34
_BETWEEN_PLANES = 84
_TITLE_LINE = 21
_TO_SENTENCE, _TO_SHAPES, _TO_PLANES, _TO_FORMULAS, _TO_LEGEND = 22, 34, 30, 38, 34


class Scene(NamedTuple):
    """A canvas with what stays on it: both planes and the words around them; `sentence_at` is kept free."""

    width: float
    height: float
    input: Grid
    output: Grid
    sentence_at: tuple[float, float]
    shapes: tuple[Shape, ...]


class _Tracks(NamedTuple):
    """Rows and columns of the input, and those of the output."""

    rows: Track
    columns: Track
    output_rows: Track
    output_columns: Track


def scene_of(report: DrawReport, rows: Sequence[int], columns: Sequence[int]) -> Scene:
    """Return the scene in which the windows of these rows and columns of outputs can be marked."""
    tracks = _tracks(report, rows, columns)
    captions = [shape_words(key, getattr(report.shape, key)) for key in ("input_shape", "output_shape")]
    titles = title_lines(report, _WIDEST_TEXT)
    sentences = [reading(report, (row, column)) for row in (rows[0], rows[-1]) for column in (columns[0], columns[-1])]
    names = _numbers(report.rows, tracks.rows), _numbers(report.columns, tracks.columns)
    left = width_of_numbers(tracks.rows, names[0].values())
    between = max(_BETWEEN_PLANES, text_width(captions[0], TEXT_SIZE) + _BETWEEN_CAPTIONS - tracks.columns.length)
    right = width_of_numbers(tracks.output_rows, _plain(tracks.output_rows).values())
    across = max(tracks.output_columns.length + right, text_width(captions[1], TEXT_SIZE))
    planes = left + tracks.columns.length + between + across
    words = max(
        *(text_width(line, TITLE_SIZE) for line in titles),
        *(text_width(sentence, TEXT_SIZE) for sentence in sentences),
        _LEAST_WIDTH,
    )
    room = max(planes, words)

    sentence_at = (MARGIN, MARGIN + TITLE_SIZE + _TITLE_LINE * (len(titles) - 1) + _TO_SENTENCE)
    x, y = MARGIN + (room - planes) / 2 + left, sentence_at[1] + _TO_SHAPES + _TO_PLANES
    input_ = Grid(x, y, tracks.rows, tracks.columns)
    output = Grid(input_.right + between, y, tracks.output_rows, tracks.output_columns)
    below = max(input_.bottom, output.bottom) + _TO_FORMULAS
    formula = formula_texts(formulas(report), MARGIN, below, room)
    kinds = _kinds(report, tracks)
    has_breaks = any(track.breaks for track in tracks)
    entries = legend_lines(legend(report, kinds, has_breaks=has_breaks), room)
    legend_at = formula[-1].y + _TO_LEGEND
    shapes = (
        *(Text(MARGIN, MARGIN + TITLE_SIZE + _TITLE_LINE * number, line, TITLE_SIZE, bold=True) for number, line in enumerate(titles)),
        *(Text(grid.x, y - _TO_PLANES, caption, TEXT_SIZE) for grid, caption in zip((input_, output), captions, strict=True)),
        *_plane(input_, "input", names, lambda row, column: _kind(report, row, column)),
        *_plane(output, "output", (_plain(output.rows), _plain(output.columns)), lambda row, column: "output"),
        *formula,
        *legend_shapes(entries, MARGIN, legend_at),
    )
    height = legend_at + legend_height(entries) + MARGIN
    return Scene(room + 2 * MARGIN, height, input_, output, sentence_at, shapes)
