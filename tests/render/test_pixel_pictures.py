"""Drawings as PNG and GIF: colours where the shapes are, frames as they are drawn still, the same bytes each time."""

# ruff: noqa: RUF001 - the signs of arithmetic are meant

from __future__ import annotations

import io
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given, settings
from made_up_drawings import HOSTILE, animated, cell, drawings

from conv2d_cli.errors import MissingExtraError
from conv2d_cli.render.drawing.model import Drawing, Labelled, Line, Polygon, Rectangle, Shape, Text
from conv2d_cli.render.drawing.palette import PALETTE, Role
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.pictures.registry import KINDS, check_installed, content

pytest.importorskip("PIL", reason="the extra `image` is not installed")

from PIL import Image, ImageChops, ImageSequence

from conv2d_cli.render.pictures.look import THEMES, color
from conv2d_cli.render.pictures.raster import SCALE
from conv2d_cli.render.pictures.raster_text import draw_text, drawable

if TYPE_CHECKING:
    from conv2d_cli.render.drawing.model import Anchor
    from conv2d_cli.render.pictures.look import Theme

Pixel = tuple[int, int, int]


def still(*shapes: Shape) -> Drawing:
    return Drawing(120, 80, "title", "description", shapes)


def png(drawing: Drawing, theme: Theme | None = None) -> Image.Image:
    image = Image.open(io.BytesIO(content("png", drawing, theme)))
    assert [*image.size] == [round(drawing.width * SCALE), round(drawing.height * SCALE)]
    return image.convert("RGB")


def at(image: Image.Image, x: float, y: float) -> Pixel:
    left, top = round(x * SCALE), round(y * SCALE)
    red, green, blue = image.crop((left, top, left + 1, top + 1)).tobytes()
    return red, green, blue


def rgb(role: Role, theme: Theme = "light") -> Pixel:
    red, green, blue = bytes.fromhex(color(role, theme)[1:])
    return red, green, blue


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("role", get_args(Role))
def test_a_cell_has_its_colour_its_edge_and_paper_around_it(role: Role, theme: Theme) -> None:
    image = png(still(Rectangle(20, 20, 40, 30, role, "window", 2)), theme)
    assert at(image, 40, 35) == at(image, 21.5, 21.5) == at(image, 58, 48) == rgb(role, theme)
    assert (
        at(image, 19.5, 35) == at(image, 20.5, 35) == at(image, 60.5, 35) == at(image, 40, 49.5) == rgb("window", theme)
    )
    assert at(image, 18.5, 35) == at(image, 61, 35) == at(image, 40, 51) == rgb("paper", theme)


def test_what_is_later_is_above() -> None:
    image = png(
        still(cell(10, 10), Labelled("above", (cell(20, 10, "tap"),)), Rectangle(10, 10, 40, 40, None, "window", 3))
    )
    assert (at(image, 15, 20), at(image, 30, 20), at(image, 45, 45)) == (rgb("input"), rgb("tap"), rgb("paper"))
    assert at(image, 30, 9) == at(image, 30, 11) == rgb("window")


def test_edges_of_neighbours_are_one_line_as_wide_as_it_is_drawn() -> None:
    image = png(still(cell(10, 10), cell(30, 10, "output")))
    row = [at(image, pixel / SCALE, 20) for pixel in range(25 * SCALE, 35 * SCALE)]
    assert [role for role, following in pairwise([*row, None]) if role != following] == [
        rgb("input"),
        rgb("rule"),
        rgb("output"),
    ]
    assert row.count(rgb("rule")) == SCALE


def test_dashes_have_gaps_and_reach_the_corners() -> None:
    image = png(still(Rectangle(10, 10, 42, 28, "zero", "ink", dashed=True), Line(10, 60, 52, 60, "ink", dashed=True)))
    for y in (10, 38, 60):
        row = [at(image, x / SCALE, y) for x in range(10 * SCALE, 52 * SCALE)]
        assert row[0] == row[-1] == rgb("ink")
        assert sum(one != other for one, other in pairwise(row)) == 2 * 42 / 7
        assert row.count(rgb("ink")) == pytest.approx(4 / 7 * len(row), abs=SCALE)
    assert {at(image, x, 24) for x in (9, 53)} == {rgb("paper")}


