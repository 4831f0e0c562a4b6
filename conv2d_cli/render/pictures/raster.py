"""A drawing as pixels, by Pillow. What lies along the axes is drawn on whole pixels, what is slanted is antialiased."""

from __future__ import annotations

from functools import lru_cache
from math import floor, hypot
from typing import TYPE_CHECKING

from conv2d_cli.render.drawing.model import Line, Polygon, Rectangle, Text
from conv2d_cli.render.pictures.look import HATCH_STEP, HATCH_WIDTH, color, dashes, sides, without_labels
from conv2d_cli.render.pictures.raster_text import draw_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from PIL import Image, ImageDraw

    from conv2d_cli.render.drawing.model import Drawing, Shape
    from conv2d_cli.render.drawing.palette import Role
    from conv2d_cli.render.pictures.look import Plain, Theme

# Pixels of a pixel at normal size: screens of today have two, and so words are read on slides.
SCALE = 2
# What is slanted is drawn larger and reduced, in few steps from nothing to all: a GIF has 256 colours.
_FINER, _STEPS = 4, 6
_PARALLEL = 1e-9
_LEVELS = [round(round(level / 255 * _STEPS) / _STEPS * 255) for level in range(256)]

Point = tuple[float, float]


class Pixels:
    """An image that shapes are drawn on."""

    def __init__(self, image: Image.Image, theme: Theme) -> None:
        """Take an image in RGB, and the colours."""
        from PIL import ImageDraw

        self.image = image
        self._theme: Theme = theme
        self._draw: ImageDraw.ImageDraw = ImageDraw.Draw(image)

    def draw(self, shapes: Iterable[Shape]) -> None:
        """Draw shapes in their order."""
        for shape in without_labels(shapes):
            self._one(shape)

    def _one(self, shape: Plain) -> None:
        match shape:
            case Rectangle():
                self._rectangle(shape)
            case Line():
                self._line(shape)
            case Polygon():
                self._polygon(shape)
            case Text():
                mask, at = draw_text(shape, SCALE)
                self._through(mask, at, shape.fill)

    def _rectangle(self, shape: Rectangle) -> None:
        if shape.dashed and shape.stroke and shape.stroke_width:
            self._rectangle(shape._replace(stroke_width=0, dashed=False))
            for side in sides(shape, shape.stroke):
                self._line(side)
            return
        has_edge = shape.stroke is not None and shape.stroke_width > 0
        half = shape.stroke_width / 2 if has_edge else 0
        box = _box(shape.x - half, shape.y - half, shape.x + shape.width + half, shape.y + shape.height + half)
        if box[2] < box[0] or box[3] < box[1]:
            return
        if shape.hatched:
            self._hatch(box, shape.stroke or "rule")
        fill, edge = self._ink(shape.fill), self._ink(shape.stroke if has_edge else None)
        if fill is not None or edge is not None:
            self._draw.rectangle(box, fill, edge, max(1, _pixel(shape.stroke_width)))

    def _hatch(self, box: tuple[int, int, int, int], role: Role) -> None:
        area = (box[0], box[1], box[2] + 1, box[3] + 1)
        self._through(_hatching(self.image.size).crop(area), box[:2], role)

    def _line(self, shape: Line) -> None:
        half = shape.stroke_width / 2
        for x1, y1, x2, y2 in _strokes(shape):
            (left, right), (top, bottom) = sorted((x1, x2)), sorted((y1, y2))
            if left == right:
                self._draw.rectangle(_box(left - half, top, right + half, bottom), self._ink(shape.stroke))
            elif top == bottom:
                self._draw.rectangle(_box(left, top - half, right, bottom + half), self._ink(shape.stroke))
            else:
                across, down = (y1 - y2) * half / hypot(x2 - x1, y2 - y1), (x2 - x1) * half / hypot(x2 - x1, y2 - y1)
                ends = (
                    (x1 + across, y1 + down),
                    (x2 + across, y2 + down),
                    (x2 - across, y2 - down),
                    (x1 - across, y1 - down),
                )
                self._area(ends, (), shape.stroke)

    def _polygon(self, shape: Polygon) -> None:
        if shape.fill is not None:
            self._area(shape.points, (), shape.fill)
        if shape.stroke is not None and shape.stroke_width:
            half = shape.stroke_width / 2
            self._area(_widened(shape.points, half), _widened(shape.points, -half), shape.stroke)

    def _area(self, outline: Sequence[Point], hole: Sequence[Point], role: Role) -> None:
        """Fill a polygon, less a hole, antialiased."""
        from PIL import Image, ImageDraw

        across, down = zip(*outline, strict=True)
        left, top = floor(min(across) * SCALE) - 1, floor(min(down) * SCALE) - 1
        width, height = floor(max(across) * SCALE) + 2 - left, floor(max(down) * SCALE) + 2 - top
        mask = Image.new("L", (width * _FINER, height * _FINER))
        draw = ImageDraw.Draw(mask)
        for points, ink in ((outline, 255), (hole, 0)):
            if points:
                # A pixel covers from its place to the next.
                draw.polygon(
                    [(((x * SCALE - left) * _FINER) - 0.5, ((y * SCALE - top) * _FINER) - 0.5) for x, y in points], ink
                )
        self._through(mask.reduce(_FINER), (left, top), role)

    def _through(self, mask: Image.Image, at: tuple[int, int], role: Role) -> None:
        self.image.paste(color(role, self._theme), (*at, at[0] + mask.width, at[1] + mask.height), mask.point(_LEVELS))

    def _ink(self, role: Role | None) -> tuple[int, int, int] | None:
        return None if role is None else _rgb(color(role, self._theme))


