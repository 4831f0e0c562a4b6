"""`conv2d diff`: both layers, and what differs between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import BLANK, DIM, HEADING, Paragraph
from conv2d_cli.render.screens import changes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.diff import DiffReport


def blocks(report: DiffReport, view: View) -> Iterator[Block]:
    """Return the layers and a row for each key that differs."""
    yield Paragraph(report.before, HEADING)
    yield Paragraph(f"→ {report.after}", HEADING)
    yield BLANK
    if report.changes:
        yield from changes.blocks(report.changes, view)
    else:
        yield Paragraph("nothing differs", DIM)
