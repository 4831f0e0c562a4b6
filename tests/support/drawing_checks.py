"""What must hold of every drawing, worked out of its model: nothing overlaps, is hidden, or leaves the canvas.

`check_layout(drawing)` raises an AssertionError that says which shapes, where, and in which frame.
"""

from __future__ import annotations

from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.render.drawing.model import Box, Labelled, Line, Polygon, Rectangle, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from conv2d_cli.render.drawing.model import Drawing, Shape

# Shapes that only touch are beside one another: less than this is rounding.
_TOUCH = 0.01

Plain = Rectangle | Line | Polygon | Text
Segment = tuple[float, float, float, float]


class Placed(NamedTuple):
    """A shape, where it lies, and how many are drawn before it."""

    order: int
    shape: Plain
    box: Box


def check_layout(drawing: Drawing) -> None:
    """Check the still part of a drawing, and what each of its frames adds to it.

    - No two texts overlap, and no shape hides a text, unless the same words are written again above that shape.
    - No edge of a rectangle or polygon, and no line, goes through a text: it is fully inside or fully outside. What a
      filled shape below the text covers does not count: words may stand on a patch of their own.
    - Nothing leaves the canvas.
    """
    still = _placed(drawing.shapes, 0)
    _check(still, still, drawing, "")
    for number, frame in enumerate(drawing.frames):
        _check(still, _placed(frame, len(still)), drawing, f" in frame {number}")


def plain_shapes(shapes: Iterable[Shape]) -> Iterator[Plain]:
    """Yield shapes in the order in which they are drawn, those of a Labelled one by one."""
    for shape in shapes:
        if isinstance(shape, Labelled):
            yield from plain_shapes(shape.shapes)
        else:
            yield shape


def _placed(shapes: Iterable[Shape], before: int) -> list[Placed]:
    return [Placed(order, shape, shape.box) for order, shape in enumerate(plain_shapes(shapes), before)]


def _check(still: Sequence[Placed], new: Sequence[Placed], drawing: Drawing, where: str) -> None:
    """Check each pair of which one is new at least."""
    for one in new:
        _check_on_canvas(one, drawing, where)
    every = still if new is still else (*still, *new)
    texts = [one for one in every if isinstance(one.shape, Text)]
    new_orders = {one.order for one in new}
    for text in texts:
        _check_text(text, every, new_orders, where)


def _check_text(text: Placed, every: Sequence[Placed], new: set[int], where: str) -> None:
    near = [other for other in every if other is not text and _meet(text.box, other.box)]
    fills = [other.order for other in near if _is_filled(other.shape) and _contains(other.shape, text.box)]
    cover = max(fills, default=-1)
    if cover > text.order:
        again = any(other.order > cover and _words(other.shape) == _words(text.shape) for other in near)
        assert again, f"{_told(text)} is hidden by {_told(_of(every, cover))}{where}"
        return
    for other in near:
        if other.order < cover or not {text.order, other.order} & new:
            continue
        if isinstance(other.shape, Text):
            hidden = any(
                other.order < one.order < text.order and _is_filled(one.shape) and _contains(one.shape, other.box)
                for one in near
            )
            assert hidden, f"{_told(text)} overlaps {_told(other)}{where}"
        else:
            through = any(_crosses(edge, text.box, _half_stroke(other.shape)) for edge in _edges(other.shape))
            assert not through, f"an edge of {_told(other)} goes through {_told(text)}{where}"


def _check_on_canvas(one: Placed, drawing: Drawing, where: str) -> None:
    assert all(isfinite(number) for number in one.box), f"{_told(one)} has no place{where}"
    canvas = Box(-_TOUCH, -_TOUCH, drawing.width + _TOUCH, drawing.height + _TOUCH)
    assert _within(one.box, canvas), f"{_told(one)} leaves the canvas of {drawing.width:g} x {drawing.height:g}{where}"
    assert one.box.left <= one.box.right, f"{_told(one)} has a negative width{where}"
    assert one.box.top <= one.box.bottom, f"{_told(one)} has a negative height{where}"


def _of(every: Sequence[Placed], order: int) -> Placed:
    return next(one for one in every if one.order == order)


def _words(shape: Plain) -> str | None:
    return shape.words if isinstance(shape, Text) else None


def _told(one: Placed) -> str:
    at = f"({one.box.left:g}, {one.box.top:g}) to ({one.box.right:g}, {one.box.bottom:g})"
    words = _words(one.shape)
    return f"{type(one.shape).__name__.lower()}{'' if words is None else f' {words!r}'} at {at}"


def _is_filled(shape: Plain) -> bool:
    return isinstance(shape, Rectangle | Polygon) and shape.fill is not None


def _half_stroke(shape: Plain) -> float:
    if isinstance(shape, Text) or not shape.stroke:
        return 0
    return shape.stroke_width / 2


def _edges(shape: Plain) -> list[Segment]:
    match shape:
        case Rectangle(x, y, width, height) if shape.fill or shape.stroke:
            corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
        case Polygon(points) if shape.fill or shape.stroke:
            corners = [*points]
        case Line(x1, y1, x2, y2):
            return [(x1, y1, x2, y2)]
        case _:
            return []
    return [(*start, *end) for start, end in pairwise((*corners, corners[0]))]


def _meet(one: Box, other: Box) -> bool:
    return (
        one.left < other.right - _TOUCH
        and other.left < one.right - _TOUCH
        and one.top < other.bottom - _TOUCH
        and other.top < one.bottom - _TOUCH
    )


def _within(inner: Box, outer: Box) -> bool:
    return (
        inner.left >= outer.left
        and inner.top >= outer.top
        and inner.right <= outer.right
        and inner.bottom <= outer.bottom
    )


def _contains(shape: Plain, box: Box) -> bool:
    """Return whether a box lies inside a shape: no edge goes through it, and a corner is inside."""
    if any(_crosses(edge, box, 0) for edge in _edges(shape)):
        return False
    middle, centre = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    crossed = (
        x1 + (centre - y1) * (x2 - x1) / (y2 - y1) > middle
        for x1, y1, x2, y2 in _edges(shape)
        if (y1 > centre) != (y2 > centre)
    )
    return sum(crossed) % 2 == 1


def _crosses(edge: Segment, box: Box, half_width: float) -> bool:
    """Return whether a stroke goes through a box, by clipping its middle line to a larger box (Liang-Barsky)."""
    x1, y1, x2, y2 = edge
    margin = half_width - _TOUCH
    begin, end = 0.0, 1.0
    for start, length, low, high in (
        (x1, x2 - x1, box.left - margin, box.right + margin),
        (y1, y2 - y1, box.top - margin, box.bottom + margin),
    ):
        if length == 0:
            if not low < start < high:
                return False
            continue
        first, second = sorted(((low - start) / length, (high - start) / length))
        begin, end = max(begin, first), min(end, second)
    return begin < end
