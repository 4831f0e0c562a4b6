"""Colour means something, and is off where it is not wanted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from conv2d_cli import Conv2d, analyze
from conv2d_cli.render.formats import render, render_rows
from conv2d_cli.render.screen import Screen

if TYPE_CHECKING:
    from conv2d_cli.report.shape import ShapeReport

CODES = re.compile(r"\x1b\[[\d;]*m")
KEY, RESULT, UNIT, DIM, WARNING, WORSE = "36", "1;32", "32", "2", "33", "31"


def colored(code: str, text: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"


def test_colors_of_a_layer(resnet: ShapeReport) -> None:
    text = render("table", resnet, Screen(80, color=True))
    for code, words in ((KEY, "macs"), (RESULT, "112"), (UNIT, "118 M"), (DIM, "2 × macs"), (WARNING, "░░░")):  # noqa: RUF001
        assert colored(code, words) in text
    assert CODES.sub("", text) == render("table", resnet, Screen(80))


@pytest.mark.parametrize(
    ("layer", "side", "words"),
    [
        (Conv2d(1, 1, 3, stride=4), 10, "3"),
        (Conv2d(1, 1, 1, padding=1), 4, "1"),
        (Conv2d(1, 1, 7, padding=3), 4, "7×7"),  # noqa: RUF001
    ],
)
def test_what_is_unusual_is_yellow(layer: Conv2d, side: int, words: str) -> None:
    text = render("table", analyze(layer, (1, 1, side, side)), Screen(80, color=True))
    assert colored(WARNING, words) in text.partition("Geometry")[2]
    usual = render("table", analyze(Conv2d(1, 1, 3), (1, 1, 10, 10)), Screen(80, color=True))
    assert WARNING not in CODES.findall(usual)


def test_faster_is_green_and_slower_red(rows: dict[str, list[NamedTuple]]) -> None:
    text = render_rows("table", rows["bench"], Screen(100, color=True))
    assert colored(UNIT, "1.34 × faster") in text  # noqa: RUF001
    assert colored(WORSE, "0.76 ×") in text  # noqa: RUF001


@pytest.mark.parametrize("width", [20, 80, 200])
def test_no_code_without_color(width: int, reports: dict[str, NamedTuple], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    for report in reports.values():
        assert "\x1b" not in render("table", report, Screen(width))
        assert "\x1b" in render("table", report, Screen(width, color=True))


def test_color_does_not_depend_on_the_environment(resnet: ShapeReport, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = render("table", resnet, Screen(80, color=True))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    assert render("table", resnet, Screen(80, color=True)) == expected