def test_hatching_is_half_of_neither_and_goes_on_in_the_next_cell() -> None:
    whole = png(still(Rectangle(12, 12, 48, 24, "unused", "ink", 0.5, hatched=True)))
    cells = png(still(*(Rectangle(x, 12, 24, 24, "unused", "ink", 0.5, hatched=True) for x in (12, 36))))
    inside = (14 * SCALE, 14 * SCALE, 34 * SCALE, 34 * SCALE)
    assert whole.crop(inside).tobytes() == cells.crop(inside).tobytes()
    found = {pixel: count for count, pixel in whole.crop(inside).getcolors() or ()}
    assert found[rgb("unused")] > found[rgb("ink")] > 0


def test_polygons_are_filled_and_slanted_edges_smooth() -> None:
    image = png(still(Polygon(((20, 20), (60, 10), (60, 60), (20, 70)), "group_1", "ink", 2)))
    assert at(image, 40, 40) == rgb("group_1")
    assert at(image, 20, 45) == at(image, 60, 30) == rgb("ink")
    assert at(image, 30, 12) == at(image, 70, 40) == at(image, 25, 75) == rgb("paper")
    assert len(image.getcolors() or ()) > 5
    head = png(still(Polygon(((20, 20), (40, 30), (20, 40)), "ink")))
    assert (at(head, 25, 30), at(head, 38, 22)) == (rgb("ink"), rgb("paper"))


def test_a_polygon_that_goes_back_the_way_it_came_is_a_line_with_corners() -> None:
    way = ((20.0, 10.0), (30.0, 30.0), (20.0, 50.0), (30.0, 70.0))
    image = png(still(Polygon((*way, *way[-2:0:-1]), None, "ink", 2)))
    assert {at(image, x, y) for x, y in (*way, (25, 20), (25, 40), (25, 60))} == {rgb("ink")}
    assert {at(image, x, y) for x, y in ((20, 30), (30, 50), (25, 10))} == {rgb("paper")}


def test_a_slanted_line_is_as_wide_as_it_is_drawn() -> None:
    image = png(still(Line(10, 10, 70, 70, "ink", 4)))
    assert at(image, 40, 40) == at(image, 41, 40) == rgb("ink")
    assert at(image, 44, 40) == at(image, 40, 44) == rgb("paper")


# --- Words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["WWWWMMMM", "@@@@", "3 × 224 × 224", "output[0, 0] → 1", "0123456789", "−∑Σ≤"])
@pytest.mark.parametrize("anchor", ["start", "middle", "end"])
@pytest.mark.parametrize("bold", [False, True])
def test_text_stays_within_what_the_layout_reckons_with(words: str, anchor: Anchor, *, bold: bool) -> None:
    text = Text(50, 40, words, 12, anchor, bold=bold)
    mask, (left, top) = draw_text(text, 1)
    found = mask.getbbox()
    assert found is not None
    # A pixel of smoothing at either end, and one of what is bold.
    assert left + found[0] >= text.box.left - 1
    assert left + found[2] <= text.box.right + 1 + bold
    assert top + found[1] >= text.box.top - 1
    assert top + found[3] <= text.box.bottom + 1


def test_no_sign_is_drawn_as_a_box() -> None:
    for sign in {*map(chr, range(33, 127)), *"×−–→←↑↓≤≥≈Σ·…±°"}:
        assert drawable(sign) == sign
        assert draw_text(Text(0, 20, sign), 2)[0].getbbox() is not None
    missing = {*drawable("漢字 ∑ é ² ▶ \U0001f600 \x1b \udc80")}
    assert missing <= {*map(chr, range(32, 127)), *"Σ→"}


