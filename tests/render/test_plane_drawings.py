"""Pictures of planes: what they say of every window is what NumPy's own padding has there, at every size."""

from __future__ import annotations

import re
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from drawing_checks import check_layout, plain_shapes

from conv2d_cli import Conv2d, ShapeReport, analyze
from conv2d_cli.errors import Conv2dError
from conv2d_cli.render.drawing.model import Labelled, Line, Rectangle, Text
from conv2d_cli.render.drawing.plane import animation, drawing
from conv2d_cli.render.drawing.plane_axis import MOST_CELLS, drawn_elements
from conv2d_cli.render.drawing.plane_frames import MOST_FRAMES
from conv2d_cli.report.draw import draw_report
from conv2d_cli.report.picture import telling_place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conv2d_cli.render.drawing.model import Drawing, Shape
    from conv2d_cli.report.draw import DrawReport

NUMPY_MODES: dict[str, Any] = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
ZERO = -1


class Cell(NamedTuple):
    """Where a cell is drawn."""

    x: float
    y: float


def random_shape(random: Random, *, large: bool) -> ShapeReport:
    """Return the facts of a layer on an input that it takes."""
    while True:
        kernel, dilation, padding = (40, 300, 50) if large else (4, 3, 3)
        sides: Any = tuple(random.randint(0, padding) for _ in range(4))
        arguments: dict[str, Any] = {
            "kernel_size": (random.randint(1, kernel), random.randint(1, 5)),
            "stride": (random.randint(1, 4), random.randint(1, kernel)),
            "dilation": (random.randint(1, 3), random.randint(1, dilation)),
            "padding": random.choice((sides, sides, (sides[0], sides[2]), "same", "same_upper", "same_lower")),
            "padding_mode": random.choice([*NUMPY_MODES]),
        }
        most = random.choice((12, 300, 2**31)) if large else 7
        try:
            return analyze(Conv2d(1, 1, **arguments), (random.randint(1, most), random.randint(1, most)))
        except Conv2dError:
            continue


def report_of(shape: ShapeReport) -> DrawReport:
    return draw_report(shape, at=(0, 0))


def padded_indices(shape: ShapeReport) -> np.ndarray:
    """Return the padded input with the index of each element, row * width + column, and ZERO where a zero is."""
    assert shape.input_shape is not None
    height, width = shape.input_shape[-2:]
    indices = np.arange(height * width).reshape(height, width)
    sides = (shape.padding_top or 0, shape.padding_bottom or 0), (shape.padding_left or 0, shape.padding_right or 0)
    more: Any = {"constant_values": ZERO} if shape.padding_mode == "zeros" else {}
    return np.pad(indices, sides, NUMPY_MODES[shape.padding_mode], **more)


def expected_taps(shape: ShapeReport, at: tuple[int, int]) -> dict[tuple[int, int], int]:
    """Return what the window of an output reads, by its place in the padded input, by slices of NumPy."""
    padded = padded_indices(shape)
    rows, columns = (
        slice(place * stride, place * stride + span, dilation)
        for place, stride, span, dilation in zip(
            at, shape.stride, shape.effective_kernel_size, shape.dilation, strict=True
        )
    )
    places = np.mgrid[: padded.shape[0], : padded.shape[1]][:, rows, columns].reshape(2, -1).T
    return {(int(row), int(column)): int(padded[row, column]) for row, column in places}


def labelled(shapes: Iterable[Shape], label: str) -> list[Rectangle]:
    """Return the cells of a group."""
    groups = [shape for shape in shapes if isinstance(shape, Labelled) and shape.label == label]
    assert len(groups) == 1
    return [shape for shape in groups[0].shapes if isinstance(shape, Rectangle)]


def is_tap(shape: Shape) -> bool:
    return isinstance(shape, Rectangle) and "tap" in {shape.fill, shape.stroke}


def places_of(cells: Iterable[Rectangle]) -> dict[Cell, tuple[int, int]]:
    """Return the place in the grid of each cell."""
    drawn = [*cells]
    across, down = sorted({cell.x for cell in drawn}), sorted({cell.y for cell in drawn})
    return {Cell(cell.x, cell.y): (down.index(cell.y), across.index(cell.x)) for cell in drawn}


def marked(drawn: Drawing, frame: Iterable[Shape]) -> tuple[tuple[int, int], dict[tuple[int, int], bool]]:
    """Return the output element that is marked, and its taps by their places, with whether each is on a zero."""
    grid, outputs = (places_of(labelled(drawn.shapes, name)) for name in ("input", "output"))
    shapes = [shape for shape in plain_shapes(frame) if isinstance(shape, Rectangle)]
    (result,) = [shape for shape in shapes if shape.fill == "result"]
    taps = {grid[Cell(shape.x, shape.y)]: shape.hatched for shape in shapes if is_tap(shape)}
    return outputs[Cell(result.x, result.y)], taps


