"""The graph of a network in the language of Mermaid, which Markdown on many sites draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.network_edges import drawing_of

if TYPE_CHECKING:
    from conv2d_cli.report.stack import StackReport

# Everything else is written by its number: a name of a file may be markup.
_AS_IT_IS = frozenset(" ._-,+/×")  # noqa: RUF001 - the sign of shapes


def render(report: StackReport) -> str:
    """Return a flowchart."""
    drawing = drawing_of(report)
    lines = ["flowchart TD"]
    for box in drawing.boxes:
        start, end = ("([", "])") if box.is_input else ("[", "]")
        label = "<br/>".join(map(_escaped, box.lines))
        lines.append(f'  {box.identity}{start}"{label}"{end}')
    lines += [f"  {arrow.start} --> {arrow.end}" for arrow in drawing.arrows]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return "".join(sign if sign.isalnum() or sign in _AS_IT_IS else f"#{ord(sign)};" for sign in text)
