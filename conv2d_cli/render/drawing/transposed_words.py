"""The words of a transposed convolution that is drawn as the convolution it equals: how sizes follow, what is read."""

# ruff: noqa: RUF001, RUF002 - the signs of arithmetic are meant

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.report.draw_transposed import elements_read

if TYPE_CHECKING:
    from conv2d_cli.report.draw import AxisRow
    from conv2d_cli.report.transposed import TransposedReport


# Rows that a window reads are listed, where they are no more than these.
_MOST_LISTED = 9


def transposed_formulas(shape: TransposedReport) -> list[tuple[str, str, str]]:
    """Return for each axis the elements with the zeros between them, the windows on them, and the size of the output.

    Once where both axes are alike.

    >>> from conv2d_cli.network.modules.transposed import TransposedConvolution2d
    >>> from conv2d_cli.report.transposed import analyze_transposed
    >>> layer = TransposedConvolution2d(in_channels=1, out_channels=1, kernel_size=3, stride=2, padding=1)
    >>> for words in transposed_formulas(analyze_transposed(layer, (1, 1, 4, 4)))[0]:
    ...     print(words)
    (4 − 1) × 2 + 1 = 7 rows with 1 zero between each two, columns alike
    1 + 7 + 1 = 9: a window of 3, every row
    (4 − 1) × 2 − 2 × 1 + 1 × (3 − 1) + 0 + 1 = 7
    """
    rows, columns = shape.axes
    if rows == columns:
        return [_words(shape, 0, "rows", ", columns alike")]
    return [_words(shape, 0, "rows"), _words(shape, 1, "columns")]


def _words(shape: TransposedReport, place: int, name: str, remark: str = "") -> tuple[str, str, str]:
    axis = shape.axes[place]
    equal = axis.equivalent
    inserted = axis.stride - 1
    has_between = inserted > 0 and axis.size > 1
    zeros = f" with {inserted} zero{'' if inserted == 1 else 's'} between each two" if has_between else ""
    elements = f"({axis.size} − 1) × {axis.stride} + 1 = {equal.size}" if inserted else f"{axis.size}"
    padded = f"{_signed(equal.before)} + {equal.size} + {_signed(equal.after)} = {equal.padded}"
    apart = f"{axis.kernel} taps {axis.dilation} apart, " if axis.dilation > 1 < axis.kernel else ""
    cropped = f"({axis.size} − 1) × {axis.stride} − 2 × {axis.padding}"
    return (
        f"{elements} {name if equal.size > 1 else name.removesuffix('s')}{zeros}{remark}",
        f"{padded}: {apart}a window of {equal.effective_kernel}, every {name.removesuffix('s')}",
        f"{cropped} + {axis.dilation} × ({axis.kernel} − 1) + {axis.output_padding} + 1 = {axis.output}",
    )


def _signed(padding: int) -> str:
    """Return padding, which is cropped where it is negative."""
    return str(padding) if padding >= 0 else f"(−{-padding})"


def transposed_stretch(axis: AxisRow, output: int, name: str) -> str:
    """Return the real rows or columns that a window reads, between zeros: `rows 0, 1`; `no row` where all are zeros."""
    read = elements_read(axis, output)
    if not read:
        return f"no {name}"
    if read[0] == read[-1]:
        return f"{name} {read[0]}"
    is_long = read[-1] - read[0] >= _MOST_LISTED * read.step
    every = f" in steps of {read.step}" if read.step > 1 else ""
    return f"{name}s {read[0]} to {read[-1]}{every}" if is_long else f"{name}s {', '.join(map(str, read))}"
