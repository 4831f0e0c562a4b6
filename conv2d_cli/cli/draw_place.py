"""`--at H,W`: the output element that is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.errors import ShapeError, UsageError, cut
from conv2d_cli.layer.text import integers_of
from conv2d_cli.report.picture import telling_place

if TYPE_CHECKING:
    from conv2d_cli.report.draw import DrawReport

_AXES = 2


def typed_place(text: str | None) -> tuple[int, int] | None:
    """Return the place that was typed, None where none was.

    Raises:
        UsageError: it is no pair of integers.
    """
    if text is None:
        return None
    found = integers_of(text)
    if not isinstance(found, tuple) or len(found) != _AXES:
        raise UsageError(f"--at {cut(text)}: no place of the form H,W", "--at 0,0")
    return found[0], found[1]


def placed(report: DrawReport, at: tuple[int, int] | None) -> DrawReport:
    """Return a report with the output element that was asked for, else with a telling one.

    Raises:
        ShapeError: the output has no elements.
        UsageError: it has no such element.
    """
    shape = "x".join(map(str, report.shape.output_shape or ()))
    if 0 in (report.shape.output_shape or ()):
        raise ShapeError(f"the output, {shape}, has no element whose window could be drawn", "an input of N >= 1")
    if at is None:
        return report._replace(at=telling_place(report))
    sizes = report.rows.outputs, report.columns.outputs
    if not all(0 <= place < size for place, size in zip(at, sizes, strict=True)):
        raise UsageError(
            f"--at {at[0]},{at[1]}: the output is {sizes[0]}x{sizes[1]}, and rows and columns count from 0",
            f"--at {sizes[0] - 1},{sizes[1] - 1}, the last element",
        )
    return report._replace(at=at)
