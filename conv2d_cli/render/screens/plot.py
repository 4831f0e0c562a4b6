"""A plot in a terminal: the points between two axes, and the layers of its Pareto front."""

from __future__ import annotations

from string import ascii_lowercase
from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import (
    BLANK,
    DIM,
    HEADING,
    KEY,
    PLAIN,
    RESULT,
    Column,
    Grid,
    Lines,
    Paragraph,
    Span,
)
from conv2d_cli.render.drawing.plot_classes import (
    aims,
    axis_title,
    classes_of,
    color_label,
    intervals_of,
    is_continuous,
    summary,
    whole,
)
from conv2d_cli.render.drawing.plot_scale import scale_of
from conv2d_cli.render.drawing.scatter import Canvas
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.layer_text import times
from conv2d_cli.render.screens.shared import longest, remarks
from conv2d_cli.render.units import thousands
from conv2d_cli.report.plot import count_at, front_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.render.blocks import Block, Line
    from conv2d_cli.render.drawing.plot_classes import Class
    from conv2d_cli.render.drawing.plot_scale import Scale
    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.plot import PlotReport, PlotRow

_WIDEST, _HIGHEST, _LOWEST = 100, 20, 6
# A cell is about twice as high as it is wide.
_CELLS_TO_A_LINE = 4
# With fewer cells between the axes, the ends of the upright one stand above and below instead.
_NARROWEST = 24
_FRONT, _DOT = "●", "⠂"
_GAP = 3
_INTERVALS = 5
_MOST_ROWS = 20
_MORE = ("-o plot.svg draws it as a file; --json and --format csv have every point", "-o plot.svg, --json: all points")


def blocks(report: PlotReport, view: View) -> Iterator[Block]:
    """Return the screen of a plot."""
    x, y = scales = scale_of(point.x for point in report.points), scale_of(point.y for point in report.points)
    yield Lines(((Span(report.y, KEY), *_beside(report.y, report.y_unit, y.name, view.width)),))
    classes = _classes(report)
    yield from _chart(report, classes, scales, min(view.width, _WIDEST))
    yield Lines(((Span(report.x, KEY), *_beside(report.x, report.x_unit, x.name, view.width)),))
    yield BLANK
    yield from _legend(report, classes, view.width)
    yield BLANK
    yield Paragraph("Pareto front", HEADING)
    front = front_of(report)
    shown = front if view.verbose else front[:_MOST_ROWS]
    yield Grid(tuple(_columns(report, shown)), names_above=True)
    if len(shown) < len(front):
        yield Paragraph(f"… {thousands(len(front) - len(shown))} more: -v shows them", DIM)
    if not view.in_python:
        yield BLANK
        yield Paragraph(longest(_MORE, view.width), DIM)
    yield from remarks(view.remarks)


def _beside(key: str, unit: str, scale: str, width: int) -> Line:
    """Return the unit and the scale behind the key of an axis, where there is room."""
    said = axis_title(key, unit, scale).removeprefix(key)
    return (Span(said, DIM),) if len(key) + len(said) <= width else ()


def _classes(report: PlotReport) -> tuple[Class, ...]:
    return intervals_of(report, _INTERVALS) if is_continuous(report) else classes_of(report)


