"""`conv2d stack`: the network, a row for each layer, the totals, and what to look out for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import BLANK, DIM, HEADING, MAIN, WARNING, Column, Figures, Grid, Paragraph, Span
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.layer_text import times
from conv2d_cli.render.screens import roofline, stack_tools, stack_totals
from conv2d_cli.render.screens.shared import arrow_between, longest, remarks
from conv2d_cli.render.screens.stack_work import WORK, outgrows
from conv2d_cli.render.units import percent, thousands

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.stack import NodeReport, StackReport

_NOT_KNOWN = "?"
# The bar of the layer with the most work, in halves of a character.
_LONGEST_BAR = 8
_NO_SIZE = ("-i SIZE adds shapes, macs, memory and receptive fields", "-i SIZE: shapes, macs, memory", "-i SIZE: more")
_MORE = ("-v says more; --depth 1 sums up; --json and --format csv are for scripts", "-v: more. --json: scripts", "-v")


def blocks(report: StackReport, view: View) -> Iterator[Block]:
    """Return the screen of a network."""
    yield Paragraph(printable(report.name), HEADING)
    layers = f"{thousands(report.layers)} layer{'' if report.layers == 1 else 's'}"
    if report.input_shape is not None and report.output_shape is not None:
        yield from arrow_between(report.input_shape, report.output_shape, layers, layers, view.width)
    else:
        yield Paragraph(f"  {layers}", DIM)
    yield BLANK
    columns = [*_columns(report.nodes, report, view.convention)]
    if view.least_time is not None:
        columns += roofline.columns([view.least_time.nodes[node.index] for node in report.nodes])
    yield Grid(tuple(columns), names_above=True)
    yield BLANK
    yield Figures(tuple(stack_totals.sections(report, view)))
    if view.verbose:
        yield from stack_tools.blocks(report.tools)
    yield from _warnings(report, in_python=view.in_python)
    yield from remarks([*_assumed(report, in_python=view.in_python), *view.remarks])
    if not view.in_python:
        yield BLANK
        if report.input_shape is None and report.output_shape is None:
            yield Paragraph(longest(_NO_SIZE, view.width), DIM)
        yield Paragraph(longest(_MORE, view.width), DIM)


def _columns(nodes: Sequence[NodeReport], report: StackReport, convention: str) -> Iterator[Column]:
    """Return what is told of each layer; what does not fit goes in the order of the ranks, the highest first."""
    work = [WORK[convention](node) for node in nodes]
    styles = [_style(node) for node in nodes]
    yield Column("name", tuple(Span(printable(node.name), style) for node, style in zip(nodes, styles, strict=True)))
    yield Column("type", tuple(Span(printable(node.type), DIM) for node in nodes), rank=3)
    yield Column("kernel_size", tuple(Span(_sizes(node.kernel_size)) for node in nodes), rank=8)
    shapes = (Span(_sizes(node.output_shape) if node.output_shape is not None else _NOT_KNOWN) for node in nodes)
    yield Column("output_shape", tuple(shapes), rank=1)
    yield Column("parameters", tuple(_count(node.parameters) for node in nodes), to_the_right=True, rank=4)
    yield Column(convention, tuple(map(_count, work)), to_the_right=True, rank=2)
    yield Column("share", tuple(_shares(work)), rank=6)
    yield Column("receptive_field", tuple(_field(node, report) for node in nodes), rank=7)


def _style(node: NodeReport) -> str:
    return MAIN if node.parameters or node.macs else ""


def _sizes(sizes: Sequence[int] | None) -> str:
    return "" if sizes is None else times(sizes) or "()"


def _count(value: int | None) -> Span:
    return Span(_NOT_KNOWN) if value is None else Span(thousands(value), "" if value else DIM)


def _shares(work: Sequence[int | None]) -> Iterator[Span]:
    """Yield what of the work each layer does, with a bar beside those that do the most."""
    known = [value or 0 for value in work]
    whole, most = sum(known), max(known, default=0)
    for value in known:
        halves = round(_LONGEST_BAR * value / most) if most else 0
        bar = "█" * (halves // 2) + "▌" * (halves % 2)
        yield Span(f"{bar:{_LONGEST_BAR // 2}} {percent(value, whole)}" if value else "")


def _field(node: NodeReport, report: StackReport) -> Span:
    return Span(_sizes(node.receptive_field), WARNING if outgrows(node.receptive_field, report) else "")


def _warnings(report: StackReport, *, in_python: bool) -> Iterator[Block]:
    first = next((node for node in report.nodes if outgrows(node.receptive_field, report)), None)
    if first is not None:
        yield BLANK
        size = times((report.input_shape or ())[-len(first.receptive_field or ()) :])
        yield Paragraph(f"receptive fields outgrow the input, {size}, from {printable(first.name)} on", WARNING)
    if report.unknown:
        yield BLANK
        rest = "" if in_python else " (--get unknown)"
        yield Paragraph(f"{stack_totals.not_known(report)}{rest}", WARNING)


def _assumed(report: StackReport, *, in_python: bool) -> list[str]:
    number = len(report.assumed)
    if not number:
        return []
    layers = "1 layer" if number == 1 else f"{thousands(number)} layers"
    rest = "" if in_python else " (--get assumed; --assume none leaves them out)"
    return [f"assumed by the names of blocks: {layers}{rest}"]
