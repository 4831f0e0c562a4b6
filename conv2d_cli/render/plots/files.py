"""A plot as the bytes of a file: which formats there are, and what writes each."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

from conv2d_cli.errors import MissingExtraError
from conv2d_cli.render.plots.figure import figure_of, own_settings, words_of

if TYPE_CHECKING:
    from conv2d_cli.report.plot import PlotReport

EXTRA = "plot"


def png(report: PlotReport) -> bytes:
    """Return a picture of points of the screen, without a date or the name of what made it."""
    return _saved(report, "png", {"Software": None, "Title": words_of(report).title})


def svg(report: PlotReport) -> bytes:
    """Return a drawing whose text is text, the same bytes each time, for light and for dark pages."""
    from conv2d_cli.render.plots.svg import finished

    return finished(_saved(report, "svg", {"Date": None, "Creator": None}), words_of(report))


def html(report: PlotReport) -> bytes:
    """Return a page with the drawing in it and a table of the front, which loads nothing."""
    from conv2d_cli.render.plots.page import page_of

    return page_of(report, svg(report).decode()).encode()


# By the suffix of a file.
WRITERS = {"svg": svg, "png": png, "html": html}


def check_installed(what: str) -> None:
    """Check that Matplotlib is there, without loading it.

    Raises:
        MissingExtraError: it is not.
    """
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise MissingExtraError(what, EXTRA)


def _saved(report: PlotReport, kind: str, metadata: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    with own_settings(), warnings.catch_warnings():
        # A sign that its font lacks is drawn as a box, and text of an SVG is drawn by whoever shows it.
        warnings.simplefilter("ignore")
        figure_of(report).savefig(file, format=kind, metadata=metadata)
    return file.getvalue()
