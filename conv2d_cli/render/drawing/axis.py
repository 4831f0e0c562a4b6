"""One axis of a layer on its input, as numbers for a picture and for the formula beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from conv2d_cli.report.shape import ShapeReport


class Axis(NamedTuple):
    """Real elements, the padding around them, and the windows over both; `outputs` windows in all."""

    size: int
    before: int
    after: int
    kernel: int
    dilation: int
    stride: int
    effective: int
    outputs: int
    unused: int

    @property
    def padded(self) -> int:
        """Return the elements with the padding on both sides."""
        return self.before + self.size + self.after

    @property
    def end(self) -> int:
        """Return where the last window ends."""
        return (self.outputs - 1) * self.stride + self.effective


def axes_of(report: ShapeReport) -> tuple[Axis, Axis] | None:
    """Return the rows and the columns; None of a layer without an input."""
    sides = (report.padding_top, report.padding_bottom, report.padding_left, report.padding_right)
    top, bottom, left, right = (side or 0 for side in sides)
    if report.input_shape is None or report.output_shape is None:
        return None
    unused = (report.unused_rows or 0, report.unused_columns or 0)
    rows, columns = (
        Axis(
            report.input_shape[place - 2],
            *padding,
            report.kernel_size[place],
            report.dilation[place],
            report.stride[place],
            report.effective_kernel_size[place],
            report.output_shape[place - 2],
            unused[place],
        )
        for place, padding in enumerate(((top, bottom), (left, right)))
    )
    return rows, columns
