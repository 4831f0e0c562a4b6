"""Pictures of volumes: which input channels make which output channel, of random layers; in a terminal too."""

from __future__ import annotations

import re
from random import Random
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from drawing_checks import check_layout, plain_shapes

from conv2d_cli import Conv2d, analyze
from conv2d_cli.network.transposed_expression import transposed_of_expression
from conv2d_cli.render.drawing.model import Labelled, Line, Polygon, Text
from conv2d_cli.render.drawing.volume import drawing
from conv2d_cli.render.formats import render
from conv2d_cli.render.pictures.registry import content
from conv2d_cli.render.screen import Screen
from conv2d_cli.report.draw import draw_report
from conv2d_cli.report.draw_transposed import transposed_draw_report
from conv2d_cli.report.draw_volume import volume_report
from conv2d_cli.report.transposed import analyze_transposed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conv2d_cli.render.drawing.model import Drawing, Shape
    from conv2d_cli.report.draw import DrawReport

    Snapshot = Callable[[str, str], None]

LAYERS = 300
LARGE = 2**31
NUMBER = re.compile(r"[0-9][0-9,]*")
NAMED: dict[str, tuple[Conv2d, int | tuple[int, int]]] = {
    "stem": (Conv2d(3, 64, 7, stride=2, padding=3), 224),
    "deep": (Conv2d(2048, 512, 1, bias=False), 7),
    "groups": (Conv2d(4, 8, 3, groups=2), 5),
    "depthwise": (Conv2d(32, 64, 3, padding=1, groups=32), 28),
    "single": (Conv2d(1, 1, 1), 1),
    "large": (Conv2d(LARGE, LARGE, 3, groups=LARGE), LARGE),
    "whole": (Conv2d(LARGE, LARGE, (1, 31)), (1, 2**40)),
}
WIDTHS = (120, 80, 40)


def report_of(seed: int) -> DrawReport:
    random = Random(seed)
    groups = random.choice((1, 1, 2, 3, 5, 6, 7, 8, 40, 2**20))
    read, made = (groups * random.choice((1, 1, 2, 3, 4, 7, 64, 1000, 10**9)) for _ in range(2))
    kernel, stride = ((random.choice((1, 2, 3, 7, 31)), random.choice((1, 3, 5))) for _ in range(2))
    layer = Conv2d(read, made, kernel, stride=stride, groups=groups, bias=random.random() > 0.5)
    sizes = [side + random.choice((0, 1, 5, 200, 2**31)) for side in kernel]
    shape = analyze(layer, sizes)
    assert shape.output_shape is not None
    return draw_report(shape, tuple(random.randrange(size) for size in shape.output_shape[-2:]))  # type: ignore[arg-type]


def labels(drawn: Drawing, kind: str) -> dict[int, list[int]]:
    """Return by channel what the slices of a kind say: their group, and the first and the last channel there."""
    found = {}
    for shape in drawn.shapes:
        if isinstance(shape, Labelled) and shape.label.startswith(kind) and ":" in shape.label:
            channel, group, *ends = (int(number.replace(",", "")) for number in NUMBER.findall(shape.label))
            found[channel] = [group, ends[0], ends[-1]]
    return found


def has_thick_edge(shapes: Iterable[Shape]) -> bool:
    first = next(shape for shape in plain_shapes(shapes) if isinstance(shape, Polygon))
    return first.stroke == "window"


def highlighted(drawn: Drawing, kind: str) -> set[int]:
    """Return the channels whose slices have a thick edge."""
    return {
        int(NUMBER.findall(shape.label)[0].replace(",", ""))
        for shape in drawn.shapes
        if isinstance(shape, Labelled)
        and ":" in shape.label
        and shape.label.startswith(kind)
        and has_thick_edge([shape])
    }


