"""A plot in a terminal: at every width it fits, says its axes and its front, and can do without Unicode and colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from plotted import PLOTS, made_up, plot

from conv2d_cli.render.drawing.plot_classes import aims, whole
from conv2d_cli.render.formats import render
from conv2d_cli.render.screen import Screen
from conv2d_cli.report.plot import front_of

if TYPE_CHECKING:
    from collections.abc import Callable

# Those whose words and numbers can fit in narrow terminals.
NARROW = ("few", "kernels", "larger_is_better", "paddings", "numbers", "single", "equal", "zeros", "floats")


@pytest.mark.parametrize("width", [120, 80, 40])
@pytest.mark.parametrize("name", ["few", "kernels", "larger_is_better", "numbers", "zeros"])
def test_the_screen_of_a_plot(name: str, width: int, snapshot: Callable[[str, str], None]) -> None:
    snapshot(f"plot_{name}_{width}", render("table", PLOTS[name], Screen(width)))


@pytest.mark.parametrize("name", NARROW)
def test_the_chart_fits_into_every_terminal(name: str) -> None:
    report = PLOTS[name]
    ends = {whole(end(getattr(p, axis) for p in report.points)) for axis in "xy" for end in (min, max)}
    for width in range(24, 201, 4):
        text = render("table", report, Screen(width))
        chart = text[: text.index("Pareto front\n")].splitlines()
        assert max(map(len, chart)) <= width
        assert ends <= {word for line in chart for word in line.split()}
        assert {report.x, report.y} <= {line.split(" ")[0] for line in chart}
        assert aims(report) in " ".join(" ".join(chart).split())


@pytest.mark.parametrize("width", [20, 37, 80, 200])
@pytest.mark.parametrize("name", PLOTS)
def test_no_plot_is_too_odd_to_be_shown(name: str, width: int) -> None:
    text = render("table", PLOTS[name], Screen(width))
    for point in front_of(PLOTS[name])[:20]:
        assert point.layer is not None
        assert point.layer in text
    in_ascii = render("table", PLOTS[name], Screen(width, unicode=False))
    assert in_ascii.isascii()
    assert len(in_ascii.splitlines()) >= len(text.splitlines()) - 1
    assert "\x1b" not in text
    assert "\x1b[1;32m" in render("table", PLOTS[name], Screen(width, color=True))


def test_the_front_is_marked_without_colors_too() -> None:
    report = plot(made_up(macs=[1, 2, 3, 3], parameters=[3, 2, 1, 3]))
    chart = render("table", report, Screen(40)).partition("└")[0]
    assert chart.count("●") == 3
    assert sum(0x2800 < ord(sign) <= 0x28FF for sign in chart) == 1
    in_ascii = render("table", report, Screen(40, unicode=False)).partition("+")[0]
    assert (in_ascii.count("O"), in_ascii.count(".")) == (3, 1)
    colored = plot(made_up(macs=[1, 2, 3, 3], parameters=[3, 2, 1, 3], groups=[1, 2, 1, 2]), color="groups")
    letters = render("table", colored, Screen(40)).partition("└")[0]
    assert [letters.count(letter) for letter in "ABb"] == [2, 1, 1 + letters[: letters.index("│")].count("b")]


def test_a_point_lies_where_its_values_say() -> None:
    report = plot(made_up(macs=[0, 100, 50], parameters=[0, 100, 50]))
    lines = [line.partition("│")[2] for line in render("table", report, Screen(60)).splitlines() if "│" in line]
    assert lines[-1][0] == "●"
    assert 0x2800 < ord(lines[0][-1]) <= 0x28FF
    middle = next(number for number, line in enumerate(lines) if line.strip() and number not in {0, len(lines) - 1})
    assert abs(middle - (len(lines) - 1) / 2) <= 1
    assert abs(len(lines[middle]) - len(lines[0]) / 2) <= 1


def test_the_class_of_most_points_stands_where_several_lie() -> None:
    near = plot(made_up(macs=[0, 0, 0, 10**6], parameters=[9, 9, 9, 0], groups=[1, 2, 2, 1]), color="groups")
    assert near.front == 2
    crowded = plot(
        made_up(macs=[0, 500_000, 500_001, 500_002, 10**6], parameters=[0, 1, 1, 1, 2], groups=[1, 1, 2, 2, 1]),
        color="groups",
    )
    chart = render("table", crowded, Screen(40)).partition("└")[0].partition("\n")[2]
    assert [sign for sign in chart if sign in "abAB"] == ["a", "b", "A"]


def test_many_points_of_the_front_are_cut_unless_all_are_asked_for() -> None:
    report = plot(made_up(macs=range(30), parameters=range(30, 0, -1)))
    assert "… 10 more: -v shows them" in render("table", report, Screen(80))
    assert "more: -v" not in render("table", report, Screen(80), verbose=True)


@pytest.mark.parametrize("width", [52, 80, 120])
def test_a_layer_that_is_on_the_front_at_several_sizes_stands_with_each(width: int) -> None:
    sizes = [(1, 3, side, side) for side in (32, 64, 128)]
    records = made_up(input_shape=sizes, macs=[1, 2, 3], parameters=[3, 2, 1])
    front = render("table", plot(records, color="padding_mode"), Screen(width)).partition("Pareto front\n")[2]
    for size in sizes:
        assert "×".join(map(str, size)) in front  # noqa: RUF001
