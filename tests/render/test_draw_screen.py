"""A layer drawn in a terminal: a file at each width, the taps of a reference, and laws that hold at any width."""

from __future__ import annotations

import re
from itertools import zip_longest
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from random_layers import draw_valid
from transposed_layers import reports as transposed_reports

from conv2d_cli import Conv2d, analyze
from conv2d_cli.network.transposed_expression import transposed_of_expression
from conv2d_cli.render.blocks import Beside, Lines, Paragraph
from conv2d_cli.render.drawing.terminal_plane import plane_lines
from conv2d_cli.render.drawing.terminal_positions import cells_of, shown_positions
from conv2d_cli.render.drawing.terminal_signs import INPUT, OUTPUT, REPEATED, TAP, TAP_ON_PADDING, UNUSED, ZERO
from conv2d_cli.render.formats import render
from conv2d_cli.render.screen import Screen
from conv2d_cli.render.screens.draw import blocks, input_plane, output_plane
from conv2d_cli.render.screens.view import View
from conv2d_cli.render.words import wrapped
from conv2d_cli.report.draw import AxisRow, DrawReport, draw_report
from conv2d_cli.report.draw_transposed import transposed_draw_report
from conv2d_cli.report.transposed import analyze_transposed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from conv2d_cli.render.blocks import Span

    Snapshot = Callable[[str, str], None]

WIDTHS = (120, 80, 40)
LAYERS: dict[str, tuple[Conv2d, tuple[int, int], tuple[int, int]]] = {
    "same": (Conv2d(1, 1, 3, padding=1), (5, 5), (0, 0)),
    "dilated": (Conv2d(3, 8, 3, padding=2, dilation=2), (12, 12), (4, 5)),
    "unused": (Conv2d(1, 1, 3, stride=4), (10, 9), (1, 1)),
    "reflect": (Conv2d(2, 2, (3, 5), padding=(1, 2), padding_mode="reflect"), (9, 9), (8, 0)),
    "replicate": (Conv2d(1, 1, 2, padding=1, padding_mode="replicate"), (3, 4), (3, 4)),
    "circular": (Conv2d(1, 1, 3, padding=2, padding_mode="circular"), (6, 6), (0, 7)),
    "resnet": (Conv2d(3, 64, 7, stride=2, padding=3), (224, 224), (50, 60)),
    "four_paddings": (Conv2d(4, 8, 3, stride=2, padding=(0, 0, 1, 1)), (8, 8), (3, 3)),
    "huge_kernel": (Conv2d(1, 1, 31, dilation=4), (256, 256), (3, 100)),
    "huge_input": (Conv2d(1, 1, 3, padding=1), (2**31, 2**31), (2**31 - 1, 2**30)),
    "one_output": (Conv2d(1, 1, 5), (5, 5), (0, 0)),
    "one_tap": (Conv2d(1, 1, 1), (4, 4), (2, 3)),
    "one_row": (Conv2d(1, 1, (1, 7), padding=(0, 3)), (9, 9), (2, 3)),
    "padding_alone": (Conv2d(1, 1, 1, padding=2), (1, 1), (0, 0)),
}
# Room for whatever is drawn at random.
WHOLE = 1_000


def report_of(name: str) -> DrawReport:
    layer, size, at = LAYERS[name]
    return draw_report(analyze(layer, (1, layer.in_channels, *size)), at)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", LAYERS)
def test_the_screen_of_a_drawing(name: str, width: int, snapshot: Snapshot) -> None:
    snapshot(f"draw_{name}_{width}", render("table", report_of(name), Screen(width)))


@pytest.mark.parametrize("name", ["reflect", "unused", "resnet"])
def test_in_ascii(name: str, snapshot: Snapshot) -> None:
    text = render("table", report_of(name), Screen(80, unicode=False))
    assert text.isascii()
    snapshot(f"draw_{name}_ascii_80", text)


@pytest.mark.parametrize("name", LAYERS)
def test_any_width_is_kept_with_every_digit(name: str) -> None:
    report = report_of(name)
    numbers = _numbers_of(report)
    for width in range(20, 201):
        lines = [*_lines(report, width)]
        longest = max(len(word) for line in lines for word in line.split())
        assert [line for line in lines if len(line) > max(width, longest)] == []
        shown = {int(word) for line in lines for word in line.split() if word.isdecimal()}
        assert shown <= numbers, width


