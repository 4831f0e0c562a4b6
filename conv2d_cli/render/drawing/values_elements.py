"""Which elements of the padded input stand in a picture with numbers, and how those look that the window leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.drawing.terminal_positions import closed

if TYPE_CHECKING:
    from conv2d_cli.render.drawing.palette import Role
    from conv2d_cli.report.draw import AxisRow, DrawReport

# An axis that has no more elements is drawn whole.
_WHOLE = 9


def windows_of(report: DrawReport) -> tuple[range, range]:
    """Return the rows and the columns that the window spans."""
    row, column = report.at
    return report.rows.window(row), report.columns.window(column)


def shown_elements(report: DrawReport) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the rows and the columns of the padded input that are drawn."""
    rows, columns = windows_of(report)
    return _around(report.rows, rows), _around(report.columns, columns)


def look_of(axes: tuple[AxisRow, AxisRow], row: int, column: int) -> tuple[Role, bool, bool]:
    """Return how an element that the window does not read is filled, and whether it is padding or never read."""
    rows, columns = axes
    padded = not (0 <= row < rows.size and 0 <= column < columns.size)
    if None in {rows.source(row), columns.source(column)}:
        return "zero", padded, False
    if padded:
        return "repeated", True, False
    unused = rows.is_unused(row) or columns.is_unused(column)
    return ("unused", False, True) if unused else ("input", False, False)


def _around(axis: AxisRow, window: range) -> tuple[int, ...]:
    """Return a short axis whole; else the taps, the element on either side of the window, and what lies between."""
    if len(axis.positions) <= _WHOLE:
        return tuple(axis.positions)
    taps = range(window.start, window.stop, axis.dilation)
    shown = [position for position in (window.start - 1, *taps, window.stop) if position in axis.positions]
    return tuple(closed(shown))
