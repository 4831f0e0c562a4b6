"""A report shows itself at the width of the console it is printed on, and as HTML."""

from __future__ import annotations

import io
import re
from html import unescape
from typing import TYPE_CHECKING, NamedTuple

import pytest
from rich.console import Console

from conv2d_cli import Conv2d, analyze
from conv2d_cli.render.formats import render
from conv2d_cli.render.notebook import html_of, rich_of
from conv2d_cli.render.screen import Screen

if TYPE_CHECKING:
    from conv2d_cli.report.shape import ShapeReport


@pytest.mark.parametrize("width", [40, 100])
def test_a_console_shows_the_screen(width: int, resnet: ShapeReport) -> None:
    text = io.StringIO()
    Console(file=text, width=width).print(rich_of(resnet))
    assert [line.rstrip() for line in text.getvalue().splitlines()] == screen_in_python(resnet, width)


def screen_in_python(report: ShapeReport, width: int) -> list[str]:
    """Return the lines of the screen but for those that speak of the command line."""
    *lines, blank, about_options = render("table", report, Screen(width)).splitlines()
    assert blank == ""
    assert "--json" in about_options
    return lines


def test_html_is_a_fragment_with_every_digit(resnet: ShapeReport, reports: dict[str, NamedTuple]) -> None:
    text = html_of(resnet)
    assert text.startswith("<pre")
    assert "class=" not in text
    shown = unescape(re.sub("<[^>]*>", "", text))
    assert [line.rstrip() for line in shown.rstrip().splitlines()] == screen_in_python(resnet, 100)
    assert "62,523,008" in html_of(reports["plan"])


def test_a_narrow_console_cuts_no_digit() -> None:
    report = analyze(Conv2d(10**9, 10**9, (10**6, 10**7), padding=10**8), (10**12, 10**9, 10**8, 10**9))
    text = io.StringIO()
    Console(file=text, width=20).print(rich_of(report))
    assert f"{report.macs:,}" in text.getvalue().replace("\n", "").replace(" ", "")
    assert max(map(len, text.getvalue().splitlines())) <= 20


def test_layers_and_reports_show_themselves() -> None:
    layer = Conv2d(3, 64, 7, stride=2, padding=3)
    for shown in (layer, analyze(layer), analyze(layer, 224)):
        text = io.StringIO()
        Console(file=text, width=80).print(shown)
        assert text.getvalue().startswith("Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3))\n")
        assert "9,472" in text.getvalue()
        html = shown._repr_html_()  # type: ignore[union-attr]
        assert html.startswith("<pre")
        assert "--json" not in html + text.getvalue()