def _lines(report: DrawReport, width: int) -> Iterator[str]:
    """Return the lines of a screen as its blocks have them; Rich would take a minute for all widths."""
    for block in blocks(report, View(width)):
        match block:
            case Lines(lines):
                yield from map(_text, lines)
            case Beside(left, right):
                before = max(len(_text(line)) for line in left)
                for one, other in zip_longest(left, right, fillvalue=()):
                    yield f"  {_text(one):{before}}    {_text(other)}"
            case Paragraph(text, _, indent):
                yield from wrapped(text, width, indent)
            case _:
                raise AssertionError(block)


def _text(line: Sequence[Span]) -> str:
    return "".join(span.text for span in line)


@pytest.mark.parametrize("name", ["reflect", "huge_input"])
@pytest.mark.parametrize("width", [20, 39, 61, 80, 200, None])
def test_rich_shows_these_lines(name: str, width: int | None) -> None:
    report = report_of(name)
    shown = render("table", report, Screen(width)).splitlines()
    assert shown == [line.rstrip() for line in _lines(report, width or 10_000)]


def _numbers_of(report: DrawReport) -> set[int]:
    """Return the numbers that may be told of a layer: any other is a part of one."""
    numbers = {1, *(report.shape.input_shape or ()), *(report.shape.output_shape or ())}
    for axis, at in zip((report.rows, report.columns), report.at, strict=True):
        sizes = (axis.size, axis.before, axis.after, axis.kernel, axis.stride, axis.dilation, axis.outputs)
        numbers |= {*sizes, axis.padded, axis.effective_kernel}
        anchors = (0, axis.size, axis.outputs, axis.window(at)[0], axis.window(at)[-1], at)
        numbers |= {number for anchor in anchors for number in range(anchor - 60, anchor + 61)}
    return numbers


def test_the_taps_are_those_of_numpy() -> None:
    random = Random(20)
    seen = set()
    for _ in range(300):
        case = draw_valid(random)
        layer = Conv2d(**case.arguments)
        report = draw_report(analyze(layer, (1, *case.input_shape[-3:])), at=(0, 0))
        at = random.randrange(report.rows.outputs), random.randrange(report.columns.outputs)
        report = report._replace(at=at)
        plane = input_plane(report, WHOLE)
        expected = _expected(report, layer)
        for row in plane.rows:
            for column in plane.columns:
                sign = plane.sign(row, column)
                assert sign == expected[row + report.rows.before, column + report.columns.before], (layer, row, column)
                seen.add(sign)
        output = output_plane(report, WHOLE)
        signs = {(row, column) for row in output.rows for column in output.columns if output.sign(row, column) == TAP}
        assert signs == {at}
    assert seen == {TAP, TAP_ON_PADDING, INPUT, ZERO, REPEATED, UNUSED}


def _expected(report: DrawReport, layer: Conv2d) -> np.ndarray:
    """Return the sign of each element of the padded input, from NumPy's padding and slices."""
    rows, columns = report.rows, report.columns
    inside = np.pad(np.ones((rows.size, columns.size), bool), _sides(report))
    read = np.zeros(inside.shape, bool)
    for row in range(rows.outputs):
        for column in range(columns.outputs):
            read[_window(report, row, column)] = True
    taps = np.zeros(inside.shape, bool)
    taps[_taps(report, *report.at)] = True
    outside = ZERO if layer.padding_mode == "zeros" else REPEATED
    signs = np.empty(inside.shape, object)
    for place in np.ndindex(*inside.shape):
        if taps[place]:
            signs[place] = TAP if inside[place] else TAP_ON_PADDING
        elif not inside[place]:
            signs[place] = outside
        else:
            # What lies in the gaps of a stride is not marked: only what lies behind the last window.
            behind = any(
                not read[tuple(np.s_[start:] if axis == own else slice(None) for own in (0, 1))].any()
                for axis, start in enumerate(place)
            )
            signs[place] = UNUSED if behind else INPUT
    return signs


def _sides(report: DrawReport) -> tuple[tuple[int, int], tuple[int, int]]:
    return (report.rows.before, report.rows.after), (report.columns.before, report.columns.after)


def _window(report: DrawReport, row: int, column: int) -> tuple[slice, slice]:
    first, second = row * report.rows.stride, column * report.columns.stride
    return (
        slice(first, first + report.rows.effective_kernel),
        slice(second, second + report.columns.effective_kernel),
    )


def _taps(report: DrawReport, row: int, column: int) -> tuple[slice, slice]:
    rows, columns = _window(report, row, column)
    return (
        slice(rows.start, rows.stop, report.rows.dilation),
        slice(columns.start, columns.stop, report.columns.dilation),
    )


