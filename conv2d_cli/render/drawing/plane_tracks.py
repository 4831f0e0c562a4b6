"""The rows and columns of both planes of a picture: which are drawn, and how large their cells are."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.render.drawing.plane_axis import (
    MOST_CELLS,
    column_track,
    drawn_elements,
    row_track,
    wanted_of_input,
    wanted_of_output,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.render.drawing.plane_axis import Track
    from conv2d_cli.report.draw import AxisRow, DrawReport

# Both planes beside one another; with words around them a picture is about 1200 by 700 at most.
_ROOM_ACROSS, _ROOM_DOWN = 1000, 470
_LEAST_CELL, _LARGEST_CELL = 16, 34
_FEW_CELLS = 18


class Tracks(NamedTuple):
    """Where rows and columns of the input lie, and those of the output."""

    rows: Track
    columns: Track
    output_rows: Track
    output_columns: Track


def tracks_of(report: DrawReport, rows: Sequence[int], columns: Sequence[int]) -> Tracks:
    """Return the tracks on which the windows of these rows and columns of outputs are drawn."""
    down = _drawn(report.rows, rows, MOST_CELLS)
    across = _drawn(report.columns, columns, MOST_CELLS)
    if _cell_of(down, across) < _LEAST_CELL:
        # The numbers at the breaks are long.
        across = _drawn(report.columns, columns, _FEW_CELLS)
    return _tracks(down, across, max(_LEAST_CELL, floor(_cell_of(down, across))))


class _Drawn(NamedTuple):
    """The elements of the input and of the output that are drawn of an axis."""

    input: tuple[int, ...]
    output: tuple[int, ...]


def _drawn(axis: AxisRow, outputs: Sequence[int], most: int) -> _Drawn:
    return _Drawn(
        drawn_elements(axis.positions, wanted_of_input(axis, outputs), most),
        drawn_elements(range(axis.outputs), wanted_of_output(outputs, axis.outputs - 1), most),
    )


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
