"""The screen of what an element of a network sees: a file at each width, and laws that hold at any width."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from conv2d_cli.network.network import Network
from conv2d_cli.network.notation import graph_of
from conv2d_cli.network.propagation import propagate
from conv2d_cli.render.formats import render
from conv2d_cli.render.screen import Screen
from conv2d_cli.report.field_analysis import field_report

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.report.draw_field import FieldReport

    Snapshot = Callable[[str, str], None]

UNKNOWN = [
    {"type": "Conv2d", "name": "first", "out_channels": 4, "kernel_size": 3},
    {"type": "Upsample", "name": "odd", "size": [17, 19]},
    {"type": "Conv2d", "name": "last", "out_channels": 4, "kernel_size": 3},
]


def of_network(name: str, node: str, at: tuple[int, int] | None) -> FieldReport:
    passed = Network.read(name).on()
    return field_report(passed, [one.name for one in passed.graph.nodes].index(node), at).report


REPORTS = {
    "resnet18": of_network("resnet18", "layer3.0.conv1", (3, 3)),
    "outgrown": of_network("mobilenet_v2", "features.18.2", (3, 3)),
    "no_plane": of_network("alexnet", "classifier.6", None),
    "unknown": field_report(propagate(graph_of({"layers": UNKNOWN}, "given"), [(1, 3, 9, 9)]), 2, (0, 5)).report,
}


@pytest.mark.parametrize("width", [120, 80, 40])
@pytest.mark.parametrize("name", REPORTS)
def test_the_screen_of_a_field(name: str, width: int, snapshot: Snapshot) -> None:
    snapshot(f"field_{name}_{width}", render("table", REPORTS[name], Screen(width), remarks=("a remark",)))


@pytest.mark.parametrize("name", REPORTS)
def test_any_width_keeps_every_digit(name: str) -> None:
    report = REPORTS[name]
    whole = {*render("table", report, Screen(None), verbose=True).split()}
    for width in (1, 7, 20, 33, 60, 81, 119, 200):
        text = render("table", report, Screen(width), verbose=True)
        longest = max(map(len, text.split()))
        assert [line for line in text.splitlines() if len(line) > max(width, longest)] == []
        assert {word for word in text.split() if word[:1].isdigit() and "×" in word} <= whole  # noqa: RUF001
        assert "\x1b" not in text


def test_bars_are_a_pyramid_of_what_is_seen() -> None:
    text = render("table", REPORTS["resnet18"], Screen(120))
    lines = [line for line in text.splitlines() if "×" in line and "█" in line]  # noqa: RUF001
    places = [[place for place, sign in enumerate(line) if sign in "█▒"] for line in lines]
    bars = [(some[0], some[-1]) for some in places]
    assert len(bars) == 12
    assert all(first[0] <= second[0] and second[1] <= first[1] for first, second in pairwise(bars))


def test_all_layers_in_ascii_and_in_python() -> None:
    report = REPORTS["resnet18"]
    every = render("table", report, Screen(120), verbose=True)
    assert all(f"\n{row.name} " in every for row in report.nodes)
    assert render("table", report, Screen(80, unicode=False)).isascii()
    html = report._repr_html_()  # type: ignore[attr-defined]
    assert "padded_rows" in html
    assert "--json" not in html
