"""The picture of the rows, and of the columns where they differ, with the formula beside or below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import BLANK, Beside, Lines, Paragraph, Span, width_of
from conv2d_cli.render.drawing.bar import picture
from conv2d_cli.render.drawing.explanation import explanation, formula

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.render.blocks import Block, Line
    from conv2d_cli.render.drawing.axis import Axis
    from conv2d_cli.render.screens.view import View

_INDENT, _GAP = 2, 4
# Narrower pictures have their words below.
_NARROWEST_BESIDE = 24


def pictures(rows: Axis, columns: Axis, view: View) -> Iterator[Block]:
    """Return one picture where both axes are alike, and both of them only if all is wanted."""
    if rows == columns:
        yield from _axis(rows, "rows", ", columns alike", view.width)
        return
    yield from _axis(rows, "rows", "" if view.verbose else "; columns: -v", view.width)
    if view.verbose:
        yield BLANK
        yield from _axis(columns, "columns", "", view.width)


def _axis(axis: Axis, name: str, remark: str, width: int) -> Iterator[Block]:
    words = explanation(axis, name, remark)
    room = width - _INDENT - _GAP - max(map(width_of, words))
    beside = picture(axis, room) if room >= _NARROWEST_BESIDE or axis.padded <= room else None
    if beside is not None:
        yield Beside(beside, words)
        return
    below = picture(axis, width - _INDENT)
    if below is not None:
        yield Lines(tuple((Span(" " * _INDENT), *line) for line in below))
    if below is not None or any(width_of(line) + _INDENT > width for line in words):
        words = (formula(axis),)
    for line in words:
        yield from _fitting(line, width)


def _fitting(line: Line, width: int) -> Iterator[Block]:
    """Return a line in its colours where it fits, else its words wrapped."""
    if width_of(line) + _INDENT <= width:
        yield Lines(((Span(" " * _INDENT), *line),))
    else:
        yield Paragraph("".join(span.text for span in line))
