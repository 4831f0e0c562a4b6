"""A drawing as SVG: for light and for dark pages, animated by itself, the same bytes each time."""

from __future__ import annotations

import json
from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from conv2d_cli.render.drawing.model import Rectangle
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.pictures.look import HATCH_STEP, HATCH_WIDTH
from conv2d_cli.render.pictures.svg_shapes import Pen, at_the_corner, element_of, number, runs
from conv2d_cli.render.pictures.svg_style import frame_class, style

if TYPE_CHECKING:
    from conv2d_cli.render.drawing.model import Drawing
    from conv2d_cli.render.pictures.look import Plain, Theme

_SPACE = "http://www.w3.org/2000/svg"
# One of them is on every machine, with signs about as wide as a drawing reckons.
FONTS = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"


def content(drawing: Drawing, theme: Theme | None = None) -> bytes:
    """Return the drawing as a file of its own; without a theme it follows that of its reader."""
    root = element(drawing, theme)
    root.set("xmlns", _SPACE)
    written: bytes = ET.tostring(root, encoding="utf-8")
    return written + b"\n"


def element(drawing: Drawing, theme: Theme | None = None) -> ET.Element:
    """Return the drawing as an element for a page, its style sheet inside; several of them may stand on one page."""
    prefix = _prefix(drawing, theme)
    pen = Pen(prefix, theme or "light", _repeated(drawing))
    body = ET.Element("g")
    pen.draw(body, (Rectangle(0, 0, drawing.width, drawing.height, "paper"), *drawing.shapes))
    for place, frame in enumerate(drawing.frames):
        # What knows no animation shows the first frame.
        hidden = {"visibility": "hidden"} if place else {}
        pen.draw(ET.SubElement(body, "g", {"class": frame_class(place), **hidden}), frame)
    root = _root(drawing, prefix)
    definitions = _definitions(pen)
    ET.SubElement(root, "style").text = style(pen.colors, drawing, prefix, theme)
    if len(definitions):
        root.append(definitions)
    root.extend(body)
    return root


def _prefix(drawing: Drawing, theme: Theme | None) -> str:
    digest = sha256(json.dumps((drawing, theme)).encode())
    return f"conv2d-{digest.hexdigest()[:12]}"


def _repeated(drawing: Drawing) -> Counter[tuple[Plain, ...]]:
    moved = (at_the_corner(run.shapes) for frame in drawing.frames for run in runs(frame))
    return Counter(shapes for shapes in moved if shapes is not None)


def _root(drawing: Drawing, prefix: str) -> ET.Element:
    width, height = number(drawing.width), number(drawing.height)
    title, description = f"{prefix}-title", f"{prefix}-desc"
    look = {"width": width, "height": height, "viewBox": f"0 0 {width} {height}", "font-family": FONTS}
    said = {"role": "img", "aria-labelledby": title, "aria-describedby": description}
    root = ET.Element("svg", {"id": prefix, **look, **said})
    ET.SubElement(root, "title", {"id": title}).text = printable(drawing.title)
    ET.SubElement(root, "desc", {"id": description}).text = printable(drawing.description)
    return root


def _definitions(pen: Pen) -> ET.Element:
    definitions = ET.Element("defs")
    size = number(HATCH_STEP)
    for role in pen.hatchings:
        place = {"id": pen.reference("hatch", role), "width": size, "height": size, "patternUnits": "userSpaceOnUse"}
        pattern = ET.SubElement(definitions, "pattern", place)
        # From corner to corner, and what its neighbours reach over with.
        lines = f"M-1 1L1-1M0 {size}L{size} 0M{HATCH_STEP - 1} {HATCH_STEP + 1}L{HATCH_STEP + 1} {HATCH_STEP - 1}"
        look = {**pen.colored("stroke", role), "stroke-width": number(HATCH_WIDTH)}
        ET.SubElement(pattern, "path", {"d": lines, "fill": "none", **look})
    for shapes, name in pen.shared.items():
        group = ET.SubElement(definitions, "g", {"id": pen.reference("shared", name)})
        for shape in shapes:
            element_of(group, shape)
    return definitions
