"""What `conv2d draw` answers with beside a picture: the output element that is drawn, and what its window reads."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.errors import ShapeError, UsageError
from conv2d_cli.limits import TRACE_TERMS
from conv2d_cli.report.record import record_of
from conv2d_cli.showing import shows_itself

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.report.draw import AxisRow, DrawReport
    from conv2d_cli.report.shape import ShapeReport


@shows_itself
class PictureReport(NamedTuple):
    """A layer on its input, and the window of the output element (h, w) of each of its planes.

    `window_rows` and `window_columns` are the first and the last that it spans, the gaps of dilation included;
    `window` has its taps in the order of the kernel, None where there are more than are listed.
    """

    picture: str
    layer: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    at: tuple[int, int]
    window_rows: tuple[int, int]
    window_columns: tuple[int, int]
    window: tuple[WindowRow, ...] | None


class WindowRow(NamedTuple):
    """One tap of a window: where it falls, from the first real row and column on, and what stands there.

    `source_row` and `source_column` are the real element, None where the padding has a zero.
    """

    row: int
    column: int
    source_row: int | None
    source_column: int | None


# A picture of fewer elements shows little.
_LEAST_SIDE = 8
# What `--get` knows.
TOTALS: tuple[str, ...] = PictureReport._fields[:-1]


def picture_report(report: DrawReport, picture: str, layer: str) -> PictureReport:
    """Return the facts of a picture of a layer, `layer` as torch prints it.

    >>> from conv2d_cli import Conv2d, analyze
    >>> from conv2d_cli.report.draw import draw_report
    >>> layer = Conv2d(1, 1, (1, 3), padding=(0, 1))
    >>> facts = picture_report(draw_report(analyze(layer, 5), at=(2, 0)), "plane", str(layer))
    >>> facts.window_columns, facts.window[0]
    ((-1, 1), WindowRow(row=2, column=-1, source_row=None, source_column=None))
    """
    input_shape, output_shape = report.shape.input_shape, report.shape.output_shape
    assert input_shape is not None  # noqa: S101 - a picture is of a layer on an input
    assert output_shape is not None  # noqa: S101 - and so on an output
    rows, columns = (axis.window(place) for axis, place in zip((report.rows, report.columns), report.at, strict=True))
    return PictureReport(
        picture,
        layer,
        input_shape,
        output_shape,
        report.at,
        (rows[0], rows[-1]),
        (columns[0], columns[-1]),
        _taps(report),
    )


def report_at(report: DrawReport, at: tuple[int, int] | None, spelled: Callable[[tuple[int, int]], str]) -> DrawReport:
    """Return a report at the output element that is asked for, else at a telling one.

    Args:
        report: the layer on its input, at any element.
        at: the element (h, w).
        spelled: how an element is asked for, as the user has to write it.

    Raises:
        ShapeError: the output has no elements.
        UsageError: it has no such element.
    """
    shape = report.shape.output_shape or ()
    if 0 in shape:
        message = f"the output, {'x'.join(map(str, shape))}, has no element whose window could be drawn"
        raise ShapeError(message, "an input of N >= 1")
    if at is None:
        return report._replace(at=telling_place(report))
    height, width = report.rows.outputs, report.columns.outputs
    if not (0 <= at[0] < height and 0 <= at[1] < width):
        raise UsageError(
            f"{spelled(at)}: the output is {height}x{width}, and rows and columns count from 0",
            f"{spelled((height - 1, width - 1))}, the last element",
        )
    return report._replace(at=at)


def example_sides(shape: ShapeReport) -> tuple[int, int]:
    """Return height and width of an input on which a layer can be shown, whatever its padding mode.

    >>> from conv2d_cli import Conv2d, analyze
    >>> example_sides(analyze(Conv2d(3, 64, 7, stride=2, padding=(3, 9))))
    (8, 10)
    """
    paddings = (shape.padding_top, shape.padding_bottom), (shape.padding_left, shape.padding_right)
    height, width = (
        max(_LEAST_SIDE, effective, *((side or 0) + 1 for side in sides))
        for effective, sides in zip(shape.effective_kernel_size, paddings, strict=True)
    )
    return height, width


def picture_record(report: PictureReport) -> dict[str, Any]:
    """Return a report as JSON carries it: the totals, and an object for each tap."""
    taps = None if report.window is None else [tap._asdict() for tap in report.window]
    return {**record_of(report), "window": taps}


def telling_place(report: DrawReport) -> tuple[int, int]:
    """Return the output element whose window tells most: on each axis the first without padding, else the middle.

    >>> from conv2d_cli import Conv2d, analyze
    >>> from conv2d_cli.report.draw import draw_report
    >>> telling_place(draw_report(analyze(Conv2d(1, 1, 7, stride=2, padding=3), 224), at=(0, 0)))
    (2, 2)
    """
    return _first_whole(report.rows), _first_whole(report.columns)


def _first_whole(axis: AxisRow) -> int:
    first = max(0, -(-axis.before // axis.stride))
    is_whole = first < axis.outputs and axis.window(first).stop <= axis.size
    return first if is_whole else axis.outputs // 2


def _taps(report: DrawReport) -> tuple[WindowRow, ...] | None:
    if report.rows.kernel * report.columns.kernel > TRACE_TERMS:
        return None
    rows, columns = report.rows.taps(report.at[0]), report.columns.taps(report.at[1])
    return tuple(
        # A zero of either axis makes the element a zero.
        WindowRow(row.position, column.position, *((None, None) if None in sources else sources))
        for row, column in product(rows, columns)
        for sources in [(row.source, column.source)]
    )
