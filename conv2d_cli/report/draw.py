"""What a picture of one layer shows: both axes of its plane, and the window of one output element on them.

A convolution that is transposed is drawn as the convolution that it equals: on its input with zeros inserted between
the elements, with a stride of 1 (V. Dumoulin and F. Visin, arXiv:1603.07285, chapter 4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from conv2d_cli.arithmetic.taps import Tap, source_of, taps_of
from conv2d_cli.arithmetic.window import Axis
from conv2d_cli.showing import draws_itself, shows_itself

if TYPE_CHECKING:
    from conv2d_cli.report.shape import ShapeReport
    from conv2d_cli.report.transposed import TransposedReport


class AxisRow(NamedTuple):
    """One axis of a plane. Positions count from its first element: negative before it, `size` or more behind it.

    `inserted` zeros stand between two real elements: `stride - 1` of what is transposed, none of what is not; `size`
    counts them, and `source` says which real element stands where. `before` and `after` are padding; where they are
    negative, elements that no window reads.
    """

    size: int
    before: int
    after: int
    kernel: int
    stride: int
    dilation: int
    outputs: int
    unused: int
    inserted: int
    padding_mode: str

    @property
    def effective_kernel(self) -> int:
        """Return the elements that a window spans."""
        return self._axis.effective_kernel

    @property
    def padded(self) -> int:
        """Return the elements with the padding on both sides."""
        return self._axis.padded

    @property
    def positions(self) -> range:
        """Return the positions of all elements, those of the padding too."""
        return range(-max(0, self.before), self.size + max(0, self.after))

    def source(self, position: int) -> int | None:
        """Return the real element that stands at a position, None where it is a zero."""
        return self._real(source_of(position, self.size, self.padding_mode))

    def window(self, output: int) -> range:
        """Return the positions that the window of an output spans, the gaps of dilation included."""
        first = output * self.stride - self.before
        return range(first, first + self.effective_kernel)

    def tap_positions(self, output: int) -> range:
        """Return the positions of the taps of an output, which are not counted out: there may be any number."""
        return self.window(output)[:: self.dilation]

    def taps(self, output: int) -> tuple[Tap, ...]:
        """Return the taps of the window of an output, in the order of the kernel; of a kernel turned, turned."""
        taps = taps_of(self._axis, output, self.padding_mode)
        return tuple(Tap(tap.position, self._real(tap.source)) for tap in taps) if self.inserted else taps

    def is_unused(self, position: int) -> bool:
        """Return whether a real element lies behind the last window, or before the first."""
        last = self.window(self.outputs - 1).stop
        return not -self.before <= position < last and 0 <= position < self.size

    @property
    def _axis(self) -> Axis:
        return Axis(self.size, self.kernel, self.stride, self.dilation, self.before, self.after)

    def _real(self, source: int | None) -> int | None:
        if source is None or source % (self.inserted + 1):
            return None
        return source // (self.inserted + 1)


@draws_itself
@shows_itself
class DrawReport(NamedTuple):
    """A layer on its input, as a picture shows it: its facts, its axes, and which output element `at` is looked at."""

    shape: ShapeReport | TransposedReport
    rows: AxisRow
    columns: AxisRow
    at: tuple[int, int]

    @property
    def transposed(self) -> TransposedReport | None:
        """Return the facts of a transposed layer, which alone has an `output_padding`; None of another."""
        return cast("TransposedReport", self.shape) if hasattr(self.shape, "output_padding") else None


def draw_report(shape: ShapeReport, at: tuple[int, int]) -> DrawReport:
    """Return what a picture of a layer on an input shows.

    Args:
        shape: the facts of the layer, on an input of a known shape.
        at: the output element, (h, w).

    >>> from conv2d_cli import Conv2d, analyze
    >>> report = draw_report(analyze(Conv2d(1, 1, 3, padding=1), 5), at=(0, 2))
    >>> report.rows.taps(0)
    (Tap(position=-1, source=None), Tap(position=0, source=0), Tap(position=1, source=1))
    """
    assert shape.input_shape is not None  # noqa: S101 - the caller has an input
    assert shape.output_shape is not None  # noqa: S101 - and so an output
    paddings = (shape.padding_top, shape.padding_bottom), (shape.padding_left, shape.padding_right)
    unused = shape.unused_rows, shape.unused_columns
    rows, columns = (
        AxisRow(
            size=shape.input_shape[place - 2],
            before=paddings[place][0] or 0,
            after=paddings[place][1] or 0,
            kernel=shape.kernel_size[place],
            stride=shape.stride[place],
            dilation=shape.dilation[place],
            outputs=shape.output_shape[place - 2],
            unused=unused[place] or 0,
            inserted=0,
            padding_mode=shape.padding_mode,
        )
        for place in range(2)
    )
    return DrawReport(shape, rows, columns, at)
