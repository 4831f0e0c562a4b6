"""`conv2d draw --volume` in a terminal: the layer, the arrow, its channels as slices, what a group is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import BLANK, DIM, Figure, Figures, Lines, Paragraph, Section, Span, width_of
from conv2d_cli.render.drawing.channels import connections
from conv2d_cli.render.drawing.volume_text import volume_lines
from conv2d_cli.render.screens.shared import arrow, headline, longest, remarks, word
from conv2d_cli.render.units import thousands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.draw_volume import VolumeReport

_INDENT = 2
_FILES = ("-o FILE.svg draws it as a file", "-o FILE.svg: a file")


def blocks(report: VolumeReport, view: View) -> Iterator[Block]:
    """Return the screen of the volumes of a layer."""
    yield headline(report.shape, view.width)
    yield BLANK
    yield from arrow(report.shape, view.width)
    yield BLANK
    lines = volume_lines(report, view.width - _INDENT)
    if lines:
        yield Lines(tuple((Span(" " * _INDENT), *line) for line in lines))
    else:
        yield from _in_words(report, view.width)
    yield BLANK
    yield Figures((Section("", tuple(_figures(report))),))
    if not view.in_python:
        yield BLANK
        yield Paragraph(longest(_FILES, view.width), DIM)
    yield from remarks(view.remarks)


def _in_words(report: VolumeReport, width: int) -> Iterator[Block]:
    """Return which channels belong together, where slices have no room."""
    lines = connections(report.in_channels, report.out_channels, report.groups)
    if max(map(width_of, lines)) + _INDENT <= width:
        yield Lines(tuple((Span(" " * _INDENT), *line) for line in lines))
    else:
        yield from (Paragraph("".join(span.text for span in line)) for line in lines)


def _figures(report: VolumeReport) -> Iterator[Figure]:
    shape = report.shape
    yield Figure("weight_shape", word(shape.weight_shape))
    yield Figure("parameters", thousands(shape.parameters), "", _sum(report))
    if report.multiplier is not None:
        divided = f"depthwise, {report.multiplier:,} output channel{'' if report.multiplier == 1 else 's'} of each"
        yield Figure("groups", thousands(report.groups), "", divided)


def _sum(report: VolumeReport) -> str:
    shape = report.shape
    return f"{shape.weight_parameters:,} + {shape.bias_parameters:,}" if shape.bias_parameters else "no bias"
