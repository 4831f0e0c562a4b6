"""The checks of drawings find what they are for, and let pass what is well drawn."""

from __future__ import annotations

import pytest
from drawing_checks import check_layout

from conv2d_cli.render.drawing.model import Drawing, Labelled, Line, Polygon, Rectangle, Shape, Text

CELL = Rectangle(10, 10, 40, 30, "input", "rule")
INSIDE = Text(30, 30, "5", anchor="middle")


def drawing(*shapes: Shape, frames: tuple[tuple[Shape, ...], ...] = ()) -> Drawing:
    return Drawing(100, 60, "title", "description", shapes, frames)


@pytest.mark.parametrize(
    "shapes",
    [
        (CELL, INSIDE),
        (CELL, Text(51, 30, "beside")),
        (INSIDE, Rectangle(10, 10, 40, 30, None, "window", 3)),
        # Words on a patch of their own, which covers the line below.
        (Line(1, 25, 99, 25, "rule"), Rectangle(20, 15, 30, 20, "paper"), INSIDE),
        # A cell drawn again with its number.
        (CELL, INSIDE, CELL._replace(fill="tap"), INSIDE),
        (CELL, INSIDE, Labelled("again", (CELL._replace(fill="tap"), INSIDE))),
        (Polygon(((1, 1), (90, 5), (90, 55), (1, 50)), "group_0", "rule"), INSIDE),
        (Polygon(((1, 1), (40, 1), (1, 40)), None, "rule"), Text(60, 50, "out")),
        (Rectangle(0, 0, 100, 60, "paper"), Line(0.5, 1, 0.5, 59, "rule")),
        (Text(0, 12, "one"), Text(0, 24, "two"), Text(3 * 7.2, 12, "beside it")),
    ],
)
def test_what_is_well_drawn_passes(shapes: tuple[Shape, ...]) -> None:
    check_layout(drawing(*shapes))
    check_layout(drawing(frames=(shapes, shapes)))
    check_layout(drawing(*shapes[:1], frames=(shapes[1:],)))


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        ((INSIDE, INSIDE._replace(words="6", x=34)), "text '5' at .* overlaps text '6'"),
        ((CELL, INSIDE._replace(x=48)), "edge of rectangle .* goes through text '5'"),
        ((CELL._replace(fill=None), INSIDE._replace(y=12)), "goes through"),
        ((INSIDE._replace(x=12.5), CELL._replace(fill=None, stroke_width=6)), "goes through"),
        ((Line(1, 1, 60, 50, "rule"), INSIDE), "line .* goes through"),
        ((INSIDE, Polygon(((1, 1), (60, 1), (1, 45)), None, "rule")), "polygon .* goes through"),
        ((INSIDE, CELL), "text '5' at .* is hidden by rectangle"),
        ((CELL, INSIDE, CELL._replace(fill="tap"), INSIDE._replace(words="6")), "is hidden by"),
        ((Text(70, 20, "too wide"),), "leaves the canvas of 100 x 60"),
        ((Line(0, 0, 50, 0, "rule"),), "line at .* leaves the canvas"),
        ((Labelled("a group", (Polygon(((0, 0), (101, 0), (5, 5)), "tap"),)),), "leaves the canvas"),
        ((Rectangle(50, 10, -5, 5, "tap"),), "negative width"),
        ((Rectangle(float("nan"), 10, 5, 5, "tap"),), "no place"),
    ],
)
def test_what_is_not_is_found_and_said(shapes: tuple[Shape, ...], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        check_layout(drawing(*shapes))
    with pytest.raises(AssertionError, match=f"{said}.* in frame 1"):
        check_layout(drawing(frames=((), shapes)))
