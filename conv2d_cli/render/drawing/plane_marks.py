"""What is marked in a picture of a plane for one output element: its window, the taps in it, and the element."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from conv2d_cli.render.drawing.model import Labelled, Rectangle, Text
from conv2d_cli.render.drawing.plane_grid import Look, pointer
from conv2d_cli.render.drawing.plane_words import TEXT_SIZE, reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.render.drawing.model import Shape
    from conv2d_cli.render.drawing.plane_layout import Scene
    from conv2d_cli.report.draw import AxisRow, DrawReport

_WINDOW_EDGE, _RESULT_EDGE = 3, 2
_TAP, _ZERO_TAP = Look("tap"), Look("tap", dashed=True)
_RESULT = Look("result", "window")


def marks(scene: Scene, report: DrawReport, at: tuple[int, int]) -> Iterator[Shape]:
    """Yield the marks of an output element, and the sentence that tells them."""
    rows, columns = report.rows.window(at[0]), report.columns.window(at[1])
    yield from _taps(scene, report, at)
    window = scene.input.edge((rows[0], rows[-1]), (columns[0], columns[-1]), _WINDOW_EDGE)
    result = scene.output.cell(*at, _RESULT, _RESULT_EDGE)
    yield window
    yield from pointer(window, result)
    yield Labelled(f"output row {at[0]}, column {at[1]}", (result,))
    yield Text(*scene.sentence_at, reading(report, at), TEXT_SIZE)


def _taps(scene: Scene, report: DrawReport, at: tuple[int, int]) -> Iterator[Labelled]:
    """Yield the taps that are drawn, each with what it reads."""
    rows, columns = _drawn(report.rows, at[0], scene.input.rows.offsets), _drawn(
        report.columns, at[1], scene.input.columns.offsets
    )
    for (row, tap_row), (column, tap_column) in product(rows, columns):
        sources = report.rows.source(row), report.columns.source(column)
        is_zero = None in sources
        cell = scene.input.cell(row, column, _ZERO_TAP if is_zero else _TAP)
        yield Labelled(f"tap {tap_row},{tap_column}: {_read((row, column), sources)}", (cell,))


def _drawn(axis: AxisRow, output: int, offsets: dict[int, float]) -> list[tuple[int, int]]:
    """Return the elements with taps that are drawn, each with the number of its tap."""
    taps = axis.tap_positions(output)
    return [(element, taps.index(element)) for element in offsets if element in taps]


def _read(place: tuple[int, int], sources: tuple[int | None, int | None]) -> str:
    """Return what stands at a place, in words that a pointer shows."""
    if None in sources:
        return f"a zero at row {place[0]}, column {place[1]}"
    read = f"row {sources[0]}, column {sources[1]}"
    return read if place == sources else f"{read}, repeated at row {place[0]}, column {place[1]}"
