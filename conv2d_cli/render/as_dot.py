"""The graph of a network in the language of Graphviz."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.escaping import printable
from conv2d_cli.render.network_edges import drawing_of

if TYPE_CHECKING:
    from conv2d_cli.report.stack import StackReport


def render(report: StackReport) -> str:
    r"""Return a digraph; names of files stand in quotes, where `\` and `"` are escaped."""
    drawing = drawing_of(report)
    lines = [f"digraph {_quoted(printable(report.name))} {{", "  node [shape=box];"]
    for box in drawing.boxes:
        style = ", shape=ellipse" if box.is_input else ""
        label = "\\n".join(_escaped(line) for line in box.lines)
        lines.append(f'  {box.identity} [label="{label}"{style}];')
    lines += [f"  {arrow.start} -> {arrow.end};" for arrow in drawing.arrows]
    return "\n".join([*lines, "}"]) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'
