"""The picture of what an element of a network sees: which layers it shows, where they lie, what they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from drawing_checks import check_layout, plain_shapes

from conv2d_cli.network.network import Network
from conv2d_cli.network.notation import graph_of
from conv2d_cli.network.propagation import propagate
from conv2d_cli.network.shipped import SHIPPED
from conv2d_cli.render.drawing.field import drawing
from conv2d_cli.render.drawing.field_layers import shown_layers
from conv2d_cli.render.drawing.model import Labelled, Rectangle, Text
from conv2d_cli.render.pictures.svg import content
from conv2d_cli.report.field_analysis import field_report, last_plane, plane_of

if TYPE_CHECKING:
    from conv2d_cli.network.propagation import Propagated
    from conv2d_cli.report.draw_field import FieldReport

# Not a mark that a browser obeys, nor a lone half of a character, nor a sign that turns the direction of writing.
HOSTILE = (
    "</script><img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "a\x1b[31mb\x00",
    "\ud800 alone",
    "\u202egnitirw",
    "日本語の名前の長い層です日本語の名前の長い層です",
    "x" * 200,
    "]]>&amp;'\"",
)


def report_of(passed: Propagated, node: int | None = None, at: tuple[int, int] | None = None) -> FieldReport:
    place = last_plane(passed) if node is None else node
    assert place is not None
    size = plane_of(passed, place)
    return field_report(passed, place, at or (size and (size[0] // 2, size[1] // 2))).report


def stacked(*layers: dict[str, Any], size: tuple[int, int] = (16, 16)) -> Propagated:
    passed = propagate(graph_of({"layers": [*layers]}, "given"), [(1, 3, *size)])
    assert not passed.misfits
    return passed


def conv(kernel: Any, **given: Any) -> dict[str, Any]:
    return {"type": "Conv2d", "out_channels": 4, "kernel_size": kernel, **given}


DRAWN = {
    "a row": stacked(
        conv(3, padding=1), {"type": "ReLU"}, conv(3, padding=1, stride=2), conv(5, dilation=2, padding=4)
    ),
    "points alone": stacked(conv(1), conv(1), conv(1)),
    "one layer": stacked(conv(7, stride=2, padding=3)),
    "a field far larger than its input": stacked(*(conv(9, padding=4) for _ in range(9)), size=(4, 6)),
    "a thin plane": stacked(conv([1, 9], padding=[0, 4]), conv([1, 9], stride=[1, 4]), size=(1, 4000)),
    "a huge plane": stacked(conv(3, padding=1), size=(10**12, 10**9)),
    "made from nothing": stacked({**conv(1, stride=3), "type": "ConvTranspose2d"}, size=(3, 3)),
    "not known": stacked(conv(3), {"type": "Upsample", "size": [17, 19]}, conv(3)),
    "no plane": stacked(conv(3), {"type": "Flatten"}, {"type": "Linear", "out_features": 3}),
    "hostile names": stacked(*(conv(2, name=name) for name in HOSTILE if name.isprintable()), size=(30, 30)),
}


@pytest.mark.parametrize("passed", DRAWN.values(), ids=DRAWN)
def test_nothing_overlaps_or_leaves_the_canvas(passed: Propagated) -> None:
    last = len(passed.nodes) - 1
    rows, columns = plane_of(passed, last) or (1, 1)
    for at in ((0, 0), (rows - 1, columns - 1), (rows // 2, 0), (0, columns // 2)):
        drawn = drawing(report_of(passed, last, at if plane_of(passed, last) else None))
        check_layout(drawn)
        assert drawn.title
        assert "input" in drawn.description


@pytest.mark.parametrize("name", SHIPPED)
def test_networks_that_come_along(name: str) -> None:
    passed = Network.read(name).on((1, 3, 256, 320))
    for node in range(0, len(passed.nodes), 7):
        report = report_of(passed, node)
        check_layout(drawing(report))
        steps = shown_layers(report, 7)
        assert (steps[0].row.name, steps[-1].row.name) == ("input", report.node)
        assert len(steps) <= 7
        order = [row.name for row in report.nodes]
        assert [step.row.name for step in steps] == sorted((step.row.name for step in steps), key=order.index)


def rectangles(report: FieldReport) -> list[tuple[Rectangle, list[Rectangle]]]:
    """Return the planes from left to right, and what is drawn on each."""
    shapes = drawing(report).shapes
    planes = [shape for shape in shapes if isinstance(shape, Rectangle) and shape.stroke == "rule"]
    seen = [
        [part for part in shape.shapes if isinstance(part, Rectangle)]
        for shape in shapes
        if isinstance(shape, Labelled)
    ]
    return [*zip(planes, seen, strict=True)]


def test_what_is_seen_lies_where_its_rows_and_columns_are() -> None:
    report = report_of(DRAWN["a row"], None, (1, 6))
    rows = [step.row for step in shown_layers(report, 7)]
    found = rectangles(report)
    assert len(found) == len(rows) == 4
    for row, (plane, (padded, seen)) in zip(rows[:-1], found[:-1], strict=True):
        assert row.plane is not None
        for part, (first, last), (left, right) in (
            (seen, row.rows or (), row.columns or ()),
            (padded, row.padded_rows or (), row.padded_columns or ()),
        ):
            scale = plane.width / row.plane[1]
            assert part.x == pytest.approx(plane.x + left * scale)
            assert part.width == pytest.approx((right - left + 1) * scale)
            assert part.y == pytest.approx(plane.y + first * scale)
            assert part.height == pytest.approx((last - first + 1) * scale)
    assert [part.fill for part in found[-1][1]] == ["result"]


def test_the_numbers_below_a_plane_are_those_of_the_report() -> None:
    report = report_of(Network.read("resnet18").on((1, 3, 224, 224)), 34, (3, 3))
    words = {shape.words for shape in plain_shapes(drawing(report).shapes) if isinstance(shape, Text)}
    assert words >= {"106 × 106", "of 224 × 224", "52 × 52", "of 112 × 112", "1 × 1", "of 14 × 14"}  # noqa: RUF001
    assert "layer3.0.conv1 (Conv2d) at 3,3 sees 106 × 106 of 224 × 224" in words  # noqa: RUF001


def test_layers_that_change_nothing_are_not_drawn_and_the_others_are_counted() -> None:
    report = report_of(Network.read("resnet18").on((1, 3, 224, 224)), 34)
    every = shown_layers(report, 100)
    assert [step.row.name for step in every][:5] == ["input", "conv1", "maxpool", "layer1.0.conv1", "layer1.0.conv2"]
    assert not any(step.left_out for step in every)
    for most in range(2, len(every)):
        steps = shown_layers(report, most)
        assert len(steps) == most
        assert len(steps) + sum(step.left_out for step in steps) == len(every)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_data(name: str) -> None:
    report = report_of(DRAWN["one layer"])
    rows = tuple(row._replace(name=name, type=name) if row.index == 0 else row for row in report.nodes)
    drawn = drawing(report._replace(name=name, node=name, type=name, nodes=rows))
    check_layout(drawn)
    root = ET.fromstring(content(drawn).decode())  # noqa: S314 - our own
    assert not [one for one in root.iter() if one.tag.endswith(("script", "img"))]
    assert all(text.words.isprintable() for text in plain_shapes(drawn.shapes) if isinstance(text, Text))
