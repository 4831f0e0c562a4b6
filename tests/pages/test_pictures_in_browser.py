"""Pictures as a browser shows them: nothing asked for, nothing refused, each frame in its time, the same as pixels."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from made_up_drawings import HOSTILE, animated, cell

from conv2d_cli.render.drawing.model import Drawing, Labelled, Line, Polygon, Rectangle, Text
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.pictures.look import THEMES
from conv2d_cli.render.pictures.registry import content

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from browser import Opened

    from conv2d_cli.render.pictures.look import Theme

HOSTILE_DRAWING = Drawing(
    width=240,
    height=160,
    title="".join(HOSTILE),
    description="".join(HOSTILE),
    shapes=tuple(
        Labelled(name, (cell(20 * place, 20), Text(5, 60 + 9 * place, name, 8))) for place, name in enumerate(HOSTILE)
    ),
)
SHAPES = Drawing(
    240,
    160,
    "shapes",
    "of every kind",
    (
        *(cell(20 + 20 * place, 20, "tap" if place % 2 else "input") for place in range(4)),
        Rectangle(20, 50, 63, 21, "zero", "rule", dashed=True),
        Rectangle(20, 20, 40, 20, None, "window", 3),
        Rectangle(120, 20, 48, 48, "unused", "soft", hatched=True),
        Polygon(((20, 90), (60, 80), (60, 130), (20, 140)), "group_0", "window", 2),
        Line(80, 90, 220, 90, "ink", 2),
        Line(80, 100, 220, 140, "soft"),
    ),
)
# Which frames are visible when the animations of a page stand at a time.
SEEN = """time => {
  for (const animation of document.getAnimations()) { animation.pause(); animation.currentTime = time; }
  return [...document.querySelectorAll('[class^=frame-]')].map(one => getComputedStyle(one).visibility == 'visible');
}"""


@pytest.fixture
def shown(open_page: Callable[..., Opened], tmp_path: Path) -> Callable[..., Any]:
    """Return what opens a drawing of a kind."""

    def showing(kind: str, drawing: Drawing, **options: Any) -> Opened:
        file = tmp_path / f"drawing.{kind}"
        file.write_bytes(content(kind, drawing))
        return open_page(file, **options)

    return showing


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("drawing", [HOSTILE_DRAWING, animated()], ids=["hostile", "animated"])
def test_a_page_is_used_by_everybody_and_asks_for_nothing(
    shown: Callable[..., Any], drawing: Drawing, width: int, theme: Theme
) -> None:
    opened = shown("html", drawing, width=width, color_scheme=theme)
    assert opened.axe() == []
    assert opened.page.title().split() == printable(drawing.title).split()
    assert opened.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_file_of_hostile_names_is_words_alone(shown: Callable[..., Any]) -> None:
    page = shown("svg", HOSTILE_DRAWING).page
    written = page.evaluate("[...document.querySelectorAll('text')].map(one => one.textContent)")
    assert written == [printable(name) for name in HOSTILE]


def test_one_frame_is_shown_at_a_time(shown: Callable[..., Any]) -> None:
    page = shown("svg", animated(7, 0.3), reduced_motion="no-preference").page
    for turn in range(2):
        for place in range(7):
            for part in (0, 150, 299):
                frames = page.evaluate(SEEN, (turn * 7 + place) * 300 + part)
                assert [shows for shows, frame in enumerate(frames) if frame] == [place]


def test_who_wants_no_motion_sees_the_first_frame(shown: Callable[..., Any]) -> None:
    page = shown("svg", animated(3, 0.1), reduced_motion="reduce").page
    assert page.evaluate("document.getAnimations().length") == 0
    assert page.evaluate(SEEN, 0) == [True, False, False]


@pytest.mark.parametrize("theme", THEMES)
def test_a_browser_draws_the_pixels_of_the_png(shown: Callable[..., Any], theme: Theme) -> None:
    pytest.importorskip("PIL", reason="the extra `image` is not installed")
    from PIL import Image, ImageChops

    page = shown("svg", SHAPES, width=240, height=160, color_scheme=theme, device_scale_factor=2).page
    seen = Image.open(BytesIO(page.screenshot())).convert("RGB")
    drawn = Image.open(BytesIO(content("png", SHAPES, theme))).convert("RGB")
    assert seen.size == drawn.size
    # Edges of what is slanted are smoothed each in its way; nothing is elsewhere, or of another colour.
    differing = [max(pixel) for pixel in zip(*[iter(ImageChops.difference(seen, drawn).tobytes())] * 3, strict=True)]
    assert sum(by > 64 for by in differing) <= len(differing) / 200
    assert sum(by > 0 for by in differing) <= len(differing) / 20
