"""Drawings of every kind of shape, small and known, and made up at random with hostile names."""

from __future__ import annotations

from typing import get_args

from hypothesis import strategies as st

from conv2d_cli.render.drawing.model import Drawing, Labelled, Line, Polygon, Rectangle, Shape, Text
from conv2d_cli.render.drawing.palette import Role

WIDTH, HEIGHT = 240, 160
HOSTILE = (
    "</script><img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "]]></title><style>*{display:none}</style>",
    "\x00\x1b[31m\x7f\x85\u2028\ufffe\uffff",
    "\udc80\ud800 half",
    "{title} {0} %s &amp; &lt;",
    "  two  spaces  ",
    "",
    "重み → ∑é",
)

_numbers = st.integers(0, 4 * HEIGHT).map(lambda quarters: quarters / 4)
_roles: st.SearchStrategy[Role] = st.sampled_from(get_args(Role))
_maybe = st.none() | _roles
_widths = st.sampled_from((0.5, 1, 2, 3))
_words = st.sampled_from(HOSTILE) | st.text(max_size=12)
_sizes = st.sampled_from((9, 12, 14.5))
_points = st.tuples(_numbers, _numbers)
_plain = st.one_of(
    st.builds(Rectangle, _numbers, _numbers, _numbers, _numbers, _maybe, _maybe, _widths, st.booleans(), st.booleans()),
    st.builds(Line, _numbers, _numbers, _numbers, _numbers, _roles, _widths, st.booleans()),
    st.builds(Polygon, st.lists(_points, min_size=3, max_size=5).map(tuple), _maybe, _maybe, _widths),
    st.builds(
        Text, _numbers, _numbers, _words, _sizes, st.sampled_from(("start", "middle", "end")), _roles, st.booleans()
    ),
)
_shapes: st.SearchStrategy[Shape] = st.recursive(
    _plain, lambda inner: st.builds(Labelled, _words, st.lists(inner, min_size=1, max_size=3).map(tuple)), max_leaves=4
)
_many = st.lists(_shapes, max_size=5).map(tuple)
# What lies out of the canvas is drawn by nobody, but must not be a fault.
drawings: st.SearchStrategy[Drawing] = st.builds(
    Drawing,
    st.just(WIDTH),
    st.just(HEIGHT),
    _words,
    _words,
    _many,
    st.lists(_many, max_size=3).map(tuple),
    st.sampled_from((0.04, 0.5, 1.25)),
)


def cell(x: int, y: int, fill: Role = "input", size: int = 20) -> Rectangle:
    """Return a cell as drawings of planes have them."""
    return Rectangle(x, y, size, size, fill, "rule")


def animated(frames: int = 4, seconds: float = 0.5) -> Drawing:
    """Return a window of 2 by 2 that moves over a row of cells."""
    row = tuple(cell(20 + 20 * column, 20 + 20 * line) for line in range(2) for column in range(frames + 1))
    moved: tuple[tuple[Shape, ...], ...] = tuple(
        (
            *(cell(20 + 20 * (place + column), 20 + 20 * line, "tap") for line in range(2) for column in range(2)),
            Rectangle(20 + 20 * place, 20, 40, 40, None, "window", 3),
            Text(20, 90, f"output[{place}]", bold=True),
        )
        for place in range(frames)
    )
    return Drawing(max(WIDTH, 40 * frames), HEIGHT, "A window", "It moves to the right.", row, moved, seconds)
