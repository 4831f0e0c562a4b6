"""The screens of least times and of layers compared: a file at each width, and laws that hold at any width."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli import Conv2d, analyze
from conv2d_cli.arithmetic.roofline import Roofline
from conv2d_cli.network.notation import graph_of
from conv2d_cli.render.formats import render
from conv2d_cli.render.screen import Screen
from conv2d_cli.render.units import short_seconds
from conv2d_cli.report.diff import DiffReport, differences
from conv2d_cli.report.network_analysis import Analysis, analyze_network
from conv2d_cli.report.network_roofline import network_on_machine
from conv2d_cli.report.roofline import OnMachine, on_machine, roofline_report

if TYPE_CHECKING:
    from collections.abc import Callable

    Snapshot = Callable[[str, str], None]

WIDTHS = (120, 80, 40)
MACHINE = Roofline(1_200_000_000_000, 40_000_000_000)
STEM = Conv2d(3, 64, 7, stride=2, padding=3)
OTHER = Conv2d(3, 64, 4, stride=4, padding="same_upper", bias=False)
LAYERS = (
    {"name": "stem", "type": "Conv2d", "out_channels": 64, "kernel_size": 7, "stride": 2, "padding": 3},
    "ReLU",
    {"name": "pool", "type": "AdaptiveAvgPool2d", "output_size": 1},
    "Flatten",
    {"name": "fc", "type": "Linear", "out_features": 10},
)


def least_time(size: int | None = 224) -> OnMachine:
    return on_machine(roofline_report(analyze(STEM, size)._asdict(), MACHINE), MACHINE)


def network() -> tuple[Analysis, OnMachine]:
    found = analyze_network(graph_of({"input": [1, 3, 64, 64], "layers": [*LAYERS]}, "small"), [(1, 3, 64, 64)])
    return found, network_on_machine(found.passed, found.report.nodes, MACHINE, "float32")


def compared(size: int | None = 224) -> DiffReport:
    return DiffReport(str(STEM), str(OTHER), differences(analyze(STEM, size), analyze(OTHER, size)))


@pytest.mark.parametrize("width", WIDTHS)
def test_the_screens(width: int, snapshot: Snapshot) -> None:
    screen = Screen(width)
    snapshot(f"roofline_shape_{width}", render("table", analyze(STEM, 224), screen, least_time=least_time()))
    found, times = network()
    snapshot(f"roofline_stack_{width}", render("table", found.report, screen, least_time=times))
    snapshot(f"diff_{width}", render("table", compared(), screen))


def test_without_a_size_there_is_no_time() -> None:
    without = render("table", analyze(STEM), Screen(80))
    assert render("table", analyze(STEM), Screen(80), least_time=least_time(None)) == without


@pytest.mark.parametrize("width", [*range(21, 60, 3), 80, 119, 200])
def test_any_width_keeps_every_digit(width: int) -> None:
    found, times = network()
    texts = [
        render("table", analyze(STEM, 224), Screen(width), least_time=least_time()),
        render("table", found.report, Screen(width), least_time=times),
        render("table", compared(), Screen(width)),
    ]
    for text, expected in zip(
        texts, ("0.000197", f"{times.report.seconds_at_least or 0:.3g}", "9,633,792"), strict=True
    ):
        assert expected in re.sub(r"\s", "", text) or expected in text
        assert not re.search(r"[\w,]…", text)
        assert max(map(len, text.splitlines())) <= width


@given(st.floats(1e-12, 1, exclude_max=True))
def test_short_times_are_near(seconds: float) -> None:
    number, unit = short_seconds(seconds).split()
    scale = {"ms": 1e-3, "µs": 1e-6, "ns": 1e-9}[unit]
    assert float(number.replace(",", "")) * scale == pytest.approx(seconds, rel=0.006)
    assert float(number.replace(",", "")) <= 1000


def test_longer_times_need_no_unit() -> None:
    assert [short_seconds(seconds) for seconds in (0, 1, 1e6, float("inf"))] == [""] * 4
