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
    assert [line.rstrip() for line in text.getvalue().splitlines()] == render(
        "table", resnet, Screen(width)
    ).splitlines()


def test_html_is_a_fragment_with_every_digit(resnet: ShapeReport, reports: dict[str, NamedTuple]) -> None:
    text = html_of(resnet)
    assert text.startswith("<pre")
    assert "class=" not in text
    shown = unescape(re.sub("<[^>]*>", "", text))
    assert [line.rstrip() for line in shown.rstrip().splitlines()] == render("table", resnet, Screen(100)).splitlines()
    assert "62,523,008" in html_of(reports["plan"])


def test_a_narrow_console_cuts_no_digit() -> None:
    report = analyze(Conv2d(10**9, 10**9, (10**6, 10**7), padding=10**8), (10**12, 10**9, 10**8, 10**9))
    text = io.StringIO()
    Console(file=text, width=20).print(rich_of(report))
    assert f"{report.macs:,}" in text.getvalue().replace("\n", "").replace(" ", "")
    assert max(map(len, text.getvalue().splitlines())) <= 20
