"""A drawing as SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from conv2d_cli.render.drawing.model import Labelled, Line, Polygon, Rectangle, Text
from conv2d_cli.render.drawing.palette import PALETTE

if TYPE_CHECKING:
    from conv2d_cli.render.drawing.model import Drawing, Shape
    from conv2d_cli.render.drawing.palette import Role

_SPACE = "http://www.w3.org/2000/svg"


def content(drawing: Drawing) -> bytes:
    """Return the drawing as a file of its own."""
    size = {"width": f"{drawing.width:g}", "height": f"{drawing.height:g}"}
    root = ET.Element("svg", {"xmlns": _SPACE, "viewBox": f"0 0 {drawing.width:g} {drawing.height:g}", **size})
    ET.SubElement(root, "title").text = drawing.title
    ET.SubElement(root, "desc").text = drawing.description
    _add(root, Rectangle(0, 0, drawing.width, drawing.height, "paper"))
    for shape in (*drawing.shapes, *(drawing.frames[0] if drawing.frames else ())):
        _add(root, shape)
    written: bytes = ET.tostring(root, encoding="utf-8")
    return written


def _add(parent: ET.Element, shape: Shape) -> None:
    match shape:
        case Rectangle(x, y, width, height):
            at = {"x": x, "y": y, "width": width, "height": height}
            element = ET.SubElement(parent, "rect", {name: f"{value:g}" for name, value in at.items()})
        case Line(x1, y1, x2, y2):
            at = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
            element = ET.SubElement(parent, "line", {name: f"{value:g}" for name, value in at.items()})
        case Polygon(points):
            corners = " ".join(f"{x:g},{y:g}" for x, y in points)
            element = ET.SubElement(parent, "polygon", {"points": corners})
        case Text(x, y, words, size, anchor):
            look = {"font-family": "monospace", "font-size": f"{size:g}", "text-anchor": anchor}
            element = ET.SubElement(parent, "text", {"x": f"{x:g}", "y": f"{y:g}", **look})
            element.text = words
        case Labelled(label, shapes):
            element = ET.SubElement(parent, "g")
            ET.SubElement(element, "title").text = label
            for inner in shapes:
                _add(element, inner)
            return
    element.set("fill", _color(getattr(shape, "fill", None)))
    element.set("stroke", _color(getattr(shape, "stroke", None)))


def _color(role: Role | None) -> str:
    return "none" if role is None else PALETTE[role].light