def still(drawing: Drawing, theme: Theme, shapes: Iterable[Shape] = ()) -> Image.Image:
    """Return a drawing without its frames as an image in RGB, with further shapes above it."""
    from PIL import Image

    size = max(1, _pixel(drawing.width)), max(1, _pixel(drawing.height))
    image = Image.new("RGB", size, color("paper", theme))
    Pixels(image, theme).draw((*drawing.shapes, *shapes))
    return image


def _strokes(shape: Line) -> list[tuple[float, float, float, float]]:
    """Return the parts of a line that are drawn: all of it, or its dashes."""
    x1, y1, x2, y2 = shape[:4]
    length = hypot(x2 - x1, y2 - y1)
    if not shape.dashed or not length:
        return [(x1, y1, x2, y2)]
    dash, gap = dashes(length)
    starts = [number * (dash + gap) - dash / 2 for number in range(round(length / (dash + gap)) + 1)]
    parts = [(max(0, start) / length, min(length, start + dash) / length) for start in starts]
    return [(x1 + (x2 - x1) * a, y1 + (y2 - y1) * a, x1 + (x2 - x1) * b, y1 + (y2 - y1) * b) for a, b in parts]


def _widened(points: Sequence[Point], by: float) -> list[Point]:
    """Return a polygon whose edges lie further out, or further in where `by` is negative."""
    turning = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in _edges(points))
    by = by if turning > 0 else -by
    moved = []
    for (x1, y1), (x2, y2) in _edges(points):
        length = hypot(x2 - x1, y2 - y1) or 1
        across, down = (y2 - y1) * by / length, (x1 - x2) * by / length
        moved.append(((x1 + across, y1 + down), (x2 + across, y2 + down)))
    return [_crossing(one, other) for one, other in zip([moved[-1], *moved[:-1]], moved, strict=True)]


def _edges(points: Sequence[Point]) -> Iterable[tuple[Point, Point]]:
    return zip(points, [*points[1:], points[0]], strict=True)


def _crossing(one: tuple[Point, Point], other: tuple[Point, Point]) -> Point:
    """Return where two lines cross; of parallel ones, where the second begins."""
    (x1, y1), (x2, y2) = one
    (x3, y3), (x4, y4) = other
    slope = (x2 - x1) * (y4 - y3) - (y2 - y1) * (x4 - x3)
    if abs(slope) < _PARALLEL:
        return x3, y3
    along = ((x3 - x1) * (y4 - y3) - (y3 - y1) * (x4 - x3)) / slope
    return x1 + along * (x2 - x1), y1 + along * (y2 - y1)


@lru_cache(maxsize=1)
def _hatching(size: tuple[int, int]) -> Image.Image:
    """Return where hatching is drawn on a whole canvas: it goes on from one cell to the next."""
    from PIL import Image, ImageDraw

    step = HATCH_STEP * SCALE * _FINER
    tile = Image.new("L", (3 * step, 3 * step))
    draw = ImageDraw.Draw(tile)
    for start in range(step, 6 * step, step):
        draw.line([(-1, start), (start, -1)], 255, round(HATCH_WIDTH * SCALE * _FINER))
    tile = tile.crop((step, step, 2 * step, 2 * step)).reduce(_FINER)
    whole = Image.new("L", size)
    for x in range(0, size[0], tile.width):
        for y in range(0, size[1], tile.height):
            whole.paste(tile, (x, y))
    return whole


def _box(left: float, top: float, right: float, bottom: float) -> tuple[int, int, int, int]:
    """Return the first and the last pixels of a box."""
    return _pixel(left), _pixel(top), _pixel(right) - 1, _pixel(bottom) - 1


def _pixel(place: float) -> int:
    return floor(place * SCALE + 0.5)


@lru_cache(maxsize=64)
def _rgb(written: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(written[1:])
    return red, green, blue
