"""`conv2d shape`: the layer, the arrow, the picture of an axis, the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import BLANK, DIM, Figures, Paragraph
from conv2d_cli.render.drawing.axis import axes_of
from conv2d_cli.render.screens import shape_sections
from conv2d_cli.render.screens.pictures import pictures
from conv2d_cli.render.screens.shared import arrow, headline, longest, remarks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.shape import ShapeReport

_NO_SIZE = (
    "-i SIZE adds the output shape, macs, flops and bytes",
    "-i SIZE: output shape, macs, bytes",
    "-i SIZE: more",
)
_FOR_SCRIPTS = ("--get KEY and --json are for scripts", "--get KEY, --json: scripts", "--json: scripts")
_MORE = (
    "-v says more; --get KEY and --json are for scripts",
    "-v: more. --get KEY, --json: scripts",
    "-v: more",
)


def blocks(report: ShapeReport, view: View) -> Iterator[Block]:
    """Return the screen of a layer, on an input or without one."""
    axes = axes_of(report)
    yield headline(report, view.width)
    if axes is not None:
        yield BLANK
    yield from arrow(report, view.width)
    if axes is not None:
        yield BLANK
        yield from pictures(*axes, view)
    yield BLANK
    yield Figures(tuple(shape_sections.sections(report, view.least_time, verbose=view.verbose)))
    if not view.in_python:
        yield BLANK
        if axes is None:
            yield Paragraph(longest(_NO_SIZE, view.width), DIM)
        yield Paragraph(longest(_FOR_SCRIPTS if view.verbose else _MORE, view.width), DIM)
    yield from remarks(view.remarks)
