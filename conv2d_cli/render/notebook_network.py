"""A network in a notebook: its totals, what is to be known of them, and a table of its layers, folded if long."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from conv2d_cli.render.escaping import printable
from conv2d_cli.render.layer_text import times
from conv2d_cli.render.pages.network.totals import headline, remarks_html
from conv2d_cli.render.screens import stack_totals
from conv2d_cli.render.screens.view import View
from conv2d_cli.render.units import thousands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.render.blocks import Figure
    from conv2d_cli.report.stack import NodeReport, StackReport

# As wide as the screens of a notebook; what `-v` adds is in the report.
_VIEW = View(100, in_python=True)
# A table of more layers is folded, and of even more only these are in it.
_MOST_OPEN, _MOST_ROWS = 25, 1000
_LEFT, _RIGHT = ' style="text-align:left"', ' style="text-align:right"'
_COLUMNS = {
    "name": _LEFT,
    "type": _LEFT,
    "kernel_size": _LEFT,
    "output_shape": _LEFT,
    "parameters": _RIGHT,
    "macs": _RIGHT,
    "receptive_field": _LEFT,
}


def network_html(report: StackReport) -> str:
    """Return a fragment of HTML, every text in it escaped."""
    figures = "\n".join(
        _figure(figure) for section in stack_totals.sections(report, _VIEW) for figure in section.figures
    )
    remarks = remarks_html(report, ())
    is_long = len(report.nodes) > _MOST_OPEN
    return (
        f"<h4>{escape(printable(report.name))}</h4>\n<p>{headline(report)}</p>\n"
        f"<table>\n<tbody>\n{figures}\n</tbody>\n</table>\n"
        + (f"<ul>\n{remarks}\n</ul>\n" if remarks else "")
        + f"<details{'' if is_long else ' open'}>\n<summary>{_summary(report)}</summary>\n{_table(report)}</details>\n"
    )


def _figure(figure: Figure) -> str:
    return (
        f"<tr><th{_LEFT}>{escape(figure.key)}</th><td{_RIGHT}>{escape(figure.value)}</td>"
        f"<td{_LEFT}>{escape(figure.unit)}</td><td{_LEFT}>{escape(figure.formula)}</td></tr>"
    )


def _summary(report: StackReport) -> str:
    layers = "1 layer" if len(report.nodes) == 1 else f"{thousands(len(report.nodes))} layers"
    return f"{layers}, the first {thousands(_MOST_ROWS)} of them" if len(report.nodes) > _MOST_ROWS else layers


def _table(report: StackReport) -> str:
    heads = "".join(f"<th{side}>{key}</th>" for key, side in _COLUMNS.items())
    rows = "\n".join(_rows(report))
    return f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n"


def _rows(report: StackReport) -> Iterator[str]:
    marks = dict.fromkeys(report.assumed, " (assumed)") | dict.fromkeys(report.unknown, " (unknown)")
    for node in report.nodes[:_MOST_ROWS]:
        cells = zip(_cells(node, marks.get(node.name, "")), _COLUMNS.values(), strict=True)
        yield f"<tr>{''.join(f'<td{side}>{escape(text)}</td>' for text, side in cells)}</tr>"


def _cells(node: NodeReport, mark: str) -> Iterator[str]:
    yield printable(node.name) + mark
    yield printable(node.type)
    yield "" if node.kernel_size is None else times(node.kernel_size)
    yield "?" if node.output_shape is None else times(node.output_shape)
    for count in (node.parameters, node.macs):
        yield "?" if count is None else thousands(count)
    yield "" if node.receptive_field is None else times(node.receptive_field)
