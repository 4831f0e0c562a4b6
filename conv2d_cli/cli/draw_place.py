"""`--at H,W`: the output element that is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.errors import UsageError, cut
from conv2d_cli.layer.text import integers_of
from conv2d_cli.report.picture import report_at

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
    return report_at(report, at, lambda place: f"--at {place[0]},{place[1]}")
