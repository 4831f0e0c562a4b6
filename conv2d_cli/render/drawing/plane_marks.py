"""What is marked in a picture of a plane for one output element: its window, the taps in it, and the element."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from conv2d_cli.render.drawing.model import Labelled, Text
from conv2d_cli.render.drawing.plane_grid import LOOKS, pointer
from conv2d_cli.render.drawing.plane_words import TEXT_SIZE, reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.render.drawing.model import Shape
    from conv2d_cli.render.drawing.plane_axis import Track
    from conv2d_cli.render.drawing.plane_layout import Scene
    from conv2d_cli.report.draw import AxisRow, DrawReport

_WINDOW_EDGE, _RESULT_EDGE = 3, 2


def marks(scene: Scene, report: DrawReport, at: tuple[int, int], *, is_still: bool = True) -> Iterator[Shape]:
    """Yield the marks of an output element, and the sentence that tells them; of what moves no single tap is told."""
    rows, columns = report.rows.window(at[0]), report.columns.window(at[1])
    taps = [*_taps(scene, report, at)]
    yield from taps if is_still else (shape for tap in taps for shape in tap.shapes)
    window = scene.input.edge((rows[0], rows[-1]), (columns[0], columns[-1]), _WINDOW_EDGE)
    result = scene.output.cell(*at, LOOKS["result"], _RESULT_EDGE)
    yield window
    yield from pointer(window, result)
    yield Labelled(f"output row {at[0]}, column {at[1]}", (result,)) if is_still else result
    yield Text(*scene.sentence_at, reading(report, at), TEXT_SIZE)


def _taps(scene: Scene, report: DrawReport, at: tuple[int, int]) -> Iterator[Labelled]:
    """Yield the taps that are drawn, each with what it reads."""
    rows = _drawn(report.rows, at[0], scene.input.rows)
    columns = _drawn(report.columns, at[1], scene.input.columns)
    for (row, tap_row), (column, tap_column) in product(rows, columns):
        sources = report.rows.source(row), report.columns.source(column)
        look = LOOKS["tap_on_zero" if None in sources else "tap"]
        read = _read((row, column), sources, repeats=report.shape.padding_mode != "zeros")
        yield Labelled(f"tap {tap_row},{tap_column}: {read}", (scene.input.cell(row, column, look),))


def _drawn(axis: AxisRow, output: int, track: Track) -> list[tuple[int, int]]:
    """Return the elements with taps that are drawn, each with the number of its tap."""
    taps = axis.tap_positions(output)
    return [(element, taps.index(element)) for element in track.offsets if element in taps]


def _read(place: tuple[int, int], sources: tuple[int | None, int | None], *, repeats: bool) -> str:
    """Return what stands at a place, in words that a pointer shows."""
    if None in sources:
        return f"a zero at row {place[0]}, column {place[1]}"
    read = f"row {sources[0]}, column {sources[1]}"
    return read if place == sources or not repeats else f"{read}, repeated at row {place[0]}, column {place[1]}"
