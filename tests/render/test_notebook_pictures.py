"""Pictures and networks in a notebook: figures with a picture, ids that stand once, names that stay texts."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from html.parser import HTMLParser
from itertools import chain
from typing import TYPE_CHECKING, Literal
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_pages import HOSTILE_NAMES, deep, hostile, in_a_row

from conv2d_cli import Conv2d, Conv2dError, FileError, Network, Picture, ShapeError, UsageError, analyze, draw
from conv2d_cli.render.layer_text import times
from conv2d_cli.render.notebook import html_of, rich_of

if TYPE_CHECKING:
    from pathlib import Path

LAYER = Conv2d(3, 64, 7, stride=2, padding=3)
SIDES = st.integers(0, 50)
PADDINGS = st.tuples(SIDES, SIDES, SIDES, SIDES) | st.sampled_from(("valid", "same_upper"))
SPACE = "{http://www.w3.org/2000/svg}"


class Tags(HTMLParser):
    """The tags and attributes of a fragment, in order, and its texts."""

    def __init__(self, fragment: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.texts: list[str] = []
        self.feed(fragment)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def image_in(fragment: str) -> ET.Element:
    found = re.findall(r'<img alt="[^"<]*" style="max-width:100%" src="data:image/svg\+xml;base64,([^"]*)">', fragment)
    assert len(found) == 1
    return ET.fromstring(b64decode(found[0]))  # noqa: S314 - our own


def test_a_layer_on_an_input_has_its_picture_below_its_figures() -> None:
    fragment = html_of(analyze(LAYER, 224))
    assert fragment.startswith("<pre")
    assert "118,013,952" in fragment
    picture = image_in(fragment)
    assert picture.tag == f"{SPACE}svg"
    assert ET.tostring(picture, encoding="unicode").count("112")
    drawn = html_of(draw(LAYER, 224).report)
    assert drawn == fragment
    for without in (analyze(LAYER), analyze(LAYER, (0, 3, 224, 224))):
        assert "<img" not in html_of(without)


def test_a_layer_alone_is_shown_on_a_small_input() -> None:
    fragment = html_of(LAYER)
    assert fragment.startswith("<pre")
    assert "9,472" in fragment
    assert f"<p>For example on {times((8, 8))}:</p>" in fragment
    assert any(" × 8 × 8" in (text or "") for text in image_in(fragment).itertext())  # noqa: RUF001


@given(
    kernel=st.integers(1, 2**62),
    padding=st.integers(0, 2**62 - 1) | st.sampled_from(("valid", "same_upper")),
    mode=st.sampled_from(("zeros", "reflect", "replicate", "circular")),
)
@settings(max_examples=15)
def test_whatever_layer_there_is_shows_itself(
    kernel: int, padding: int | Literal["valid", "same_upper"], mode: Literal["zeros", "reflect", "circular"]
) -> None:
    layer = Conv2d(1, 1, kernel, padding=padding, padding_mode=mode)
    assert html_of(layer).startswith("<pre")


# An example is a whole picture, 40 ms.
@settings(max_examples=30)
@given(
    kernel=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    stride=st.integers(1, 2**31),
    padding=PADDINGS,
    dilation=st.integers(1, 9),
    size=st.tuples(st.integers(0, 2), st.just(4), st.integers(1, 2**31), st.integers(1, 400)),
)
def test_whatever_can_be_analyzed_shows_itself(
    kernel: tuple[int, int],
    stride: int,
    padding: tuple[int, int, int, int] | Literal["valid", "same_upper"],
    dilation: int,
    size: tuple[int, ...],
) -> None:
    try:
        report = analyze(Conv2d(4, 8, kernel, stride=stride, padding=padding, dilation=dilation), size)
    except Conv2dError:
        return
    fragment = html_of(report)
    assert ("<img" in fragment) == (0 not in (report.output_shape or ()))


def test_ids_stand_once_however_often_a_picture_is_shown() -> None:
    picture = draw(LAYER, 224)
    shown = [picture._repr_svg_(), picture._repr_svg_(), picture.report._repr_svg_()]  # type: ignore[attr-defined]
    ids = [[one.get("id") for one in ET.fromstring(text).iter() if one.get("id")] for text in shown]  # noqa: S314
    every = [*chain.from_iterable(ids)]
    assert len({*every}) == len(every) > 0
    assert all(ET.fromstring(text).get("style") == "max-width:100%;height:auto" for text in shown)  # noqa: S314
    for text, own in zip(shown, ids, strict=True):
        assert {*re.findall(r"(?:url\(#|href=\"#)([^\")]*)", text)} <= {*own}


def test_a_picture_is_saved_by_its_suffix(tmp_path: Path) -> None:
    picture = draw(LAYER, (3, 32, 20), at=(0, 9))
    assert isinstance(picture, Picture)
    assert repr(picture).endswith("at (0, 9)>")
    picture.save(tmp_path / "x.svg")
    assert (tmp_path / "x.svg").read_text("utf-8") == picture.svg()
    assert picture.svg() == draw(LAYER, (3, 32, 20), at=np.array([0, 9])).svg()  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"x\.bmp: a picture is one of svg"):
        picture.save(tmp_path / "x.bmp")
    with pytest.raises(FileError, match="cannot write"):
        picture.save(tmp_path / "nowhere" / "x.svg")


def test_every_picture_of_the_command_is_one_of_python() -> None:
    from conv2d_cli.render.drawing.registry import DRAWINGS

    for name in DRAWINGS:
        picture = draw(Conv2d(4, 8, 3, groups=2, padding=1), 8, picture=name)
        assert ET.fromstring(picture.svg()).tag == f"{SPACE}svg"  # noqa: S314 - our own
        assert repr(picture).startswith(f"<Picture {name}: Conv2d(4, 8, ")


def test_what_cannot_be_drawn_is_told() -> None:
    with pytest.raises(UsageError, match="picture='plain': there is no such picture") as no_picture:
        draw(LAYER, 224, picture="plain")
    assert no_picture.value.hint == "did you mean picture=plane?"
    for no_name in ("", None, 3):
        with pytest.raises(UsageError, match="there is no such picture"):
            draw(LAYER, 224, picture=no_name)  # type: ignore[arg-type]
    for no_place in ((0,), (0, 1, 2), 3, "0,1", (0.5, 1), (True, 1), (None, 0)):
        with pytest.raises(UsageError, match="an output element is two whole numbers"):
            draw(LAYER, 224, at=no_place)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="size=None"):
        draw(LAYER, None)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"at=\(112, 0\): the output is 112x112, and rows and columns count from 0"):
        draw(LAYER, 224, at=(112, 0))
    with pytest.raises(ShapeError, match="the output, 0x64x112x112, has no element"):
        draw(LAYER, (0, 3, 224, 224))
    with pytest.raises(ShapeError, match="the kernel"):
        draw(Conv2d(3, 64, 7), 3)


def test_a_network_shows_totals_and_layers() -> None:
    fragment = html_of(Network.read("alexnet"))
    assert fragment == html_of(Network.read("alexnet").analyze())
    report = Network.read("alexnet").analyze()
    texts = Tags(fragment).texts
    for value in (report.macs, report.parameters, report.peak_activation_bytes, *(node.macs for node in report.nodes)):
        assert f"{value:,}" in texts
    assert "<details open>" in fragment
    assert "<details>\n<summary>175 layers</summary>" in html_of(Network.read("resnet50"))
    long = html_of(Network.read(json.dumps(deep(201), indent=1)))
    assert "<summary>1,006 layers, the first 1,000 of them</summary>" in long
    assert long.partition("<tbody>\n<tr><td")[2].count("<tr>") == 999


def test_no_name_of_a_network_becomes_markup() -> None:
    names = tuple(f"layer{place}" for place in range(len(HOSTILE_NAMES)))
    plain = Network.read(json.dumps(in_a_row(names), indent=1)).analyze()
    report = hostile().stack
    fragment = html_of(report)
    assert Tags(fragment).tags == Tags(html_of(plain._replace(assumed=names[:2]))).tags
    assert not {"\x1b", "\u202e", "\u2028", "\ud800", "\x00"} & {*fragment}
    assert fragment.encode()
    assert Tags(html_of(analyze(LAYER, 8))).tags[-1][0] == "img"


def test_a_network_that_fits_no_input_says_so() -> None:
    text = json.dumps(
        {"input": [1, 3, 8, 8], "layers": [{"name": "<b>", "type": "Linear", "in_features": 3}]}, indent=1
    )
    text = text.replace('"in_features": 3', '"in_features": 3, "out_features": 2')
    network = Network.read(text)
    fragment = html_of(network)
    assert fragment.startswith("<pre>&lt;Network network: 1 layers&gt;\n&lt;b&gt; (Linear) on 1x3x8x8")
    assert str(rich_of(network)).startswith("<Network network: 1 layers>\n<b> (Linear)")
