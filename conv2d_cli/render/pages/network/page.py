"""The page of a network, put together: its texts escaped, its script and its style allowed by their hashes alone."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from conv2d_cli.render.drawing.palette import PALETTE
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.pages.network import totals
from conv2d_cli.render.pages.network.data import data_of

if TYPE_CHECKING:
    from conv2d_cli.report.network_page import NetworkPageReport

# In the order in which they use one another.
_SCRIPTS = ("numbers.js", "model.js", "layout.js", "graph.js", "charts.js", "table.js", "main.js")


def page_of(report: NetworkPageReport) -> str:
    """Return the page as a file of its own."""
    stack = report.stack
    style, script = _style(), _script()
    sections = totals.sections_of(stack)
    return Template(_text("page.html")).substitute(
        policy=(
            f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
            "base-uri 'none'; form-action 'none'"
        ),
        style=style,
        script=script,
        data=data_of(report),
        name=escape(printable(stack.name)),
        headline=totals.headline(stack, report.dtype),
        remarks=totals.remarks_html(stack, report.notes),
        tiles=totals.tiles(sections),
        totals=totals.tables(sections),
        counters=totals.counters(stack.tools),
    )


def _script() -> str:
    """Return all of the script, whose names are its own."""
    return '"use strict";\n(() => {\n' + "\n".join(map(_text, _SCRIPTS)) + "})();\n"


def _style() -> str:
    """Return the style, with the colours of drawings for light and for dark pages.

    What is filled with a colour of one of them is drawn with that of the other, which stands out from the page.
    """
    light = "".join(f"--{role}:{color.light};--on-{role}:{color.dark};" for role, color in PALETTE.items())
    dark = "".join(f"--{role}:{color.dark};--on-{role}:{color.light};" for role, color in PALETTE.items())
    scheme = "@media (prefers-color-scheme: dark)"
    return f":root{{{light}}}\n{scheme} {{ :root{{{dark}}} }}\n".replace("_", "-") + _text("style.css")


def _text(name: str) -> str:
    return files("conv2d_cli.render.pages.network").joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    """Return what a policy calls a script or a style by."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
