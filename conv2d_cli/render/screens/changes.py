"""`conv2d diff` and `conv2d stack A --diff B`: what differs; of networks the totals first, then layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import DIM, KEY, MAIN, Column, Grid, Span
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.screens.shared import word
from conv2d_cli.render.units import three_digits
from conv2d_cli.report.stack import ChangeRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.diff import DiffRow

_TOTAL = "(total)"


def blocks(rows: Sequence[ChangeRow | DiffRow], _view: View) -> Iterator[Block]:
    """Return a row for each key that differs."""
    of_nodes = [_name(row.name) for row in rows if isinstance(row, ChangeRow)]
    yield Grid(
        (
            *([Column("name", tuple(of_nodes))] if of_nodes else []),
            Column("key", tuple(Span(row.key, KEY) for row in rows)),
            Column("before", tuple(Span(_value(row.before)) for row in rows), to_the_right=True),
            Column("after", tuple(Span(_value(row.after), MAIN) for row in rows), to_the_right=True),
            Column("change", tuple(Span(_change(row)) for row in rows), to_the_right=True, rank=2),
            Column("percent", tuple(Span(_percent(row)) for row in rows), to_the_right=True, rank=1),
        )
    )


def _name(name: str | None) -> Span:
    return Span(_TOTAL, DIM) if name is None else Span(printable(name))


def _value(value: object) -> str:
    return three_digits(value) if isinstance(value, float) else word(value)


def _change(row: ChangeRow | DiffRow) -> str:
    if isinstance(row.change, float):
        return f"{'+' if row.change > 0 else ''}{three_digits(row.change)}"
    return "" if row.change is None else f"{row.change:+,}"


def _percent(row: ChangeRow | DiffRow) -> str:
    if row.percent is None:
        return ""
    return f"{'+' if row.percent > 0 else ''}{three_digits(row.percent)} %"
