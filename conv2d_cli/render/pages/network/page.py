"""The page of a network, put together: markup with its totals, style, scripts, and the facts that these show."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from conv2d_cli.render.drawing.palette import PALETTE
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.pages.document import colors, document, shared_script
from conv2d_cli.render.pages.network import totals
from conv2d_cli.render.pages.network.data import data_of

if TYPE_CHECKING:
    from conv2d_cli.report.network_page import NetworkPageReport

# In the order in which they use one another.
_SCRIPTS = ("numbers.js", "model.js", "layout.js", "graph.js", "charts.js", "table.js", "main.js")


def content(report: NetworkPageReport) -> bytes:
    """Return the page as a file."""
    name = printable(report.stack.name)
    return document(
        title=name,
        style=_colors() + _part("style.css"),
        body=Template(_part("network.html")).substitute(_words(report), name=escape(name)),
        # Names of a script are its own in a function alone.
        script='"use strict";\n(() => {\n' + "\n".join([shared_script(), *map(_part, _SCRIPTS)]) + "})();\n",
        data=data_of(report),
    )


def _words(report: NetworkPageReport) -> dict[str, str]:
    stack = report.stack
    sections = totals.sections_of(stack)
    return {
        "headline": totals.headline(stack, report.dtype),
        "remarks": totals.remarks_html(stack, report.notes),
        "tiles": totals.tiles(sections),
        "totals": totals.tables(sections),
        "counters": totals.counters(stack.tools),
    }


def _colors() -> str:
    """Return the colours of drawings, and those to draw with on a page: of its counterpart, which stands out."""
    return colors({f"on-{role.replace('_', '-')}": (color.dark, color.light) for role, color in PALETTE.items()})


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
