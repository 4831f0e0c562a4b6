"""The screen of one output element: a file at each width, and laws that hold at any width."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from conv2d_cli import Conv2d, TraceReport, analyze, trace_element
from conv2d_cli.numpy_dtypes import numpy_dtype
from conv2d_cli.render.formats import render
from conv2d_cli.render.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Callable

    Snapshot = Callable[[str, str], None]

WIDTHS = (120, 100, 80, 40, 20)
LAYERS: dict[str, tuple[Conv2d, str, bool]] = {
    "float32": (Conv2d(2, 2, 3, padding=1), "float32", True),
    "reflect_half": (Conv2d(2, 2, (1, 3), padding=(0, 2), padding_mode="reflect", bias=False), "float16", False),
    "float64": (Conv2d(2, 2, 1), "float64", True),
    "complex64": (Conv2d(1, 1, 2, padding=1), "complex64", True),
    "int8": (Conv2d(2, 2, 2), "int8", True),
}


def report_of(name: str) -> tuple[TraceReport, Any]:
    layer, dtype, bias = LAYERS[name]
    shape = (1, layer.in_channels, 4, 5)
    weights = (layer.out_channels, layer.in_channels, *layer.kernel_size)
    # Fractions whose digits do not end soon.
    x, weight = (
        (np.arange(np.prod(sizes)) % 11 - 5).reshape(sizes) / (1 if dtype == "int8" else divisor)
        for sizes, divisor in ((shape, 3), (weights, 7))
    )
    turned = weight + 0.3j if dtype == "complex64" else weight
    operands = [one.astype(numpy_dtype(dtype)) for one in (x, turned, np.ones(layer.out_channels))]
    report = trace_element(layer, operands[0], operands[1], operands[2] if bias else None, at=(0, 0, 0, 1))
    return report, analyze(layer, shape)._replace(dtype=dtype)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", LAYERS)
def test_the_screen_of_an_element(name: str, width: int, snapshot: Snapshot) -> None:
    report, shape = report_of(name)
    text = render("table", report, Screen(width), shape=shape, remarks=("a remark",))
    snapshot(f"trace_{name}_{width}", text)


def test_all_terms(snapshot: Snapshot) -> None:
    report, shape = report_of("float32")
    snapshot("trace_all_120", render("table", report, Screen(120), shape=shape, verbose=True))


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("width", [1, 7, 20, 33, 60, 81, 119, 200, None])
def test_any_width_keeps_every_digit(name: str, width: int | None) -> None:
    report, shape = report_of(name)
    whole = render("table", report, Screen(None), shape=shape, verbose=True).split()
    text = render("table", report, Screen(width), shape=shape, verbose=True)
    longest = max(map(len, text.split()))
    assert [line for line in text.splitlines() if len(line) > max(width or 10_000, longest)] == []
    assert {word for word in text.split() if word[:1].isdigit() and len(word) > 9} <= {*whole}
    assert "\x1b" not in text


def test_in_ascii_and_in_python() -> None:
    report, shape = report_of("float32")
    assert render("table", report, Screen(80, unicode=False), shape=shape).isascii()
    html = report._repr_html_()  # type: ignore[attr-defined]
    assert "correctly_rounded" in html
    assert "--" not in html.replace("correctly", "")
