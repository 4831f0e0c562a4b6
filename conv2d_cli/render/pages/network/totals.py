"""The totals of a network as HTML, figure by figure as its screen on a terminal has them, and what is said of them."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import MAIN, WARNING
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.layer_text import times
from conv2d_cli.render.screens import stack_totals
from conv2d_cli.render.screens.view import View
from conv2d_cli.render.units import short_count, thousands

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.render.blocks import Figure, Section
    from conv2d_cli.report.stack import StackReport, ToolCount

# A page has room for all of them.
_VIEW = View(120, verbose=True, in_python=True)
# The answer first.
_FIRST = ("parameters", "macs", "peak_activation_bytes", "receptive_field")
# In signs: what fits a cell of a table, and a tile in its large letters.
_LONG, _LONG_OF_A_TILE = 20, 13
_TIMES = "×"  # noqa: RUF001 - the sign itself


def sections_of(report: StackReport) -> tuple[Section, ...]:
    """Return the figures under their headings."""
    return tuple(section for section in stack_totals.sections(report, _VIEW) if section.figures)


def headline(report: StackReport, dtype: str | None = None) -> str:
    """Return from which shape to which, and in how many layers."""
    layers = f"{thousands(report.layers)} layer{'' if report.layers == 1 else 's'}"
    shapes = "" if report.output_shape is None else times(report.output_shape)
    if report.input_shape is not None and shapes:
        shapes = f"{times(report.input_shape)} → {shapes}"
    return escape(", ".join(filter(None, (shapes, layers, dtype))))


def tiles(sections: Sequence[Section]) -> str:
    """Return the figures that most ask for, large."""
    known = {figure.key: figure for section in sections for figure in section.figures}
    return "\n".join(_tile(known[key]) for key in _FIRST if key in known)


def _tile(figure: Figure) -> str:
    beside = escape(" · ".join(filter(None, (figure.unit, figure.formula))))
    look = "figure long" if len(figure.value) > _LONG_OF_A_TILE else "figure"
    value = _broken(figure.value, _LONG_OF_A_TILE)
    return (
        f'<div class="tile"><dt>{escape(figure.key)}</dt>'
        f'<dd><b class="{look}">{value}</b> <span class="soft">{beside}</span></dd></div>'
    )


def tables(sections: Sequence[Section]) -> str:
    """Return a table for each section."""
    return "\n".join(_table(section) for section in sections)


def _table(section: Section) -> str:
    rows = "\n".join(_row(figure) for figure in section.figures)
    return f'<table class="totals">\n<caption>{escape(section.title)}</caption>\n<tbody>\n{rows}\n</tbody>\n</table>'


def _row(figure: Figure) -> str:
    look = {MAIN: " main", WARNING: " warning"}.get(figure.style, "")
    return (
        f'<tr><th scope="row">{escape(figure.key).replace("_", "_<wbr>")}</th>'
        f'<td class="number{look}" data-key="{escape(figure.key)}">{_broken(figure.value)}</td>'
        f'<td class="unit">{escape(figure.unit)}</td><td class="soft">{escape(figure.formula)}</td></tr>'
    )


def _broken(value: str, most: int = _LONG) -> str:
    """Return a number or sizes of more than `most` signs with places where a line may end."""
    whole = escape(value)
    return whole if len(value) <= most else whole.replace(",", ",<wbr>").replace(_TIMES, f"{_TIMES}<wbr>")


def counters(tools: Sequence[ToolCount]) -> str:
    """Return the figures of other counters, and why some have none."""
    return "\n".join(_counter(one) for one in tools)


def _counter(one: ToolCount) -> str:
    value = "–" if one.value is None else thousands(one.value)  # noqa: RUF001 - a dash
    unit = "" if one.value is None else short_count(one.value)
    said = f"“{one.name}”: {one.formula}" if one.reason is None else one.reason
    return (
        f'<tr><th scope="row">{escape(printable(one.tool))}</th><td class="number">{value}</td>'
        f'<td class="unit">{unit}</td><td class="soft">{escape(printable(said))}</td></tr>'
    )


def remarks(report: StackReport, notes: Sequence[str]) -> Iterator[str]:
    """Yield what to know before the figures are used, a sentence each."""
    if report.unknown:
        yield stack_totals.not_known(report)
    if report.assumed:
        layers = "1 layer" if len(report.assumed) == 1 else f"{thousands(len(report.assumed))} layers"
        yield f"assumed by the names of blocks: {layers}"
    yield from notes


def remarks_html(report: StackReport, notes: Sequence[str]) -> str:
    """Return the remarks as items of a list."""
    return "\n".join(f"<li>{escape(printable(text))}</li>" for text in remarks(report, notes))
