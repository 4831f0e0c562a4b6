"""The plane of a layer: its padded input, the window of an output element with its taps, and the output beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.drawing.model import Drawing
from conv2d_cli.render.drawing.plane_frames import frames_of, outputs_of
from conv2d_cli.render.drawing.plane_layout import scene_of
from conv2d_cli.render.drawing.plane_marks import marks
from conv2d_cli.render.drawing.plane_words import formulas, reading, shape_words, title

if TYPE_CHECKING:
    from conv2d_cli.report.draw import DrawReport

_SECONDS = 0.8


def drawing(report: DrawReport) -> Drawing:
    """Return the picture of a layer on its input, with the window of one output element."""
    scene = scene_of(report, [report.at[0]], [report.at[1]])
    shapes = (*scene.shapes, *marks(scene, report, report.at))
    return Drawing(scene.width, scene.height, title(report), _description(report, report.at), shapes)


def animation(report: DrawReport) -> Drawing:
    """Return the picture of a layer with the windows of its output elements, row by row; of many those at the ends."""
    rows, columns = outputs_of(report.rows), outputs_of(report.columns)
    scene = scene_of(report, rows, columns)
    frames = tuple(tuple(marks(scene, report, at, is_still=False)) for at in frames_of(rows, columns))
    description = _description(report, (rows[0], columns[0]))
    return Drawing(scene.width, scene.height, title(report), description, scene.shapes, frames, _SECONDS)


def _description(report: DrawReport, at: tuple[int, int]) -> str:
    """Return the picture in words, for those who cannot see it."""
    shapes = [shape_words(key, getattr(report.shape, key)) for key in ("input_shape", "output_shape")]
    lines = [", ".join(line) for line in formulas(report)]
    return ". ".join([*shapes, *lines, reading(report, at)]) + "."
