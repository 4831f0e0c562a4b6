"""`conv2d info FILE` of one tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import MAIN, WARNING, Figure, Figures, Section
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.screens.shared import remarks, word
from conv2d_cli.render.units import bytes_unit, short_count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.info import TensorReport


def blocks(report: TensorReport, view: View) -> Iterator[Block]:
    """Return what its header says."""
    figures = [
        Figure("file", printable(report.file)),
        Figure("format", printable(report.format)),
        *([] if report.name is None else [Figure("name", printable(report.name))]),
        Figure("shape", word(report.shape) or "()", style=MAIN),
        Figure("dtype", word(report.dtype)),
        Figure("elements", word(report.elements), "" if report.elements is None else short_count(report.elements)),
        Figure("bytes", word(report.bytes), "" if report.bytes is None else bytes_unit(report.bytes)),
    ]
    if report.unreadable is not None:
        figures.append(Figure("unreadable", printable(report.unreadable), style=WARNING))
    yield Figures((Section("", tuple(figures)),))
    yield from remarks(view.remarks)