@pytest.mark.parametrize("seed", range(LAYERS))
def test_every_channel_says_what_belongs_to_it(seed: int) -> None:
    report = report_of(seed)
    drawn = drawing(report)
    shape = report.shape
    read, made = shape.in_channels // shape.groups, shape.out_channels // shape.groups
    outputs, filters, inputs = (labels(drawn, f"{kind} ") for kind in ("output channel", "filter", "input channel"))
    assert {0, shape.out_channels - 1} <= outputs.keys()
    assert {0, shape.in_channels - 1} <= inputs.keys()
    assert all(channel in range(shape.out_channels) for channel in filters)
    for channel, said in (*outputs.items(), *filters.items()):
        group = channel // made
        assert said == [group, group * read, (group + 1) * read - 1]
    for channel, said in inputs.items():
        group = channel // read
        assert said == [group, group * made, (group + 1) * made - 1]
    assert highlighted(drawn, "input channel") == {channel for channel in inputs if channel < read}
    assert highlighted(drawn, "output channel") == highlighted(drawn, "filter") == {0}
    # A line from each input channel that the first output channel is made of.
    fan = next(shape for shape in drawn.shapes if isinstance(shape, Labelled) and isinstance(shape.shapes[0], Line))
    assert len(fan.shapes) == len(highlighted(drawn, "input channel"))
    check_layout(drawn)


@pytest.mark.parametrize("name", NAMED)
def test_numbers_are_those_of_shape(name: str) -> None:
    layer, size = NAMED[name]
    shape = analyze(layer, size)
    words = {text.words for text in plain_shapes(drawing(draw_report(shape, (0, 0))).shapes) if isinstance(text, Text)}
    for key in ("input_shape", "output_shape", "weight_shape"):
        assert [key, *map(str, getattr(shape, key))] in [re.split(r"\W+", one) for one in words]
    parameters = next(one for one in words if one.startswith("parameters "))
    assert parameters.endswith(f"{shape.parameters:,}")


@pytest.mark.parametrize("name", NAMED)
def test_it_is_a_valid_picture(name: str) -> None:
    layer, size = NAMED[name]
    drawn = drawing(draw_report(analyze(layer, size), (0, 0)))
    check_layout(drawn)
    root = ET.fromstring(content("svg", drawn))  # noqa: S314 - our own
    found = [root.findtext(f"{{http://www.w3.org/2000/svg}}{tag}") for tag in ("title", "desc")]
    assert found == [drawn.title, drawn.description]


def test_sizes_can_be_told_apart() -> None:
    heights = []
    for name in ("stem", "deep"):
        layer, size = NAMED[name]
        first = next(
            one for one in drawing(draw_report(analyze(layer, size), (0, 0))).shapes if isinstance(one, Labelled)
        )
        heights.append(first.box.bottom - first.box.top)
    assert heights[0] > 2 * heights[1]


def test_a_transposed_layer_has_volumes_too() -> None:
    layer = transposed_of_expression("ConvTranspose2d(4, 8, 3, stride=2, groups=2)").module
    drawn = drawing(transposed_draw_report(analyze_transposed(layer, (1, 4, 5, 5)), (3, 3)))
    check_layout(drawn)
    assert labels(drawn, "output channel ")[5] == [1, 2, 3]
    assert drawn.title.startswith("Volumes of ConvTranspose2d(4, 8, ")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMED)
def test_the_screen_of_volumes(name: str, width: int, snapshot: Snapshot) -> None:
    layer, size = NAMED[name]
    snapshot(f"volume_{name}_{width}", render("table", volume_report(analyze(layer, size)), Screen(width)))


@pytest.mark.parametrize("name", NAMED)
def test_any_width_keeps_every_digit(name: str) -> None:
    layer, size = NAMED[name]
    report = volume_report(analyze(layer, size))
    for width in range(20, 201):
        text = render("table", report, Screen(width))
        # No digit is cut: a shape alone may be wider than the terminal.
        assert all(len(line) <= width or " " not in line.strip() for line in text.splitlines())
        assert f"{report.shape.parameters:,}" in text


def test_without_unicode_it_is_drawn_in_ascii() -> None:
    layer, size = NAMED["groups"]
    assert render("table", volume_report(analyze(layer, size)), Screen(80, unicode=False)).isascii()
