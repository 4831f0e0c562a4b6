"""Pictures of transposed convolutions say for an output element what is scattered to it, and how its size follows."""

from __future__ import annotations

import re
from itertools import product
from random import Random
from typing import TYPE_CHECKING

import pytest
from drawing_checks import check_layout, plain_shapes
from transposed_layers import reports, scattered

from conv2d_cli.network.transposed_expression import transposed_of_expression
from conv2d_cli.render.drawing.model import Labelled, Rectangle, Text
from conv2d_cli.render.drawing.plane import animation, drawing
from conv2d_cli.report.draw_transposed import transposed_draw_report
from conv2d_cli.report.transposed import analyze_transposed

if TYPE_CHECKING:
    from conv2d_cli.render.drawing.model import Drawing

LAYERS = 150
TAP = re.compile(r"tap [0-9]+,[0-9]+: row ([0-9]+), column ([0-9]+)\Z")
# The four that V. Dumoulin and F. Visin draw, each with its input and its output.
KNOWN = {
    "no padding": ("ConvTranspose2d(1, 1, 3)", 2, 4),
    "arbitrary padding": ("ConvTranspose2d(1, 1, 4, padding=2)", 6, 5),
    "half padding": ("ConvTranspose2d(1, 1, 3, padding=1)", 5, 5),
    "full padding": ("ConvTranspose2d(1, 1, 3, padding=2)", 7, 5),
    "no padding, strides": ("ConvTranspose2d(1, 1, 3, stride=2)", 2, 5),
    "padding, strides": ("ConvTranspose2d(1, 1, 3, stride=2, padding=1)", 3, 5),
    "padding, strides, odd": ("ConvTranspose2d(1, 1, 3, stride=2, padding=1, output_padding=1)", 3, 6),
}


def real_taps(drawn: Drawing) -> set[tuple[int, int]]:
    """Return the real elements that the taps of a picture read."""
    labels = (shape.label for shape in drawn.shapes if isinstance(shape, Labelled) and shape.label.startswith("tap "))
    return {(int(row), int(column)) for row, column in (match.groups() for match in map(TAP.match, labels) if match)}


def words_of(drawn: Drawing) -> list[str]:
    return [text.words for text in plain_shapes(drawn.shapes) if isinstance(text, Text)]


@pytest.mark.parametrize("seed", range(LAYERS))
def test_taps_are_those_of_a_scatter(seed: int) -> None:
    facts, report = reports(seed)
    random = Random(seed)
    made = scattered(facts, 0), scattered(facts, 1)
    at = random.randrange(len(made[0])), random.randrange(len(made[1]))
    rows, columns = ({element for element, _ in axis[place]} for axis, place in zip(made, at, strict=True))
    drawn = drawing(report._replace(at=at))
    assert real_taps(drawn) == set(product(rows, columns))
    check_layout(drawn)


@pytest.mark.parametrize("name", KNOWN)
def test_the_pictures_that_are_known(name: str) -> None:
    expression, size, outputs = KNOWN[name]
    facts = analyze_transposed(transposed_of_expression(expression).module, (1, 1, size, size))
    report = transposed_draw_report(facts, at=(0, 0))
    moving = animation(report)
    check_layout(moving)
    assert len(moving.frames) == outputs**2
    # Real elements, each drawn once, are as many as the input has.
    cells = [shape for shape in plain_shapes(moving.shapes) if isinstance(shape, Rectangle) and shape.fill == "input"]
    assert len(cells) - 1 == size**2, "the legend has one more"
    assert any(words.endswith(f" + 1 = {outputs}") for words in words_of(moving))
    assert moving.title.startswith("ConvTranspose2d(1, 1, ")


def test_a_large_kernel_shows_what_it_reads() -> None:
    layer = transposed_of_expression("ConvTranspose2d(21, 21, 64, stride=32, padding=16, groups=21)").module
    drawn = drawing(transposed_draw_report(analyze_transposed(layer, (1, 21, 7, 7)), at=(47, 47)))
    assert real_taps(drawn) == set(product(range(2), range(2)))
    assert "output row 47, column 47 reads rows 0, 1 and columns 0, 1" in words_of(drawn)
    check_layout(drawn)


def test_an_element_that_no_tap_falls_on() -> None:
    layer = transposed_of_expression("ConvTranspose2d(1, 1, 2, stride=5)").module
    drawn = drawing(transposed_draw_report(analyze_transposed(layer, (1, 1, 3, 3)), at=(3, 3)))
    assert real_taps(drawn) == set()
    assert "output row 3, column 3 reads no row and no column" in words_of(drawn)
