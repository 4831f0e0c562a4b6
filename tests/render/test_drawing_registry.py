"""The registry of drawings: each draws, and those that move do."""

from __future__ import annotations

import pytest

from conv2d_cli import Conv2d, analyze
from conv2d_cli.render.drawing.registry import DRAWINGS, MOVING, animation_of, drawing_of
from conv2d_cli.report.draw import draw_report

REPORT = draw_report(analyze(Conv2d(2, 4, 3, stride=2, padding=1), 5), at=(1, 1))


@pytest.mark.parametrize("name", DRAWINGS)
def test_each_is_a_still_picture_and_some_move(name: str) -> None:
    drawn = drawing_of(name, REPORT)
    assert drawn.title
    assert drawn.description
    assert not drawn.frames
    if name in MOVING:
        assert len(animation_of(name, REPORT).frames) == 9


def test_what_moves_is_a_drawing() -> None:
    assert set(DRAWINGS) >= MOVING
