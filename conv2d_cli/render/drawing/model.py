"""A drawing: shapes and text on a canvas, in pixels at normal size. It knows no format, and no convolution.

A renderer in `render/pictures/` makes a file of it; `palette.py` has the colours of roles, for light and dark pages.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from conv2d_cli.render.drawing.palette import Role

# Text is set in a monospaced font: every sign is as wide as this, of the size of the font; so a layout can be computed.
ADVANCE = 0.6
# From the baseline up to the top of a digit, and down to the end of a `g`.
ASCENT, DESCENT = 0.78, 0.22
_WIDE = frozenset("WF")

Anchor = Literal["start", "middle", "end"]


class Box(NamedTuple):
    """Where a shape lies: its outer edges."""

    left: float
    top: float
    right: float
    bottom: float


class Rectangle(NamedTuple):
    """A rectangle; `hatched` draws diagonal lines in the colour of its stroke over its fill."""

    x: float
    y: float
    width: float
    height: float
    fill: Role | None = None
    stroke: Role | None = None
    stroke_width: float = 1
    dashed: bool = False
    hatched: bool = False

    @property
    def box(self) -> Box:
        """Return where it lies, its stroke included."""
        half = self.stroke_width / 2 if self.stroke else 0
        return Box(self.x - half, self.y - half, self.x + self.width + half, self.y + self.height + half)


class Line(NamedTuple):
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    stroke: Role
    stroke_width: float = 1
    dashed: bool = False

    @property
    def box(self) -> Box:
        """Return where it lies, its stroke included."""
        half = self.stroke_width / 2
        (left, right), (top, bottom) = sorted((self.x1, self.x2)), sorted((self.y1, self.y2))
        return Box(left - half, top - half, right + half, bottom + half)


class Polygon(NamedTuple):
    """A closed polygon: slices in a slanted view, heads of arrows."""

    points: tuple[tuple[float, float], ...]
    fill: Role | None = None
    stroke: Role | None = None
    stroke_width: float = 1

    @property
    def box(self) -> Box:
        """Return where it lies, its stroke included."""
        half = self.stroke_width / 2 if self.stroke else 0
        across, down = zip(*self.points, strict=True)
        return Box(min(across) - half, min(down) - half, max(across) + half, max(down) + half)


class Text(NamedTuple):
    """One line of text; `x` is where `anchor` says, `y` its baseline, `size` that of the font."""

    x: float
    y: float
    words: str
    size: float = 12
    anchor: Anchor = "start"
    fill: Role = "ink"
    bold: bool = False

    @property
    def width(self) -> float:
        """Return its width in a monospaced font."""
        return text_width(self.words, self.size)

    @property
    def box(self) -> Box:
        """Return where it lies."""
        left = self.x - {"start": 0, "middle": self.width / 2, "end": self.width}[self.anchor]
        return Box(left, self.y - ASCENT * self.size, left + self.width, self.y + DESCENT * self.size)


class Labelled(NamedTuple):
    """Shapes that belong together, and what a pointer that rests on them, or a screen reader, is told."""

    label: str
    shapes: tuple[Shape, ...]

    @property
    def box(self) -> Box:
        """Return where they lie."""
        return box_of(self.shapes)


Shape = Rectangle | Line | Polygon | Text | Labelled


class Drawing(NamedTuple):
    """A picture `width` by `height`; what is listed later is drawn above.

    An animation has `frames`, drawn above `shapes` one after the other, each for `frame_seconds`, again and again. A
    still picture has none. `title` and `description` are for those who cannot see it.
    """

    width: float
    height: float
    title: str
    description: str
    shapes: tuple[Shape, ...]
    frames: tuple[tuple[Shape, ...], ...] = ()
    frame_seconds: float = 1


def text_width(words: str, size: float) -> float:
    """Return the width of a line in a monospaced font of a size.

    >>> text_width("3 x 3", 10)
    30.0
    """
    cells = sum(
        0 if unicodedata.combining(sign) else 1 + (unicodedata.east_asian_width(sign) in _WIDE) for sign in words
    )
    return cells * ADVANCE * size


def box_of(shapes: tuple[Shape, ...]) -> Box:
    """Return the smallest box around shapes, of which there is one at least."""
    left, top, right, bottom = zip(*(shape.box for shape in shapes), strict=True)
    return Box(min(left), min(top), max(right), max(bottom))
