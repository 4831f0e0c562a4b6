"""What every format has in common: colours of a page, how dashes and hatching run, shapes made of plainer ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from conv2d_cli.render.drawing.model import Labelled, Line, Rectangle
from conv2d_cli.render.drawing.palette import PALETTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conv2d_cli.render.drawing.model import Polygon, Shape, Text
    from conv2d_cli.render.drawing.palette import Role

    Plain = Rectangle | Line | Polygon | Text

Theme = Literal["light", "dark"]
# Lines of hatching are as far apart as this along either axis, and as wide as that.
HATCH_STEP, HATCH_WIDTH = 6, 1
_DASH, _GAP = 4, 3


def color(role: Role, theme: Theme) -> str:
    """Return a colour as `#rrggbb`."""
    return PALETTE[role].light if theme == "light" else PALETTE[role].dark


def dashes(length: float) -> tuple[float, float]:
    """Return the lengths of a dash and of a gap on a line that begins and ends in the middle of a dash.

    So the dashes of cells that share an edge are the same ones, and corners are always drawn.

    >>> dashes(28)
    (4.0, 3.0)
    """
    period = length / max(1, round(length / (_DASH + _GAP)))
    return period * _DASH / (_DASH + _GAP), period * _GAP / (_DASH + _GAP)


def plainer(shape: Plain) -> Iterator[Plain]:
    """Yield the shapes that a shape is made of, first what is below.

    A rectangle is its area, then its hatching, then its edge, whose dashes fit each side. What is hatched keeps the
    colour of its edge, with a width of 0.
    """
    if not isinstance(shape, Rectangle):
        yield shape
        return
    if shape.hatched and shape.fill is not None:
        yield shape._replace(stroke=None, hatched=False)
        shape = shape._replace(fill=None)
    if not shape.dashed or shape.stroke is None or shape.width == shape.height:
        yield shape
        return
    if shape.fill is not None or shape.hatched:
        yield shape._replace(stroke_width=0, dashed=False)
    yield from sides(shape, shape.stroke)


def without_labels(shapes: Iterable[Shape]) -> Iterator[Plain]:
    """Yield shapes in the order in which they are drawn, as plainer ones, those of a Labelled one by one."""
    for shape in shapes:
        if isinstance(shape, Labelled):
            yield from without_labels(shape.shapes)
        else:
            yield from plainer(shape)


def sides(shape: Rectangle, stroke: Role) -> Iterator[Line]:
    """Yield the four sides of a rectangle as lines."""
    left, top, right, bottom = shape.x, shape.y, shape.x + shape.width, shape.y + shape.height
    for x1, y1, x2, y2 in ((left, top, right, top), (left, bottom, right, bottom)):
        yield Line(x1, y1, x2, y2, stroke, shape.stroke_width, shape.dashed)
    for x1, y1, x2, y2 in ((left, top, left, bottom), (right, top, right, bottom)):
        yield Line(x1, y1, x2, y2, stroke, shape.stroke_width, shape.dashed)
