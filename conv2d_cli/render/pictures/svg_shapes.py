"""Shapes as elements of SVG: what looks alike is one group, and what a frame repeats elsewhere is drawn once."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, cast
from xml.etree import ElementTree as ET

from conv2d_cli.render.drawing.model import Labelled, Line, Polygon, Rectangle, Text
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.pictures.look import color, dashes, plainer

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator

    from conv2d_cli.render.drawing.model import Shape
    from conv2d_cli.render.drawing.palette import Role
    from conv2d_cli.render.pictures.look import Plain, Theme

# An attribute and its value; of a colour the role stands for it.
Look = tuple[tuple[str, str], ...]
_GROUP: Look = ()
# Of fewer shapes a reference is not shorter.
_FEWEST_SHARED = 2


class Run(NamedTuple):
    """Shapes in a row that look alike, or one that is a group of its own and so has no look."""

    look: Look
    shapes: tuple[Shape, ...]


class Pen:
    """Makes elements, and remembers which colours, hatchings and shared shapes they refer to."""

    def __init__(self, prefix: str, theme: Theme, repeated: Counter[tuple[Plain, ...]]) -> None:
        """Take the beginning of all ids, the colours, and how often shapes are drawn, moved to the corner."""
        self.prefix = prefix
        self.colors: dict[tuple[str, Role], None] = {}
        self.hatchings: dict[Role, None] = {}
        self.shared: dict[tuple[Plain, ...], str] = {}
        self._theme: Theme = theme
        self._repeated = repeated

    def draw(self, parent: ET.Element, shapes: Iterable[Shape]) -> None:
        """Add shapes to an element, in their order."""
        for look, run in runs(shapes):
            if look == _GROUP:
                self._draw_labelled(parent, run[0])
                continue
            inner = parent if len(run) == 1 else ET.SubElement(parent, "g", self._attributes(look))
            moved = at_the_corner(run)
            if moved is not None and self._repeated[moved] > 1:
                self._refer(inner, run[0], moved)
                continue
            for shape in run:
                element = self._element(inner, shape)
                if inner is parent:
                    element.attrib.update(self._attributes(look))

    def reference(self, kind: str, name: str) -> str:
        """Return the id of what is referred to."""
        return f"{self.prefix}-{kind}-{name}"

    def colored(self, name: str, role: Role) -> dict[str, str]:
        """Return a colour as an attribute, for what reads no style sheets, and as the class that they know it by."""
        self.colors[name, role] = None
        return {"class": f"{name}-{role}", name: color(role, self._theme)}

    def _draw_labelled(self, parent: ET.Element, shape: Shape) -> None:
        assert isinstance(shape, Labelled)  # noqa: S101 - nothing else is without a look
        group = ET.SubElement(parent, "g")
        _name(group, shape)
        self.draw(group, shape.shapes)

    def _refer(self, parent: ET.Element, first: Shape, moved: tuple[Plain, ...]) -> None:
        name = self.shared.setdefault(moved, str(len(self.shared)))
        x, y = _corner(first)
        place = {"href": f"#{self.reference('shared', name)}", "x": number(x), "y": number(y)}
        ET.SubElement(parent, "use", place)

    def _element(self, parent: ET.Element, shape: Shape) -> ET.Element:
        if isinstance(shape, Labelled):
            element = self._element(parent, shape.shapes[0])
            _name(element, shape)
            return element
        return element_of(parent, shape)

    def _attributes(self, look: Look) -> dict[str, str]:
        written: dict[str, str] = {"class": ""}
        for name, value in look:
            if name == "hatch":
                self.hatchings[cast("Role", value)] = None
                written["fill"] = f"url(#{self.reference('hatch', value)})"
            elif name in {"fill", "stroke"} and value != "none":
                colored = self.colored(name, cast("Role", value))
                written |= colored | {"class": f"{written['class']} {colored['class']}".lstrip()}
            else:
                written[name] = value
        return {name: value for name, value in written.items() if value}


def runs(shapes: Iterable[Shape]) -> Iterator[Run]:
    """Yield shapes in runs of those that look alike."""
    every = (plain for shape in shapes for plain in ((shape,) if isinstance(shape, Labelled) else plainer(shape)))
    for look, run in groupby(every, key=_look):
        if look == _GROUP:
            yield from (Run(look, (shape,)) for shape in run)
        else:
            yield Run(look, tuple(run))


def at_the_corner(run: tuple[Shape, ...]) -> tuple[Plain, ...] | None:
    """Return shapes as they lie to the first of them; None of what is not shared: words, labels, few shapes."""
    if len(run) < _FEWEST_SHARED or any(isinstance(shape, Labelled | Text) for shape in run):
        return None
    x, y = _corner(run[0])
    return tuple(_moved(shape, -x, -y) for shape in run)


def element_of(parent: ET.Element, shape: Plain) -> ET.Element:
    """Add the element of a shape, without its look."""
    match shape:
        case Rectangle(x, y, width, height):
            at = {"x": number(x), "y": number(y), "width": number(width), "height": number(height)}
            return ET.SubElement(parent, "rect", at)
        case Line(x1, y1, x2, y2):
            at = {"x1": number(x1), "y1": number(y1), "x2": number(x2), "y2": number(y2)}
            return ET.SubElement(parent, "line", at)
        case Polygon(points):
            corners = " ".join(f"{number(x)},{number(y)}" for x, y in points)
            return ET.SubElement(parent, "polygon", {"points": corners})
        case Text(x, y, words):
            element = ET.SubElement(parent, "text", {"x": number(x), "y": number(y)})
            element.text = printable(words)
            return element


def number(value: float) -> str:
    """Return a number of an attribute, to a hundredth of a pixel.

    >>> number(12.0), number(0.125), number(-0.001)
    ('12', '0.12', '0')
    """
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _name(element: ET.Element, shape: Labelled) -> None:
    title = ET.Element("title")
    title.text = printable(shape.label)
    element.insert(0, title)


def _look(shape: Shape) -> Look:
    match shape:
        case Labelled(_, (Rectangle() | Line() | Polygon() | Text() as only,)):
            return _look(only) if len([*plainer(only)]) == 1 else _GROUP
        case Labelled():
            return _GROUP
        case Text(_, _, words, size, anchor, fill, bold):
            look = [("fill", str(fill)), ("font-size", number(size))]
            look += [("text-anchor", anchor)] if anchor != "start" else []
            look += [("font-weight", "bold")] if bold else []
            look += [("xml:space", "preserve")] if words != " ".join(words.split()) else []
            return tuple(look)
        case Line(x1, y1, x2, y2):
            dash = _dash(((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5) if shape.dashed else ()
            return (*_stroke(shape.stroke, shape.stroke_width), *dash)
        case Polygon():
            return (("fill", shape.fill or "none"), *_stroke(shape.stroke, shape.stroke_width))
        case Rectangle():
            area = ("hatch", str(shape.stroke or "rule")) if shape.hatched else ("fill", str(shape.fill or "none"))
            stroke = _stroke(shape.stroke, shape.stroke_width)
            return (area, *stroke, *(_dash(shape.width) if shape.dashed and stroke else ()))


def _stroke(stroke: Role | None, width: float) -> Look:
    if stroke is None or not width:
        return ()
    return (("stroke", stroke), *([("stroke-width", number(width))] if width != 1 else []))


def _dash(length: float) -> Look:
    dash, gap = dashes(length)
    return ("stroke-dasharray", f"{number(dash)} {number(gap)}"), ("stroke-dashoffset", number(dash / 2))


def _corner(shape: Shape) -> tuple[float, float]:
    match shape:
        case Rectangle(x, y) | Text(x, y):
            return x, y
        case Line(x1, y1):
            return x1, y1
        case Polygon(points):
            return points[0]
        case Labelled(_, shapes):
            return _corner(shapes[0])


def _moved(shape: Shape, across: float, down: float) -> Plain:
    """Return a shape elsewhere, to a hundredth of a pixel, so that what is alike is found alike."""

    def place(x: float, y: float) -> tuple[float, float]:
        return round(x + across, 2), round(y + down, 2)

    match shape:
        case Rectangle(x, y):
            at = place(x, y)
            return shape._replace(x=at[0], y=at[1])
        case Line(x1, y1, x2, y2):
            start, end = place(x1, y1), place(x2, y2)
            return shape._replace(x1=start[0], y1=start[1], x2=end[0], y2=end[1])
        case Polygon(points):
            return shape._replace(points=tuple(place(x, y) for x, y in points))
        case _:
            raise AssertionError
