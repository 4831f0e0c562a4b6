"""One output element with its numbers: the window of each channel times the weight, the products, and their sum."""

# ruff: noqa: RUF001 - the signs of arithmetic are meant

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.render.drawing.model import Drawing, Labelled, Rectangle, Text, box_of, text_width
from conv2d_cli.render.drawing.number_plane import Cell, NumberPlane, plane_shapes
from conv2d_cli.render.drawing.terminal_positions import shown_positions
from conv2d_cli.render.drawing.values_elements import look_of, shown_elements, windows_of
from conv2d_cli.render.drawing.values_text import SHORTENED, cell_text, is_shortened
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.floats import number_text
from conv2d_cli.render.layer_text import as_typed
from conv2d_cli.render.units import thousands

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.render.drawing.model import Shape
    from conv2d_cli.report.draw_values import ChannelRow, DrawValuesReport
    from conv2d_cli.report.trace import TermRow

_MARGIN, _GAP, _BETWEEN = 24, 28, 44
_WIDEST = 1180
_TITLE, _WORDS, _RESULT = 16, 12, 14
# Channels that are drawn; more would not be looked at.
_MOST_CHANNELS = 3
# Characters in a cell: as many as let the input, the weight and the products stand beside one another.
_MOST_DIGITS = (10, 7)
# Rows, and columns, of the output that are drawn.
_MOST_OUTPUTS = 9


class Part(NamedTuple):
    """Shapes drawn from (0, 0) on, and the sign in front of them, which is in the middle of their cells."""

    shapes: tuple[Shape, ...]
    width: float
    height: float
    middle: float
    sign: str = ""


def drawing(report: DrawValuesReport) -> Drawing:
    """Return the picture of an output element, with numbers."""
    channels = [*report.channels]
    shown = channels[:_MOST_CHANNELS]
    texts = _texts(report, shown)
    shapes: list[Shape] = [*_heading(report)]
    y = _bottom(shapes) + _GAP
    for channel in shown:
        row = _placed(_of_channel(report, channel, texts), y)
        shapes += row
        y = _bottom(row) + _GAP
    if len(channels) > len(shown):
        count = len(channels) - len(shown)
        words = f"… and {thousands(count)} more channel{'s' * (count > 1)}"
        shapes.append(Text(_MARGIN, y + _WORDS, words, _WORDS, fill="soft"))
        y = _bottom(shapes) + _GAP
    sums = _sums(report)
    end = _placed([sums, _output(report, texts)._replace(middle=sums.middle)], y)
    shapes += end
    notes = [*_notes(report, texts)]
    y = _bottom(end) + _GAP
    shapes += (Text(_MARGIN, y + line * 1.6 * _WORDS, words, _WORDS, fill="soft") for line, words in enumerate(notes))
    box = box_of(tuple(shapes))
    return Drawing(box.right + _MARGIN, box.bottom + _MARGIN, _title(report), _description(report), tuple(shapes))


class _Texts(NamedTuple):
    """The numbers of a report as they stand in cells."""

    report: DrawValuesReport
    most: int

    def value(self, term: TermRow) -> str:
        return cell_text(term.value, self.report.trace.dtype, self.most)

    def weight(self, term: TermRow) -> str:
        return cell_text(term.weight, self.report.trace.dtype, self.most)

    def product(self, term: TermRow) -> str:
        return cell_text(term.product, self.report.trace.working_dtype, self.most)

    @property
    def result(self) -> str:
        return cell_text(self.report.trace.result, self.report.trace.dtype, self.most)


def _texts(report: DrawValuesReport, channels: Sequence[ChannelRow]) -> _Texts:
    """Return the numbers with as many digits as there is room for beside one another."""
    for most in _MOST_DIGITS:
        texts = _Texts(report, most)
        width = max(_width(_of_channel(report, channel, texts)) for channel in channels)
        if width <= _WIDEST:
            break
    return texts


def _width(parts: Sequence[Part]) -> float:
    return _MARGIN + sum(part.width for part in parts) + _BETWEEN * (len(parts) - 1)