def _chart(report: PlotReport, classes: Sequence[Class], scales: tuple[Scale, Scale], width: int) -> Iterator[Block]:
    x, y = scales
    high, low = whole(y.most), whole(y.least)
    margin = max(len(high), len(low)) + 1
    inside = width - margin - 1 >= _NARROWEST
    margin = margin if inside else 0
    cells = max(width - margin - 1, 1)
    canvas = Canvas(cells, max(_LOWEST, min(_HIGHEST, cells // _CELLS_TO_A_LINE)))
    for place, one in enumerate(classes):
        for point in one.points:
            _draw(canvas, point, x.position(point.x), y.position(point.y), _letter(report, place))
    drawn = canvas.lines()
    ends = {0: high, len(drawn) - 1: low} if inside and high != low else {len(drawn) // 2: high} if inside else {}
    lines = [
        (Span(f"{ends.get(row, ''):>{max(margin - 1, 0)}}{' ' if margin else ''}"), Span("│", DIM), *line)
        for row, line in enumerate(drawn)
    ]
    if not inside:
        lines.insert(0, (Span(high),))
    corner: list[Line] = [(Span(" " * margin), Span("└" + "─" * cells, DIM))]
    if not inside and low != high:
        corner.append((Span(low),))
    yield Lines((*lines, *corner, *_ends(whole(x.least), whole(x.most), margin, cells + 1, width)))


def _draw(canvas: Canvas, point: PlotRow, x: float, y: float, letter: str) -> None:
    """Draw a point: a dot, or the letter of its class; on the front a sign that stands out without colours too."""
    if point.on_front:
        canvas.sign(x, y, Span(letter.upper() or _FRONT, RESULT))
    elif letter:
        canvas.vote(x, y, Span(letter, PLAIN))
    else:
        canvas.dot(x, y)


def _letter(report: PlotReport, place: int) -> str:
    return "" if report.color is None else ascii_lowercase[place]


def _ends(least: str, most: str, margin: int, cells: int, width: int) -> Iterator[Line]:
    """Return the smallest and the largest value below an axis, on a line of their own each where they need it."""
    if least == most:
        yield (Span(f"{' ' * margin}{least:^{cells}}".rstrip()),)
    elif len(least) + len(most) < cells:
        yield (Span(f"{' ' * margin}{least}{most:>{cells - len(least)}}"),)
    else:
        yield (Span(least),)
        yield (Span(f"{most:>{width}}"),)


def _legend(report: PlotReport, classes: Sequence[Class], width: int) -> Iterator[Block]:
    yield Paragraph(f"{summary(report)}: {aims(report)}")
    if report.color is not None:
        yield Lines(((Span(report.color, KEY), *_beside(report.color, report.color_unit or "", "", width)),))
        marks = [f"{ascii_lowercase[place]} {one.label}" for place, one in enumerate(classes)]
        yield Lines(tuple((Span(line),) for line in _side_by_side(marks, width)))
        yield Paragraph("a capital: on the Pareto front", DIM)
    else:
        others = [] if all(point.on_front for point in report.points) else [f"{_DOT} others"]
        marks = [f"{_FRONT} on the Pareto front", *others]
        yield Lines(tuple((Span(line, DIM),) for line in _side_by_side(marks, width)))


def _side_by_side(words: Sequence[str], width: int) -> Iterator[str]:
    """Return lines of words, none of which is broken, each of the same width."""
    most = max(map(len, words)) + _GAP
    in_a_line = max(1, (width + _GAP) // most)
    for start in range(0, len(words), in_a_line):
        yield "".join(f"{word:{most}}" for word in words[start : start + in_a_line]).rstrip()


def _columns(report: PlotReport, front: Sequence[PlotRow]) -> Iterator[Column]:
    """Return what is told of each point of the front; of what does not fit the highest rank goes first."""
    counts = count_at(report)
    yield Column("layer", tuple(Span(printable(point.layer or "")) for point in front))
    yield Column(report.x, tuple(Span(whole(point.x), RESULT) for point in front), to_the_right=True)
    yield Column(report.y, tuple(Span(whole(point.y), RESULT) for point in front), to_the_right=True)
    if report.color is not None:
        labels = (color_label(point.color, report.color_unit or "") for point in front)
        yield Column(report.color, tuple(Span(label) for label in labels), rank=2)
    if len({point.input_shape for point in front}) > 1 and report.color != "input_shape":
        # Without it the same layer stands there twice.
        yield Column("input_shape", tuple(Span(times(point.input_shape or ())) for point in front), rank=1)
    if any(counts[point.x, point.y] > 1 for point in front):
        texts = (thousands(counts[point.x, point.y]) for point in front)
        yield Column("combinations", tuple(map(Span, texts)), to_the_right=True, rank=3)
