"""What stands in the cells of a layer's planes in a terminal: signs that differ without colours too, and their legend.

All of them are in WGL4 (https://learn.microsoft.com/typography/develop/pan-european-character-set), which the fonts of
terminals hold.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.render.blocks import DIM, KEY, UNIT, WARNING, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conv2d_cli.report.draw import AxisRow, DrawReport

# Of one colour, as the taps make the output; one that no other sign has.
_READ = "bold magenta"
TAP = Span("●", _READ)
TAP_ON_PADDING = Span("○", _READ)
INPUT = Span("■", KEY)
ZERO = Span("░", DIM)
REPEATED = Span("□", KEY)
UNUSED = Span("▒", WARNING)
OUTPUT = Span("■", UNIT)


class InputSigns(NamedTuple):
    """The signs of a padded input, by row and column; taps are those of one output element."""

    rows: AxisRow
    columns: AxisRow
    row_taps: range
    column_taps: range

    def at(self, row: int, column: int) -> Span:
        """Return what stands at a position."""
        is_element = self.rows.source(row) is not None and self.columns.source(column) is not None
        is_inside = 0 <= row < self.rows.size and 0 <= column < self.columns.size
        if row in self.row_taps and column in self.column_taps:
            return TAP if is_element and is_inside else TAP_ON_PADDING
        if not is_element:
            return ZERO
        if not is_inside:
            return REPEATED
        return UNUSED if self.rows.is_unused(row) or self.columns.is_unused(column) else INPUT


def input_signs(report: DrawReport) -> Callable[[int, int], Span]:
    """Return the sign of the input at a row and a column."""
    row, column = report.at
    taps = _taps(report.rows, row), _taps(report.columns, column)
    # The legend asks once more.
    return cache(InputSigns(report.rows, report.columns, *taps).at)


def _taps(axis: AxisRow, output: int) -> range:
    """Return where the taps of a window fall, of a kernel of any size."""
    window = axis.window(output)
    return range(window.start, window.stop, axis.dilation)


def output_signs(report: DrawReport) -> Callable[[int, int], Span]:
    """Return the sign of the output at a row and a column."""
    return lambda row, column: TAP if (row, column) == report.at else OUTPUT


def legend(
    report: DrawReport, inputs: Iterable[Span], outputs: Iterable[Span]
) -> tuple[tuple[Span, tuple[str, ...]], ...]:
    """Return the signs that occur, each with what it stands for: the best words first, the shortest last."""
    occurring = {*inputs}
    repeats = report.rows.padding_mode != "zeros"
    meanings = (
        (TAP, ("taps, and the output that they make", "taps and output")),
        (TAP_ON_PADDING, ("taps on padding" if repeats else "taps on zeros",)),
        (INPUT, ("input",)),
        (ZERO, ("zeros",)),
        (REPEATED, (f"padding_mode {report.rows.padding_mode}", report.rows.padding_mode)),
        (UNUSED, ("input that no window reads", "never read")),
    )
    known = [(sign, words) for sign, words in meanings if sign in occurring or sign == TAP]
    return (*known, *([(OUTPUT, ("output",))] if OUTPUT in {*outputs} else []))
