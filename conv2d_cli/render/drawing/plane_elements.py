"""What the elements of a plane are: real, padding of either kind, or not read; and the number that each has."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conv2d_cli.render.drawing.palette import Role
    from conv2d_cli.render.drawing.plane_axis import Track
    from conv2d_cli.report.draw import AxisRow, DrawReport

# Of a row and a column the one that stands first says what the element is where they cross.
KINDS = ("zero", "repeated", "unused", "input")


def kind_at(report: DrawReport, row: int, column: int) -> str:
    """Return what an element of the padded input is, one of `KINDS`."""
    return min(_kind(report.rows, row), _kind(report.columns, column), key=KINDS.index)


def _kind(axis: AxisRow, place: int) -> str:
    if axis.source(place) is None:
        return "zero"
    if not 0 <= place < axis.size:
        return "repeated"
    return "unused" if axis.is_unused(place) else "input"


def numbers_of_input(axis: AxisRow, track: Track) -> dict[int, tuple[str, Role]]:
    """Return the numbers of rows or columns that are drawn: in the padding that of what is repeated, if anything is.

    Zeros that were inserted have none.
    """
    names: dict[int, tuple[str, Role]] = {}
    for place in track.offsets:
        source = axis.source(place)
        if source is not None:
            names[place] = str(source), "ink" if 0 <= place < axis.size else "soft"
        elif not axis.inserted:
            names[place] = str(place), "soft"
    return names


def numbers_of_output(track: Track) -> dict[int, tuple[str, Role]]:
    """Return the numbers of rows or columns of the output that are drawn."""
    return {place: (str(place), "ink") for place in track.offsets}
