"""What `conv2d diff` answers with: each key that differs between two layers, absolute and in percent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.report.changes import change_of
from conv2d_cli.report.record import SCHEMA_VERSION
from conv2d_cli.showing import shows_itself

if TYPE_CHECKING:
    from conv2d_cli.report.shape import ShapeReport


@shows_itself
class DiffRow(NamedTuple):
    """A key that differs between two layers; `change` and `percent` are None of what is no number, or not known."""

    key: str
    before: Any
    after: Any
    change: int | float | None
    percent: float | None


@shows_itself
class DiffReport(NamedTuple):
    """Two layers as torch prints them, and what differs between them, in the order of the keys of `shape`."""

    before: str
    after: str
    changes: tuple[DiffRow, ...]


def differences(before: ShapeReport, after: ShapeReport) -> tuple[DiffRow, ...]:
    """Return a row for each key that differs between the facts of two layers.

    >>> from conv2d_cli import Conv2d, analyze
    >>> differences(analyze(Conv2d(3, 64, 7)), analyze(Conv2d(3, 64, 5)))[2]
    DiffRow(key='effective_kernel_size', before=(7, 7), after=(5, 5), change=None, percent=None)
    """
    facts = after._asdict()
    return tuple(
        DiffRow(key, old, facts[key], *change_of(old, facts[key]))
        for key, old in before._asdict().items()
        if old != facts[key]
    )


def diff_record(report: DiffReport) -> dict[str, Any]:
    """Return a report as JSON carries it: both layers, and an object for each key that differs."""
    rows = [row._asdict() for row in report.changes]
    return {"schema_version": SCHEMA_VERSION, "before": report.before, "after": report.after, "changes": rows}
