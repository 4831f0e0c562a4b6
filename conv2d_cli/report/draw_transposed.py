"""What a picture of a transposed convolution shows: the planes of the convolution that it equals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.arithmetic.transposed import elements_at
from conv2d_cli.report.draw import AxisRow, DrawReport

if TYPE_CHECKING:
    from conv2d_cli.arithmetic.transposed import TransposedAxis
    from conv2d_cli.report.transposed import TransposedReport


def transposed_draw_report(shape: TransposedReport, at: tuple[int, int]) -> DrawReport:
    """Return what a picture of a transposed layer on an input shows.

    Args:
        shape: the facts of the layer.
        at: the output element, (h, w).

    >>> from conv2d_cli.network.modules.transposed import TransposedConvolution2d
    >>> from conv2d_cli.report.transposed import analyze_transposed
    >>> layer = TransposedConvolution2d(in_channels=1, out_channels=1, kernel_size=3, stride=2, padding=1)
    >>> report = transposed_draw_report(analyze_transposed(layer, (1, 1, 3, 3)), at=(0, 1))
    >>> [tap.source for tap in report.rows.taps(0)], [tap.source for tap in report.columns.taps(1)]
    ([None, 0, None], [0, None, 1])
    """
    rows, columns = (
        _row(axis, unused) for axis, unused in zip(shape.axes, (shape.unused_rows, shape.unused_columns), strict=True)
    )
    return DrawReport(shape, rows, columns, at)


def elements_read(axis: AxisRow, output: int) -> range:
    """Return the real elements that the window of an output reads, on an axis with zeros inserted."""
    window, every = axis.window(output), axis.inserted + 1
    return elements_at(window[:: axis.dilation], every, (axis.size - 1) // every + 1)


def _row(axis: TransposedAxis, unused: int) -> AxisRow:
    equivalent = axis.equivalent
    return AxisRow(
        size=equivalent.size,
        before=equivalent.before,
        after=equivalent.after,
        kernel=axis.kernel,
        stride=equivalent.stride,
        dilation=axis.dilation,
        outputs=axis.output,
        unused=unused,
        inserted=axis.stride - 1,
        padding_mode="zeros",
    )