@pytest.mark.parametrize("seed", range(10))
def test_every_window_of_300_layers_has_exactly_the_taps_that_it_reads(seed: int) -> None:
    random = Random(seed)
    for _ in range(30):
        shape = random_shape(random, large=False)
        report = report_of(shape)
        drawn = animation(report)
        assert shape.output_shape is not None
        height, width = shape.output_shape[-2:]
        places = [(row, column) for row in range(height) for column in range(width)]
        if len(places) > MOST_FRAMES:
            places = [*places[: MOST_FRAMES // 2], *places[-MOST_FRAMES // 2 :]]
        assert len(drawn.frames) == len(places)
        for at, frame in zip(places, drawn.frames, strict=True):
            taps = {place: source == ZERO for place, source in expected_taps(shape, at).items()}
            assert marked(drawn, frame) == (at, taps)


@pytest.mark.parametrize("seed", range(5))
def test_what_a_pointer_is_told_of_a_tap_is_what_stands_there(seed: int) -> None:
    random = Random(seed)
    for _ in range(30):
        shape = random_shape(random, large=False)
        report = report_of(shape)
        at = random.randrange(report.rows.outputs), random.randrange(report.columns.outputs)
        told = [shape.label for shape in drawing(report._replace(at=at)).shapes if isinstance(shape, Labelled)]
        expected = expected_taps(shape, at)
        taps = [label for label in told if label.startswith("tap ")]
        assert len(taps) == len(expected)
        assert shape.input_shape is not None
        for label, (place, source) in zip(taps, expected.items(), strict=True):
            where = f"row {place[0] - report.rows.before}, column {place[1] - report.columns.before}"
            real = "row {}, column {}".format(*divmod(source, shape.input_shape[-1]))
            said = label.partition(": ")[2]
            if source == ZERO:
                assert said == f"a zero at {where}"
            else:
                assert said == (real if real == where else f"{real}, repeated at {where}")


def numbers_beside(drawn: Drawing) -> dict[float, str]:
    """Return the numbers on the left of the input, by the middle of their rows."""
    left = min(cell.x for cell in labelled(drawn.shapes, "input"))
    texts = [shape for shape in drawn.shapes if isinstance(shape, Text) and shape.anchor == "end" and shape.x < left]
    return {text.y - text.size * 0.35: text.words for text in texts}


def sources_of(position: int, size: int, mode: str) -> int | None:
    """Return the real element at a position, by walking: what is beyond an end turns, stays or goes round."""
    if 0 <= position < size:
        return position
    if mode == "zeros":
        return None
    if mode == "replicate":
        return min(max(position, 0), size - 1)
    if mode == "circular":
        return position % size
    return -position if position < 0 else 2 * (size - 1) - position


def rows_with_taps(drawn: Drawing) -> Iterator[tuple[int, str]]:
    """Yield the row that the label of each tap tells, and the number that stands beside it."""
    numbers = numbers_beside(drawn)
    for group in drawn.shapes:
        found = isinstance(group, Labelled) and re.search(r"row (-?\d+), column (-?\d+)$", group.label)
        if found and isinstance(group, Labelled) and group.label.startswith("tap"):
            (cell,) = group.shapes
            assert isinstance(cell, Rectangle)
            middle = cell.y + cell.height / 2
            beside = next(words for y, words in numbers.items() if abs(y - middle) < 0.01)
            yield int(found[1]), beside


@pytest.mark.parametrize("seed", range(6))
def test_drawn_cells_of_large_layers_are_right_and_few(seed: int) -> None:
    random = Random(seed)
    for _ in range(10):
        shape = random_shape(random, large=True)
        report = report_of(shape)
        rows, columns = report.rows, report.columns
        for at in (telling_place(report), (rows.outputs - 1, random.randrange(columns.outputs))):
            drawn = drawing(report._replace(at=at))
            for name in ("input", "output"):
                places = places_of(labelled(drawn.shapes, name)).values()
                assert max(max(place) for place in places) < MOST_CELLS
            first = at[0] * shape.stride[0] - (shape.padding_top or 0)
            seen = set()
            for row, beside in rows_with_taps(drawn):
                assert (row - first) % shape.dilation[0] == 0
                source = sources_of(row, rows.size, shape.padding_mode)
                assert beside == str(row if source is None else source)
                seen.add(row)
            assert {first, first + shape.effective_kernel_size[0] - 1} <= seen


@pytest.mark.parametrize("seed", range(6))
def test_nothing_overlaps_or_leaves_the_canvas(seed: int) -> None:
    random = Random(seed)
    for number in range(6):
        report = report_of(random_shape(random, large=number % 2 == 0))
        ends = report.rows.outputs - 1, report.columns.outputs - 1
        for at in (telling_place(report), ends):
            check_layout(drawing(report._replace(at=at)))
        moving = animation(report)
        check_layout(moving._replace(frames=(moving.frames[0], moving.frames[-1])))


@pytest.mark.parametrize(
    ("layer", "size"),
    [
        (Conv2d(1, 1, 1), (1, 1)),
        (Conv2d(1, 1, (1, 9), padding=(0, 4)), (1, 9)),
        (Conv2d(3, 64, 7, stride=2, padding=3), (224, 224)),
        (Conv2d(1, 1, 31, dilation=100), (4000, 3001)),
        (Conv2d(1, 1, 7, padding=3), (2, 3)),
        (Conv2d(1, 1, 5), (5, 5)),
        (Conv2d(1, 1, 3, stride=9), (8, 2**31)),
        (Conv2d(2**31, 2**31, 2**31, padding=2**31, groups=2**31), (2**31, 2**31)),
        (Conv2d(1, 1, 2**40, dilation=2**40), (2**81, 2**81)),
    ],
)
def test_corners(layer: Conv2d, size: tuple[int, int]) -> None:
    report = report_of(analyze(layer, size))
    ends = report.rows.outputs - 1, report.columns.outputs - 1
    for at in ((0, 0), telling_place(report), ends):
        drawn = drawing(report._replace(at=at))
        check_layout(drawn)
        assert drawn.title.startswith("Conv2d(")
        assert f"output row {at[0]}, column {at[1]} reads" in drawn.description
        assert str(report.rows.outputs) in drawn.description
    moving = animation(report)
    check_layout(moving._replace(frames=(moving.frames[0], moving.frames[-1])))


def texts(drawn: Drawing) -> list[str]:
    return [shape.words for shape in plain_shapes(drawn.shapes) if isinstance(shape, Text)]


def test_words_are_numbers_of_shape_and_a_legend_of_what_occurs() -> None:
    words = texts(drawing(report_of(analyze(Conv2d(3, 64, 7, stride=2, padding=3), 224))))
    assert words[0] == "Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3))"
    assert {"3 + 224 + 3 = 230 rows, columns alike", "(230 − 7) // 2 + 1 = 112"} <= {*words}  # noqa: RUF001
    assert {"input_shape 1 × 3 × 224 × 224", "output_shape 1 × 64 × 112 × 112"} <= {*words}  # noqa: RUF001
    assert {"padding: zeros", "left out, and how many"} <= {*words}
    plain = texts(drawing(report_of(analyze(Conv2d(1, 1, 3, stride=2), (5, 6)))))
    assert "unused_columns 1" in plain
    assert not any(word.startswith(("padding", "left out")) for word in plain)
    reflected = texts(drawing(report_of(analyze(Conv2d(1, 1, 3, padding=1, padding_mode="reflect"), 5))))
    assert any(word.startswith("padding: reflect") for word in reflected)
    assert "output row 0, column 0 reads rows 1, 0, 1 and columns 1, 0, 1" in reflected


def test_rows_that_no_window_reads_are_hatched_and_no_others() -> None:
    shape = analyze(Conv2d(1, 1, (2, 3), stride=(3, 4)), (10, 9))
    cells = places_of(drawn := labelled(drawing(report_of(shape)).shapes, "input"))
    hatched = {cells[Cell(cell.x, cell.y)] for cell in drawn if cell.hatched}
    assert (shape.unused_rows, shape.unused_columns) == (2, 2)
    assert hatched == {(row, column) for row in range(10) for column in range(9) if row >= 8 or column >= 7}


def test_the_window_points_at_its_output() -> None:
    drawn = drawing(report_of(analyze(Conv2d(1, 1, 3), 5)))
    # Those of the legend come before.
    window, *_ = reversed(
        [shape for shape in drawn.shapes if isinstance(shape, Rectangle) and shape.stroke == "window"]
    )
    lines = [shape for shape in drawn.shapes if isinstance(shape, Line)]
    result = labelled(drawn.shapes, "output row 0, column 0")[0]
    assert [(line.x1, line.y1) for line in lines] == [
        (window.x + window.width, window.y),
        (window.x + window.width, window.y + window.height),
    ]
    assert [(line.x2, line.y2) for line in lines] == [(result.x, result.y), (result.x, result.y + result.height)]


def test_of_a_long_axis_the_ends_are_drawn_and_what_is_wanted() -> None:
    for seed in range(50):
        random = Random(seed)
        elements = range(-random.randint(0, 9), random.randint(1, 2**40))
        wanted = [random.randrange(elements.start, elements.stop) for _ in range(random.randint(0, 90))]
        most = random.randint(5, MOST_CELLS)
        drawn = drawn_elements(elements, wanted, most)
        breaks = sum(other - one > 1 for one, other in pairwise(drawn))
        assert list(drawn) == sorted({*drawn})
        assert (drawn[0], drawn[-1]) == (elements.start, elements.stop - 1)
        assert len(drawn) + breaks <= most
        assert not any(other - one == 2 for one, other in pairwise(drawn))
        assert {*wanted[:1]} <= {*drawn}