def _heading(report: DrawValuesReport) -> Iterator[Shape]:
    yield Text(_MARGIN, _MARGIN + _TITLE, as_typed(report.draw.shape), _TITLE, bold=True)
    sizes = " → ".join("×".join(map(str, shape or ())) for shape in _sizes(report))
    yield Text(_MARGIN, _MARGIN + 2.6 * _TITLE, f"{sizes}, {report.trace.dtype}", _WORDS, fill="soft")


def _sizes(report: DrawValuesReport) -> tuple[tuple[int, ...] | None, tuple[int, ...] | None]:
    return report.draw.shape.input_shape, report.draw.shape.output_shape


def _title(report: DrawValuesReport) -> str:
    index = ",".join(map(str, report.trace.index))
    return printable(f"{as_typed(report.draw.shape)}, output element {index}")


def _description(report: DrawValuesReport) -> str:
    trace = report.trace
    count = len(trace.terms)
    bias = "" if trace.bias is None else f" and the bias {number_text(trace.bias, trace.dtype)}"
    return (
        f"The output element is the sum of {thousands(count)} product{'s' * (count != 1)} of input and weight{bias}: "
        f"{number_text(trace.result, trace.dtype)}."
    )


def _placed(parts: Sequence[Part], top: float) -> list[Shape]:
    """Return parts beside one another, on a new line where one has no room."""
    shapes: list[Shape] = []
    x, y, line = float(_MARGIN), top, 0.0
    for place, part in enumerate(parts):
        if place and x + _BETWEEN + part.width > _WIDEST:
            x, y, line = _MARGIN, y + line + _GAP, 0.0
            if part.sign:
                x += _BETWEEN
        elif place:
            x += _BETWEEN
        if part.sign:
            shapes.append(Text(x - _BETWEEN / 2, y + part.middle + 6, part.sign, 18, "middle", "soft"))
        shapes += (moved(shape, x, y) for shape in part.shapes)
        x, line = x + part.width, max(line, part.height)
    return shapes


def moved(shape: Shape, x: float, y: float) -> Shape:
    """Return a shape of these drawings at another place."""
    if isinstance(shape, Labelled):
        return shape._replace(shapes=tuple(moved(inner, x, y) for inner in shape.shapes))
    assert isinstance(shape, Rectangle | Text)  # noqa: S101 - there are no others here
    return shape._replace(x=shape.x + x, y=shape.y + y)


def _bottom(shapes: Sequence[Shape]) -> float:
    return box_of(tuple(shapes)).bottom


def _of_channel(report: DrawValuesReport, channel: ChannelRow, texts: _Texts) -> list[Part]:
    """Return the input, the weight and the products of a channel."""
    return [
        _part(_input(report, channel, texts)),
        _part(_weight(report, channel, texts), "×"),
        _part(_products(report, channel, texts), "="),
    ]


def _part(plane: NumberPlane, sign: str = "") -> Part:
    shapes, middle = plane_shapes(plane)
    box = box_of(shapes)
    return Part(shapes, box.right, box.bottom, middle, sign)


def _input(report: DrawValuesReport, channel: ChannelRow, texts: _Texts) -> NumberPlane:
    axes = report.draw.rows, report.draw.columns
    windows = windows_of(report.draw)
    rows, columns = shown_elements(report.draw)
    terms = {(term.row, term.column): term for line in channel.terms for term in line}

    def cell(row: int, column: int) -> Cell:
        term = terms.get((row, column))
        fill, dashed, hatched = look_of(axes, row, column)
        place = f"input[{channel.channel}], row {row}, column {column}"
        if term is None:
            return Cell("", fill, place, dashed=dashed, hatched=hatched)
        exact = number_text(term.value, report.trace.dtype)
        return Cell(texts.value(term), "tap", f"{place}: {exact}", dashed=term.padded)

    return NumberPlane(f"input, channel {channel.channel}", rows, columns, cell, windows)


