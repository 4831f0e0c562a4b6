"""The rows and columns of both planes of a picture: which are drawn, and how large their cells are."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.render.drawing.plane_axis import (
    column_track,
    drawn_of_input,
    drawn_of_output,
    row_track,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.render.drawing.plane_axis import Track
    from conv2d_cli.report.draw import AxisRow, DrawReport

# Both planes beside one another; with words around them a picture is about 1200 by 700 at most.
_ROOM_ACROSS, _ROOM_DOWN = 1000, 470
_LEAST_CELL, _LARGEST_CELL = 16, 34


class Tracks(NamedTuple):
    """Where rows and columns of the input lie, and those of the output."""

    rows: Track
    columns: Track
    output_rows: Track
    output_columns: Track


def tracks_of(report: DrawReport, rows: Sequence[int], columns: Sequence[int]) -> Tracks:
    """Return the tracks on which the windows of these rows and columns of outputs are drawn."""
    down, across = _drawn(report.rows, rows), _drawn(report.columns, columns)
    return _tracks(down, across, max(_LEAST_CELL, floor(_cell_of(down, across))))


class _Drawn(NamedTuple):
    """The elements of the input and of the output that are drawn of an axis."""

    input: tuple[int, ...]
    output: tuple[int, ...]


def _drawn(axis: AxisRow, outputs: Sequence[int]) -> _Drawn:
    return _Drawn(drawn_of_input(axis, outputs), drawn_of_output(axis, outputs))


def _cell_of(down: _Drawn, across: _Drawn) -> float:
    """Return the size of a cell with which both planes have room."""
    rows, columns, output_rows, output_columns = _tracks(down, across, 0)
    return min(
        (_ROOM_DOWN - max(rows.length, output_rows.length)) / max(len(down.input), len(down.output)),
        (_ROOM_ACROSS - columns.length - output_columns.length) / (len(across.input) + len(across.output)),
        _LARGEST_CELL,
    )


def _tracks(down: _Drawn, across: _Drawn, cell: float) -> Tracks:
    return Tracks(
        row_track(down.input, cell),
        column_track(across.input, cell),
        row_track(down.output, cell),
        column_track(across.output, cell),
    )
