"""Which output elements an animation goes through: all of a small output, else those at its ends."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from conv2d_cli.render.drawing.plane_axis import MOST_CELLS, drawn_of_input, drawn_of_output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.report.draw import AxisRow

MOST_FRAMES = 100


def outputs_of(axis: AxisRow) -> list[int]:
    """Return the outputs of an axis whose windows can be drawn together without a break in any of them.

    Where there is no room for all, as many from its first as from its last; the first alone where a window has a break.
    """
    whole = [*range(min(axis.outputs, MOST_CELLS))]
    if len(whole) == axis.outputs and _fit(axis, whole):
        return whole
    found = whole[:1]
    for number in range(1, MOST_CELLS // 2):
        ends = sorted({*range(min(number, axis.outputs)), *range(max(0, axis.outputs - number), axis.outputs)})
        if not _fit(axis, ends):
            break
        found = ends
    return found


def _fit(axis: AxisRow, outputs: Sequence[int]) -> bool:
    if axis.effective_kernel > MOST_CELLS:
        return False
    drawn = {*drawn_of_input(axis, outputs)}
    return {*outputs} <= {*drawn_of_output(axis, outputs)} and all(
        drawn.issuperset(axis.window(one)) for one in outputs
    )


def frames_of(rows: Sequence[int], columns: Sequence[int]) -> list[tuple[int, int]]:
    """Return the places to go through, row by row; of many the first and the last."""
    places = [*product(rows, columns)]
    half = MOST_FRAMES // 2
    return places if len(places) <= MOST_FRAMES else [*places[:half], *places[-half:]]
