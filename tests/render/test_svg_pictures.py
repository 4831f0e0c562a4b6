"""Drawings as SVG and as pages: valid, named, for light and dark readers, each frame in its time."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from hashlib import sha256
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from drawing_checks import plain_shapes
from hypothesis import given, settings
from made_up_drawings import HOSTILE, animated, cell, drawings

from conv2d_cli.render.drawing.model import Drawing, Labelled, Line, Polygon, Rectangle, Text
from conv2d_cli.render.drawing.palette import PALETTE
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.pictures.look import THEMES
from conv2d_cli.render.pictures.registry import content

if TYPE_CHECKING:
    from conv2d_cli.render.drawing.model import Shape
    from conv2d_cli.render.pictures.look import Theme

SVG = "{http://www.w3.org/2000/svg}"


def still(*shapes: Shape, title: str = "title", description: str = "description") -> Drawing:
    return Drawing(240, 160, title, description, shapes)


def tree(drawing: Drawing, theme: Theme | None = None) -> ET.Element:
    return ET.fromstring(content("svg", drawing, theme))  # noqa: S314 - it is ours


def style_of(root: ET.Element) -> str:
    return root.findtext(f"{SVG}style") or ""


@settings(max_examples=30)
@given(drawings)
def test_any_drawing_is_valid_named_and_the_same_each_time(drawing: Drawing) -> None:
    root = tree(drawing)
    assert content("svg", drawing) == content("svg", drawing)
    assert root.tag == f"{SVG}svg"
    assert root.get("viewBox") == "0 0 240 160"
    assert (root.findtext(f"{SVG}title"), root.findtext(f"{SVG}desc")) == (
        printable(drawing.title),
        printable(drawing.description),
    )
    check_references(root)
    written = Counter(element.text or "" for element in root.iter(f"{SVG}text"))
    assert written == Counter(words for shapes in (drawing.shapes, *drawing.frames) for words in texts_of(shapes))


def check_references(root: ET.Element) -> None:
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"conv2d-[0-9a-f]{12}[a-z0-9_-]*", str(name)) for name in ids)
    named = " ".join(str(root.get(name)) for name in ("aria-labelledby", "aria-describedby")).split()
    used = [str(element.get("href"))[1:] for element in root.iter(f"{SVG}use")]
    filled = re.findall(r"url\(#(.*?)\)", ET.tostring(root, encoding="unicode"))
    assert {*named, *used, *filled} <= set(ids)
    # Nothing that a page's policy would refuse, and nothing that runs or is fetched.
    assert not [element for element in root.iter() if element.get("style") or element.tag.endswith("script")]
    assert all(str(element.get("href", "#")).startswith("#") for element in root.iter())
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on")]


def texts_of(shapes: tuple[Shape, ...]) -> list[str]:
    return [printable(shape.words) for shape in plain_shapes(shapes) if isinstance(shape, Text)]


def test_colours_are_attributes_and_rules_for_light_and_for_dark_pages() -> None:
    root = tree(still(cell(20, 20, "tap")))
    square = next(element for element in root.iter(f"{SVG}rect") if element.get("class") == "fill-tap stroke-rule")
    assert (square.get("fill"), square.get("stroke")) == (PALETTE["tap"].light, PALETTE["rule"].light)
    light, dark = style_of(root).split("@media (prefers-color-scheme:dark)")
    own = f"#{root.get('id')} .fill-tap"
    assert f"{own}{{fill:{PALETTE['tap'].light}}}" in light
    assert f"{own}{{fill:{PALETTE['tap'].dark}}}" in dark


@pytest.mark.parametrize("theme", THEMES)
def test_a_theme_is_kept_whatever_the_reader_has(theme: Theme) -> None:
    root = tree(still(cell(20, 20)), theme)
    assert "@media" not in style_of(root)
    assert {getattr(PALETTE["input"], theme)} <= {element.get("fill") for element in root.iter(f"{SVG}rect")}


def test_drawings_on_one_page_share_no_ids() -> None:
    several = (still(cell(20, 20)), still(cell(20, 21)), still(cell(20, 20), title="another"), animated())
    ids = [element.get("id") for drawing in several for element in tree(drawing).iter() if element.get("id")]
    assert len(ids) == len(set(ids))


def test_labels_are_titles_and_what_looks_alike_is_one_group() -> None:
    root = tree(still(*(Labelled(f"input[{column}]", (cell(20 + 20 * column, 20),)) for column in range(5))))
    (group,) = root.findall(f"{SVG}g")
    assert [square.findtext(f"{SVG}title") for square in group] == [f"input[{column}]" for column in range(5)]
    assert group.get("class") == "fill-input stroke-rule"
    assert {name for square in group for name in square.attrib} == {"x", "y", "width", "height"}


def test_dashes_and_hatching() -> None:
    dashed = Rectangle(10, 10, 21, 21, "zero", "rule", dashed=True)
    hatched = Rectangle(40, 10, 30, 20, "unused", "soft", hatched=True)
    root = tree(still(dashed, hatched, Rectangle(80, 10, 30, 20, None, "rule", dashed=True)))
    square = next(element for element in root.iter(f"{SVG}rect") if element.get("stroke-dasharray"))
    assert (square.get("stroke-dasharray"), square.get("stroke-dashoffset")) == ("4 3", "2")
    pattern = next(root.iter(f"{SVG}pattern"))
    assert pattern.get("patternUnits") == "userSpaceOnUse"
    fills = [element.get("fill") for element in root.iter(f"{SVG}rect") if element.get("x") == "40"]
    assert fills == [PALETTE["unused"].light, f"url(#{pattern.get('id')})"]
    assert len([*root.iter(f"{SVG}line")]) == 4


# --- Animation ---------------------------------------------------------------------------------------------------


def seen(root: ET.Element, seconds: float) -> list[int]:
    """Return the frames that are visible at a time, worked out of the rules as CSS Animations 1 says."""
    style = style_of(root)
    share = float(re.search(r"visibility:visible\}([\d.]+)%,100%\{visibility:hidden", style)[1]) / 100  # type: ignore[index]
    whole = float(re.search(r"animation:\S+ ([\d.]+)s step-end infinite", style)[1])  # type: ignore[index]
    delays = {int(place): float(delay) for place, delay in re.findall(r"frame-(\d+)\{animation-delay:(\S+)s\}", style)}
    return [place for place, delay in delays.items() if round(seconds - delay, 9) % whole / whole < share]


@pytest.mark.parametrize(("frames", "lasting"), [(2, 0.5), (3, 1), (7, 0.25), (49, 0.6), (100, 0.04)])
def test_each_frame_is_seen_in_its_time_alone_again_and_again(frames: int, lasting: float) -> None:
    root = tree(animated(frames, lasting))
    for turn in (0, 1, 5):
        for place in range(frames):
            start = (turn * frames + place) * lasting
            assert [seen(root, start + part * lasting) for part in (0.001, 0.5, 0.999)] == [[place]] * 3


def test_without_animation_the_first_frame_is_shown_and_motion_only_to_those_who_want_it() -> None:
    root = tree(animated(3))
    frames = [group for group in root.iter(f"{SVG}g") if str(group.get("class")).startswith("frame-")]
    assert [group.get("visibility") for group in frames] == [None, "hidden", "hidden"]
    still_rules, moving = style_of(root).split("@media (prefers-reduced-motion:no-preference)")
    assert "animation" not in still_rules
    assert moving.count("animation-delay") == 3
    assert "animation" not in style_of(tree(animated(1)))


def test_a_window_that_moves_is_drawn_once() -> None:
    root = tree(animated(100))
    stamps = [*root.iter(f"{SVG}use")]
    assert len(stamps) == 100
    assert len({stamp.get("href") for stamp in stamps}) == 1
    assert [stamp.get("x") for stamp in stamps[:3]] == ["20", "40", "60"]
    assert len([*root.iter(f"{SVG}rect")]) == 1 + 2 * 101 + 4 + 100


# --- Names are data -------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a browser finds in a page: its tags, its title, and the style sheets in it."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str | None]] = []
        self.policy = ""
        self.texts: dict[str, list[str]] = {}
        self._inside: list[str] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attrs
        if ("http-equiv", "Content-Security-Policy") in attrs:
            self.policy = dict(attrs)["content"] or ""
        if tag != "meta":
            self._inside.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attrs
        self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._inside.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[self._inside[-1]][-1] += data


@settings(max_examples=30)
@given(drawings)
def test_any_drawing_is_a_page_that_may_do_nothing(drawing: Drawing) -> None:
    check_page(drawing)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_only_ever_text(name: str) -> None:
    shapes = (Text(20, 20, name), Labelled(name, (cell(20, 40), Line(0, 0, 9, 9, "ink"))))
    page = check_page(still(*shapes, title=name, description=name))
    assert page.texts["h1"] == [printable(name)]
    assert page.texts["text"] == [printable(name)]


def check_page(drawing: Drawing) -> Page:
    page = Page(content("html", drawing))
    assert page.tags["h1"] == page.tags["svg"] == page.tags["main"] == 1
    assert not page.tags.keys() - {
        *("html", "head", "meta", "title", "style", "body", "main", "h1", "figure", "div", "figcaption"),
        *("svg", "desc", "defs", "pattern", "path", "g", "rect", "line", "polygon", "text", "use"),
    }
    assert not [name for name, _ in page.attributes if name == "style" or name.startswith("on") or name == "src"]
    hashes = {f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'" for text in page.texts["style"]}
    assert page.policy.startswith("default-src 'none'; style-src 'sha256-")
    assert set(page.policy.removeprefix("default-src 'none'; style-src ").split()) == hashes
    return page


@pytest.mark.parametrize(("kind", "loads"), [("svg", ""), ("html", ""), ("png", "PIL"), ("gif", "PIL numpy")])
def test_a_format_loads_what_it_needs_alone(kind: str, loads: str) -> None:
    code = f"""
import sys
from conv2d_cli.render.drawing.model import Drawing, Text
from conv2d_cli.render.pictures.registry import content
content({kind!r}, Drawing(60, 20, "", "", (Text(5, 15, "8"),)))
print(*sorted({{name.split(".")[0] for name in sys.modules}} & {{"PIL", "numpy", "rich", "pydantic", "matplotlib"}}))
"""
    if loads:
        pytest.importorskip("PIL", reason="the extra `image` is not installed")
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == loads


def test_shapes_keep_their_order() -> None:
    shapes = (cell(0, 0), Polygon(((0, 0), (9, 0), (0, 9)), "tap"), cell(5, 5), Text(5, 15, "7"), cell(9, 9, "output"))
    tags = [element.tag.removeprefix(SVG) for element in tree(still(*shapes)).iter()]
    assert tags[-6:] == ["rect", "rect", "polygon", "rect", "text", "rect"]
