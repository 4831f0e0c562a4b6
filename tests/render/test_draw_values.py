"""An output element drawn with its numbers: nothing overlaps, every number is one of trace's, at any width."""

from __future__ import annotations

import re
from random import Random
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from drawing_checks import check_layout, plain_shapes
from random_layers import draw_valid

from conv2d_cli import Conv2d, analyze, trace_element
from conv2d_cli.numpy_dtypes import numpy_dtype
from conv2d_cli.render.drawing.model import Labelled, Rectangle, Text
from conv2d_cli.render.drawing.values import drawing
from conv2d_cli.render.drawing.values_text import cell_text
from conv2d_cli.render.floats import number_text
from conv2d_cli.render.formats import render
from conv2d_cli.render.pictures.registry import content
from conv2d_cli.render.screen import Screen
from conv2d_cli.report.draw import draw_report
from conv2d_cli.report.draw_values import DrawValuesReport

if TYPE_CHECKING:
    from collections.abc import Callable

    Snapshot = Callable[[str, str], None]

WIDTHS = (120, 80, 40)
# A layer, the type and the shape of its input, what its numbers are divided by, the output element.
CASES: dict[str, tuple[Conv2d, str, tuple[int, ...], int, tuple[int, ...]]] = {
    "whole_numbers": (Conv2d(1, 1, 3, padding=1), "float32", (1, 1, 5, 5), 1, (0, 0, 0, 1)),
    "channels": (Conv2d(5, 4, 3, dilation=2), "float32", (1, 5, 12, 12), 7, (0, 2, 3, 4)),
    "reflect_half": (
        Conv2d(1, 2, (1, 5), padding=(0, 2), padding_mode="reflect", bias=False),
        *("float16", (1, 4, 5), 3, (1, 2, 0)),
    ),
    "complex64": (Conv2d(1, 1, 2, padding=1), "complex64", (1, 1, 4, 4), 7, (0, 0, 0, 4)),
    "int64": (Conv2d(2, 2, 2, groups=2), "int64", (1, 2, 4, 4), 1, (0, 1, 2, 2)),
    "large": (Conv2d(1, 1, 11, padding=5, bias=False), "float64", (1, 1, 40, 40), 7, (0, 0, 20, 0)),
    "one": (Conv2d(1, 1, 1), "float32", (1, 1, 1, 1), 3, (0, 0, 0, 0)),
}


def report_of(name: str) -> DrawValuesReport:
    layer, dtype, shape, divisor, at = CASES[name]
    weights = (layer.out_channels, layer.in_channels // layer.groups, *layer.kernel_size)
    scale = 10**16 if dtype == "int64" else 1
    x, weight = ((np.arange(np.prod(sizes)) % 11 - 5).reshape(sizes) for sizes in (shape, weights))
    x, weight = ((one / divisor if divisor > 1 else one).astype(numpy_dtype(dtype)) for one in (x * scale, weight))
    weight += np.array(0.3j if dtype == "complex64" else 0, weight.dtype)
    bias = np.ones(layer.out_channels, numpy_dtype(dtype)) if layer.bias else None
    return values_of(layer, x, weight, bias, at)


def values_of(layer: Conv2d, x: Any, weight: Any, bias: Any, at: tuple[int, ...]) -> DrawValuesReport:
    trace = trace_element(layer, x, weight, bias, at=at)
    shape = analyze(layer, x.shape)._replace(dtype=trace.dtype)
    return DrawValuesReport(draw_report(shape, (at[-2], at[-1])), trace)


def texts_of(report: DrawValuesReport) -> list[str]:
    return [shape.words for shape in plain_shapes(drawing(report).shapes) if isinstance(shape, Text)]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", CASES)
def test_the_screen_of_an_element(name: str, width: int, snapshot: Snapshot) -> None:
    snapshot(f"draw_values_{name}_{width}", render("table", report_of(name), Screen(width), remarks=["a remark"]))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("width", [20, 33, 50, 61, 79, 100, 140, 200, None])
def test_any_width_keeps_every_digit(name: str, width: int | None) -> None:
    report = report_of(name)
    text = render("table", report, Screen(width), verbose=True)
    longest = max(map(len, text.split()))
    assert [line for line in text.splitlines() if len(line) > max(width or 10_000, longest)] == []
    assert number_text(report.trace.result, report.trace.dtype) in text
    known = {
        number_text(number, dtype)
        for term in report.trace.terms
        for number, dtype in (
            *((number, report.trace.dtype) for number in (term.value, term.weight)),
            *((number, report.trace.working_dtype) for number in (term.product, term.running)),
        )
    }
    exact = {number_text(number, report.trace.dtype) for number in report.trace[3:6]}
    known |= exact | {f"({number})" for number in known}
    cells = re.findall(r"\[ (.*?) \]", text)
    assert {word for cell in cells for word in cell.split() if "≈" not in word} <= known


@pytest.mark.parametrize("name", CASES)
def test_nothing_overlaps_and_the_file_is_whole(name: str) -> None:
    report = report_of(name)
    drawn = drawing(report)
    check_layout(drawn)
    root = ET.fromstring(content("svg", drawn))  # noqa: S314 - our own file
    words = {"".join(element.itertext()) for element in root.iter() if element.tag.endswith("text")}
    assert number_text(report.trace.result, report.trace.dtype) in words
    assert number_text(report.trace.result, report.trace.dtype) in drawn.description


def test_random_layers_have_the_numbers_of_their_window_in_its_cells() -> None:
    random, generator = Random(3), np.random.default_rng(3)
    for _ in range(25):
        case = draw_valid(random)
        layer = Conv2d(**case.arguments)
        shape = (1, *case.input_shape[-3:])
        output = analyze(layer, shape).output_shape
        assert output is not None
        at = tuple(random.randrange(size) for size in output)
        weights = (layer.out_channels, layer.in_channels // layer.groups, *layer.kernel_size)
        x, weight = (generator.integers(-99, 99, sizes).astype("float32") for sizes in (shape, weights))
        report = values_of(layer, x, weight, None, at)
        drawn = drawing(report)
        check_layout(drawn)
        cells = {cell.label: cell for cell in drawn.shapes if isinstance(cell, Labelled)}
        for term in report.trace.terms[: 3 * layer.kernel_size[0] * layer.kernel_size[1]]:
            number = number_text(term.value, "float32")
            label = f"input[{term.channel}], row {term.row}, column {term.column}: {number}"
            (text,) = (shape for shape in cells[label].shapes if isinstance(shape, Text))
            assert text.words == number
        assert f"{number_text(report.trace.result, 'float32')}" in texts_of(report)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -0.0, 1.1754944e-38, -3.4028235e38, 1 / 3])
