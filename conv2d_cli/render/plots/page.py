"""A plot as a page of its own: the drawing, and the points of the front with all their digits."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from conv2d_cli.render.drawing.plot_classes import aims, axis_title, color_label, whole
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.layer_text import times
from conv2d_cli.render.plots.colors import DARK, INK, PAPER, RULE, SOFT
from conv2d_cli.render.plots.figure import words_of
from conv2d_cli.render.units import thousands
from conv2d_cli.report.plot import count_at, front_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.report.plot import PlotReport

# Nothing is loaded and nothing runs: styles stand in the page, and the picture of many points in the drawing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_COLORS = ("ink", INK), ("soft", SOFT), ("rule", RULE), ("paper", PAPER)
_MOST_ROWS = 1000
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="{caption}">
<title>{title}</title>
<style>
:root {{ {light} }}
@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}
body {{ margin: 2rem auto; max-width: 60rem; padding: 0 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }}
svg {{ width: 100%; height: auto; }}
.table {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
caption {{ text-align: left; color: var(--soft); padding-bottom: .5rem; }}
th, td {{ text-align: left; padding: .3rem .8rem; border-bottom: 1px solid var(--rule); }}
.number {{ text-align: right; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{caption}</p>
<figure style="margin:0">
{drawing}</figure>
<div class="table">
<table>
<caption>{above}</caption>
<thead>{head}</thead>
<tbody>
{rows}
</tbody>
</table>
</div>
</main>
</body>
</html>
"""


def page_of(report: PlotReport, drawing: str) -> str:
    """Return the page; every text in it is escaped."""
    words = words_of(report)
    front = front_of(report)
    above = f"The Pareto front: {aims(report)}."
    if len(front) > _MOST_ROWS:
        above += f" The first {thousands(_MOST_ROWS)} of {thousands(len(front))} points."
    return _PAGE.format(
        policy=_POLICY,
        title=escape(words.title),
        caption=escape(words.caption),
        light="".join(f"--{name}:{color};" for name, color in _COLORS),
        dark="".join(f"--{name}:{DARK[color]};" for name, color in _COLORS),
        drawing=drawing[drawing.index("<svg ") :],
        above=escape(above),
        head=_row("th", _heads(report)),
        rows="\n".join(_row("td", cells) for cells in _cells(report)),
    )


_Cells = list[tuple[str, bool]]


def _heads(report: PlotReport) -> _Cells:
    heads = [(axis_title(report.x, report.x_unit), True), (axis_title(report.y, report.y_unit), True)]
    if report.color is not None:
        heads.append((axis_title(report.color, report.color_unit or ""), False))
    return [*heads, ("combinations", True), ("layer", False), ("input_shape", False)]


def _cells(report: PlotReport) -> Iterator[_Cells]:
    counts = count_at(report)
    for point in front_of(report)[:_MOST_ROWS]:
        cells = [(whole(point.x, report.x_unit), True), (whole(point.y, report.y_unit), True)]
        if report.color is not None:
            cells.append((color_label(point.color, report.color_unit or ""), False))
        yield [
            *cells,
            (thousands(counts[point.x, point.y]), True),
            (printable(point.layer or ""), False),
            (times(point.input_shape or ()), False),
        ]


def _row(tag: str, cells: _Cells) -> str:
    scope = ' scope="col"' if tag == "th" else ""
    sides = {True: ' class="number"', False: ""}
    texts = (f"<{tag}{scope}{sides[is_number]}>{escape(text)}</{tag}>" for text, is_number in cells)
    return f"<tr>{''.join(texts)}</tr>"