def test_signs_of_the_font_are_where_pillow_has_them() -> None:
    from PIL import ImageFont

    font = ImageFont.load_default(40)
    lacking = bytes(font.getmask("\U000f1234"))
    for sign in {*map(chr, range(33, 127)), *"©«°±´·»‘’“”…‹›⁄™"}:
        assert bytes(font.getmask(sign)) != lacking, sign


# --- Files ----------------------------------------------------------------------------------------------------------


@settings(max_examples=5)
@given(drawings)
def test_any_drawing_is_drawn_the_same_each_time(drawing: Drawing) -> None:
    for kind in ("png", "gif"):
        written = content(kind, drawing)
        assert written == content(kind, drawing)
        with Image.open(io.BytesIO(written)) as image:
            image.load()
            assert image.size == (240 * SCALE, 160 * SCALE)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_png_says_what_it_is(name: str) -> None:
    with Image.open(io.BytesIO(content("png", still()._replace(title=name, description=name)))) as image:
        image.load()
        assert {key: str(image.info[key]) for key in ("Title", "Description")} == dict.fromkeys(
            ("Title", "Description"), printable(name)
        )
        assert [round(density) for density in image.info["dpi"]] == [144, 144]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("frames", "seconds", "lasting"), [(4, 0.5, 500), (9, 1.25, 1250), (2, 0.001, 20)])
def test_each_frame_of_a_gif_is_the_png_of_that_frame(frames: int, seconds: float, lasting: int, theme: Theme) -> None:
    drawing = animated(frames, seconds)
    with Image.open(io.BytesIO(content("gif", drawing, theme))) as image:
        assert getattr(image, "n_frames", 1) == frames
        assert image.info["loop"] == 0
        for frame, shapes in zip(ImageSequence.Iterator(image), drawing.frames, strict=True):
            assert frame.info["duration"] == lasting
            expected = png(drawing._replace(shapes=(*drawing.shapes, *shapes), frames=()), theme)
            assert frame.convert("RGB").tobytes() == expected.tobytes()


def test_a_gif_of_more_colours_than_it_holds_keeps_those_of_shapes() -> None:
    roles = get_args(Role)
    crowded = Drawing(
        width=20 * len(roles),
        height=20 * len(roles),
        title="every ink on every fill",
        description="",
        shapes=tuple(
            shape
            for across, fill in enumerate(roles)
            for down, ink in enumerate(roles)
            for shape in (cell(20 * across, 20 * down, fill), Text(20 * across + 3, 20 * down + 14, "8&", fill=ink))
        ),
    )
    assert len(png(crowded).getcolors(1 << 20) or ()) > 256
    with Image.open(io.BytesIO(content("gif", crowded))) as image:
        drawn = image.convert("RGB")
        assert {at(drawn, 20 * place + 18, 18) for place in range(len(roles))} == {rgb(role) for role in roles}


def test_frames_hold_only_what_changes() -> None:
    drawing = animated(5)
    pictures = [png(drawing._replace(shapes=(*drawing.shapes, *shapes), frames=())) for shapes in drawing.frames]
    with Image.open(io.BytesIO(content("gif", drawing))) as image:
        for place, (before, after) in enumerate(pairwise(pictures), 1):
            image.seek(place)
            assert image.tile[0][1] == ImageChops.difference(before, after).getbbox()


def test_what_is_missing_is_said_with_what_mends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.setattr("conv2d_cli.render.pictures.registry.find_spec", lambda _: None)
    for kind in KINDS:
        if kind in {"png", "gif"}:
            with pytest.raises(MissingExtraError, match=r"^-o x needs an extra") as raised:
                check_installed(kind, "-o x")
            assert "'conv2d-cli[image]'" in str(raised.value.hint)
        else:
            check_installed(kind, "-o x")
            assert content(kind, animated(2))


def test_roles_have_their_colours_in_either_theme() -> None:
    assert (color("tap", "light"), color("tap", "dark")) == PALETTE["tap"]