def test_odd_numbers_have_room(value: float) -> None:
    x = np.full((1, 1, 3, 3), value, "float32")
    with np.errstate(all="ignore"):
        report = values_of(
            Conv2d(1, 1, 3), x, np.ones((1, 1, 3, 3), "float32"), np.array([-1e-30], "float32"), (0, 0, 0, 0)
        )
    check_layout(drawing(report))
    assert number_text(report.trace.result, "float32") in texts_of(report)
    assert cell_text(report.trace.terms[0].value, "float32", 10) in texts_of(report)


def test_what_is_shortened_is_marked_and_said() -> None:
    texts = texts_of(report_of("channels"))
    assert any(text.startswith("≈") for text in texts)
    assert "≈: fewer digits than the number has" in texts
    assert not any("≈" in text for text in texts_of(report_of("whole_numbers")))
    assert "… and 2 more channels" in texts
    assert "≈" not in render("table", report_of("channels"), Screen(120))


def test_in_ascii_and_in_python() -> None:
    report = report_of("whole_numbers")
    assert render("table", report, Screen(80, unicode=False)).isascii()
    html = report._repr_html_()  # type: ignore[attr-defined]
    assert "products" in html
    assert "-o FILE" not in html


def test_what_is_hatched_or_dashed_is_said() -> None:
    random = Random(4)
    for _ in range(40):
        kernel, stride, padding = random.randint(1, 3), random.randint(1, 4), random.randint(0, 2)
        layer = Conv2d(1, 1, kernel, stride=stride, padding=padding, bias=False)
        size = random.randint(kernel, 14), random.choice((5, 40))
        x, weight = (np.ones((1, 1, *sides), "float32") for sides in (size, (kernel, kernel)))
        output = analyze(layer, size).output_shape
        assert output is not None
        report = values_of(layer, x, weight, None, (0, 0, *map(random.randrange, output[-2:])))
        cells = [shape for shape in plain_shapes(drawing(report).shapes) if isinstance(shape, Rectangle)]
        notes = dict(text.split(": ", 1) for text in texts_of(report) if text.startswith(("hatched: ", "dashed: ")))
        assert ("hatched" in notes, "dashed" in notes) == (
            any(cell.hatched for cell in cells),
            any(cell.dashed for cell in cells),
        )
        shape = report.draw.shape
        unused = {f"unused_rows {shape.unused_rows}", f"unused_columns {shape.unused_columns}"}
        assert {*notes.get("hatched", "").split(", ")} <= unused | {""}