def test_the_lines_hold_the_signs_under_their_numbers() -> None:
    plane = input_plane(report_of("resnet"), 19)
    *_, header = [line for line in plane_lines(plane)[:2] if any(span.text.strip() for span in line)]
    numbers = "".join(span.text for span in header)
    rows = ["".join(span.text for span in line) for line in plane_lines(plane)]
    row = next(line for line in rows if line.lstrip().startswith("97 ") or line.lstrip().startswith("97["))
    for column in (0, 117, 123):
        if str(column) in numbers.split():
            place = numbers.index(f" {column}") + len(str(column))
            assert row[place] == plane.sign(97, column).text
    assert row.count("[") == row.count("]") == 1
    assert row[row.index("[") + 1 : row.index("]")] == " ".join("●" * 7)


def test_zeros_between_elements_are_zeros() -> None:
    axis = AxisRow(5, 2, 2, 3, 1, 1, 7, 0, 1, "zeros")
    report = report_of("same")._replace(rows=axis, columns=axis, at=(3, 3))
    plane = input_plane(report, WHOLE)
    assert [plane.sign(0, column) for column in range(5)] == [INPUT, ZERO, INPUT, ZERO, INPUT]
    signs = [[plane.sign(row, column) for column in range(1, 4)] for row in range(1, 4)]
    assert signs == [[TAP_ON_PADDING] * 3, [TAP_ON_PADDING, TAP, TAP_ON_PADDING], [TAP_ON_PADDING] * 3]


def test_the_legend_says_what_occurs_and_nothing_else() -> None:
    text = render("table", report_of("one_output"), Screen(80))
    assert "● taps" in text
    for absent in ("zeros", "■", "no window"):
        assert absent not in text
    assert OUTPUT.text in render("table", report_of("same"), Screen(80))


@pytest.mark.parametrize("cells", range(1, 40))
def test_no_more_cells_than_there_are(cells: int) -> None:
    random = Random(cells)
    for _ in range(50):
        positions = range(-random.randrange(5), random.randrange(1, 10 ** random.randrange(1, 10)))
        start = random.choice(positions)
        window = range(start, min(start + random.randrange(1, 40), positions[-1] + 1))
        shown = shown_positions(positions, window, (0, positions[-1]), cells)
        assert [*shown] == sorted(set(shown))
        assert cells_of(shown) <= cells
        assert all(position in positions for position in shown)
        if len(positions) <= cells:
            assert shown == tuple(positions)
        elif cells >= 7:
            assert {window[0], window[-1]} <= {*shown}


def test_colours() -> None:
    assert "\x1b[1;35m●" in render("table", report_of("reflect"), Screen(80, color=True))


TRANSPOSED = {
    "strided": ("ConvTranspose2d(1, 1, 3, stride=2, padding=1)", (3, 3), (1, 2)),
    "uneven": (
        "ConvTranspose2d(1, 1, (3, 5), stride=(2, 3), padding=1, output_padding=1, dilation=2)",
        (64, 5),
        (50, 2),
    ),
    "large": ("ConvTranspose2d(1, 1, 4, stride=4)", (300, 300), (1003, 170)),
    "stride_of_one": ("ConvTranspose2d(1, 1, 4)", (3, 3), (3, 3)),
}


def transposed_report(name: str) -> DrawReport:
    expression, size, at = TRANSPOSED[name]
    module = transposed_of_expression(expression).module
    return transposed_draw_report(analyze_transposed(module, (1, 1, *size)), at)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", TRANSPOSED)
def test_the_screen_of_a_transposed_layer(name: str, width: int, snapshot: Snapshot) -> None:
    snapshot(f"draw_transposed_{name}_{width}", render("table", transposed_report(name), Screen(width)))


@pytest.mark.parametrize("seed", range(30))
def test_a_transposed_layer_has_the_numbers_of_its_elements(seed: int) -> None:
    facts, report = transposed_reports(seed)
    plane = input_plane(report, WHOLE)
    lines = [_text(line) for line in plane_lines(plane)]
    rows = [line for line in lines[-len(plane.rows) :] if line[: plane.margin].strip()]
    real = [str(element) for element in range(facts.input_shape[-2])]
    if report.rows.inserted:
        assert [line[: plane.margin].strip() for line in rows] == real
    if report.rows.inserted and report.columns.inserted:
        # Each number of a column ends above an element.
        ends = [match.end() for line in lines[: -len(plane.rows)] for match in re.finditer("[0-9]+", line)]
        assert ends
        assert {rows[0][end - 1] for end in ends} <= {INPUT.text, TAP.text, UNUSED.text}
