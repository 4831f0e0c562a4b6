"""Which drawings there are of a layer, by name."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conv2d_cli.render.drawing.model import Drawing
    from conv2d_cli.report.draw import DrawReport

# Each is a module of this folder with `drawing(report) -> Drawing`; one that moves has `animation(report)` too.
_DRAWINGS = {"plane": "plane"}
DRAWINGS = tuple(_DRAWINGS)


def drawing_of(picture: str, report: DrawReport) -> Drawing:
    """Return a drawing of a layer on its input, at one output element."""
    drawn: Drawing = import_module(f"conv2d_cli.render.drawing.{_DRAWINGS[picture]}").drawing(report)
    return drawn


def animation_of(picture: str, report: DrawReport) -> Drawing:
    """Return a drawing that moves over the output elements, of a picture that does."""
    drawn: Drawing = import_module(f"conv2d_cli.render.drawing.{_DRAWINGS[picture]}").animation(report)
    return drawn