def _weight(report: DrawValuesReport, channel: ChannelRow, texts: _Texts) -> NumberPlane:
    first = channel.channel - report.trace.terms[0].channel
    place = f"weight[{report.trace.index[-3]}][{first}]"

    def cell(row: int, column: int) -> Cell:
        term = channel.terms[row][column]
        exact = number_text(term.weight, report.trace.dtype)
        return Cell(texts.weight(term), "group_3", f"{place}, row {row}, column {column}: {exact}")

    return NumberPlane(place, *_of_kernel(report), cell)


def _products(report: DrawValuesReport, channel: ChannelRow, texts: _Texts) -> NumberPlane:
    def cell(row: int, column: int) -> Cell:
        term = channel.terms[row][column]
        exact = number_text(term.product, report.trace.working_dtype)
        return Cell(texts.product(term), "tap", f"product: {exact}", dashed=term.padded)

    return NumberPlane("products", *_of_kernel(report), cell)


def _of_kernel(report: DrawValuesReport) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(range(report.draw.rows.kernel)), tuple(range(report.draw.columns.kernel))


def _sums(report: DrawValuesReport) -> Part:
    """Return what the products come to, with all digits."""
    trace = report.trace
    count = len(trace.terms)
    lines = [
        (f"{thousands(count)} product{'s' * (count != 1)}", number_text(trace.terms[-1].running, trace.working_dtype))
    ]
    if trace.bias is not None:
        lines.append((f"bias[{trace.index[-3]}]", number_text(trace.bias, trace.dtype)))
    lines.append(("result", number_text(trace.result, trace.dtype)))
    left = max(text_width(words, _RESULT) for words, _ in lines) + _GAP
    right = left + max(text_width(number, _RESULT) for _, number in lines)
    shapes: list[Shape] = [Text(0, _WORDS, "sum", _WORDS, fill="soft")]
    for place, (words, number) in enumerate(lines):
        y = 40 + place * 1.8 * _RESULT
        is_last = place == len(lines) - 1
        shapes += (
            Text(0, y, words, _RESULT, bold=is_last),
            Text(right, y, number, _RESULT, "end", bold=is_last),
        )
    return Part(tuple(shapes), right, _bottom(shapes), 40 + (len(lines) - 1) * 1.8 * _RESULT - 5)


def _output(report: DrawValuesReport, texts: _Texts) -> Part:
    axes, at = (report.draw.rows, report.draw.columns), report.draw.at
    rows, columns = (
        shown_positions(range(axis.outputs), range(place, place + 1), (), _MOST_OUTPUTS)
        for axis, place in zip(axes, at, strict=True)
    )
    index = report.trace.index
    exact = number_text(report.trace.result, report.trace.dtype)

    def cell(row: int, column: int) -> Cell:
        place = f"output[{index[-3]}], row {row}, column {column}"
        if (row, column) != at:
            return Cell("", "output", place)
        return Cell(texts.result, "result", f"{place}: {exact}")

    windows = range(at[0], at[0] + 1), range(at[1], at[1] + 1)
    return _part(NumberPlane(f"output, channel {index[-3]}", rows, columns, cell, windows), "→")


def _notes(report: DrawValuesReport, texts: _Texts) -> Iterator[str]:
    trace = report.trace
    rows, columns = report.draw.rows, report.draw.columns
    axes = [*zip(("rows", "columns"), (rows, columns), shown_elements(report.draw), strict=True)]
    if any(place not in range(axis.size) for _, axis, shown in axes for place in shown):
        yield f"dashed: padding, {rows.padding_mode}"
    unused = [f"unused_{name} {axis.unused}" for name, axis, shown in axes if any(map(axis.is_unused, shown))]
    if unused:
        yield f"hatched: {', '.join(unused)}"
    numbers = [text(term) for term in trace.terms for text in (texts.value, texts.weight, texts.product)]
    if is_shortened([*numbers, texts.result]):
        yield f"{SHORTENED}: fewer digits than the number has"
