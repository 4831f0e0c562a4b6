"""`conv2d stack A --diff B`: what differs, totals first, then layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import DIM, KEY, MAIN, Column, Grid, Span
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.screens.shared import word
from conv2d_cli.render.units import three_digits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.stack import ChangeRow

_TOTAL = "(total)"


def blocks(rows: Sequence[ChangeRow], _view: View) -> Iterator[Block]:
    """Return a row for each key that differs."""
    yield Grid(
        (
            Column("name", tuple(_name(row) for row in rows)),
            Column("key", tuple(Span(row.key, KEY) for row in rows)),
            Column("before", tuple(Span(word(row.before)) for row in rows), to_the_right=True),
            Column("after", tuple(Span(word(row.after), MAIN) for row in rows), to_the_right=True),
            Column("change", tuple(Span(_change(row)) for row in rows), to_the_right=True, rank=1),
            Column("percent", tuple(Span(_percent(row)) for row in rows), to_the_right=True, rank=2),
        )
    )


def _name(row: ChangeRow) -> Span:
    return Span(_TOTAL, DIM) if row.name is None else Span(printable(row.name))


def _change(row: ChangeRow) -> str:
    return "" if row.change is None else f"{row.change:+,}"


def _percent(row: ChangeRow) -> str:
    if row.percent is None:
        return ""
    return f"{'+' if row.percent > 0 else ''}{three_digits(row.percent)} %"
