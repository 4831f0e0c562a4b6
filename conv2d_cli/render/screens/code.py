"""A program of another framework, as it is: lines of code are not laid out again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import BLANK, DIM, Lines, Paragraph, Span
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.screens.shared import remarks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.code import CodeReport


def blocks(report: CodeReport, view: View) -> Iterator[Block]:
    """Return the text of a program, and what it takes to run it."""
    yield Lines(tuple((Span(line),) for line in report.code.splitlines()))
    yield BLANK
    if report.install:
        yield Paragraph(f"pip install {' '.join(report.install)}", DIM)
    yield Paragraph(printable(f"reads {' and '.join(report.weights)}"), DIM)
    yield from remarks([*view.remarks, *([report.remark] if report.remark else [])])
