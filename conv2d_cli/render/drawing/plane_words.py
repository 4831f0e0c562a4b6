"""The words of a picture of a plane: the layer, what the window reads, how sizes follow, and what the marks mean."""

# ruff: noqa: RUF001, RUF002 - the sign of multiplication is meant

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.render.drawing.axis import Axis
from conv2d_cli.render.drawing.explanation import explanation
from conv2d_cli.render.drawing.model import Rectangle, Text, text_width
from conv2d_cli.render.drawing.plane_grid import LOOKS
from conv2d_cli.render.drawing.transposed_words import transposed_formulas, transposed_stretch
from conv2d_cli.render.layer_text import as_torch_prints

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.render.drawing.model import Shape
    from conv2d_cli.report.draw import AxisRow, DrawReport

TITLE_SIZE, TEXT_SIZE, LEGEND_SIZE = 15, 12, 11
_SWATCH, _TO_WORDS, _BETWEEN_ENTRIES = 13, 6, 20
_LEGEND_LINE = 22
_BETWEEN_CELLS = 28
_ROUNDING = 0.01
# The rows that a window reads are listed, where they are no more than these and padding repeats some.
_MOST_LISTED = 9


class Entry(NamedTuple):
    """A line of the legend: what a mark means."""

    kind: str
    words: str


def title(report: DrawReport) -> str:
    """Return the layer as torch prints it."""
    return as_torch_prints(report.shape)


def title_lines(report: DrawReport, room: float) -> list[str]:
    """Return the title on as many lines as it needs."""
    first, *others = title(report).split(", ")
    lines = [first]
    for word in others:
        longer = f"{lines[-1]}, {word}"
        if text_width(longer, TITLE_SIZE) <= room:
            lines[-1] = longer
        else:
            lines[-1] += ","
            lines.append(f"    {word}")
    return lines


def shape_words(key: str, shape: Sequence[int] | None) -> str:
    """Return a key of `shape` with its value: `input_shape 1 × 3 × 224 × 224`."""
    return f"{key} {' × '.join(map(str, shape or ()))}"


def reading(report: DrawReport, at: tuple[int, int]) -> str:
    """Return what makes an output element, in a sentence."""
    stretch = transposed_stretch if report.transposed else _stretch
    rows, columns = stretch(report.rows, at[0], "row"), stretch(report.columns, at[1], "column")
    return f"output row {at[0]}, column {at[1]} reads {rows} and {columns}"


def _stretch(axis: AxisRow, output: int, name: str) -> str:
    """Return the rows or columns that a window reads: `rows 1 to 7`; of padding that repeats, what it repeats."""
    taps = axis.tap_positions(output)
    is_repeated = axis.padding_mode != "zeros" and (taps[0] < 0 or taps[-1] >= axis.size)
    if axis.kernel <= _MOST_LISTED and is_repeated:
        listed = ", ".join(str(axis.source(tap)) for tap in taps)
        return f"{name}{'s' if axis.kernel > 1 else ''} {listed}"
    if axis.kernel == 1:
        return f"{name} {taps[0]}"
    every = "" if axis.dilation == 1 else f" in steps of {axis.dilation}"
    return f"{name}s {taps[0]} to {taps[-1]}{every}"


def formulas(report: DrawReport) -> list[tuple[str, ...]]:
    """Return how many outputs there are on each axis, and why; once where both axes are alike."""
    if report.transposed:
        return [*transposed_formulas(report.transposed)]
    rows, columns = (
        Axis(
            *(axis.size, axis.before, axis.after, axis.kernel, axis.dilation, axis.stride),
            *(axis.effective_kernel, axis.outputs, axis.unused),
        )
        for axis in (report.rows, report.columns)
    )
    if rows == columns:
        return [_words(rows, "rows", ", columns alike")]
    return [_words(rows, "rows"), _words(columns, "columns")]


def _words(axis: Axis, name: str, remark: str = "") -> tuple[str, ...]:
    return tuple("".join(span.text for span in line) for line in explanation(axis, name, remark))


def formula_width(lines: Sequence[tuple[str, ...]]) -> float:
    """Return the width of these words in columns."""
    return sum(_column_widths(lines)) + _BETWEEN_CELLS * (len(lines[0]) - 1)


def formula_texts(lines: Sequence[tuple[str, ...]], x: float, y: float, room: float) -> list[Text]:
    """Return these words below one another: in columns, or where these are wider than the room, a line each."""
    step = TEXT_SIZE * 1.6
    if formula_width(lines) > room + _ROUNDING:
        return [Text(x, y + step * place, words, TEXT_SIZE) for place, words in enumerate(sum(lines, ()))]
    widths = _column_widths(lines)
    starts = [x + sum(widths[:place]) + _BETWEEN_CELLS * place for place in range(len(widths))]
    return [
        Text(start, y + step * place, words, TEXT_SIZE, bold=words is line[-1])
        for place, line in enumerate(lines)
        for start, words in zip(starts, line, strict=True)
    ]


def _column_widths(lines: Sequence[tuple[str, ...]]) -> list[float]:
    return [max(text_width(words, TEXT_SIZE) for words in column) for column in zip(*lines, strict=True)]


def legend(report: DrawReport, kinds: set[str], *, has_breaks: bool) -> list[Entry]:
    """Return what the marks mean that occur in a picture."""
    rows, columns = report.rows, report.columns
    unused = [f"unused_{name} {axis.unused}" for name, axis in (("rows", rows), ("columns", columns)) if axis.unused]
    window = f"{rows.effective_kernel} × {columns.effective_kernel}"
    meanings = {
        "input": "input",
        "zero": "zero" if rows.inserted or columns.inserted else "padding: zeros",
        "repeated": f"padding: {report.shape.padding_mode}, numbered as its source",
        "unused": ", ".join(unused) or "not read",
    }
    entries = [Entry(kind, words) for kind, words in meanings.items() if kind in kinds]
    entries += [Entry("window", f"window {window}"), Entry("tap", f"kernel_size {rows.kernel} × {columns.kernel}")]
    if "tap_on_zero" in kinds:
        entries.append(Entry("tap_on_zero", "on a zero"))
    entries += [Entry("output", "output"), Entry("result", "its output")]
    return [*entries, Entry("break", "left out, and how many")] if has_breaks else entries


def legend_width(entries: Sequence[Entry]) -> float:
    """Return the width of the entries on one line."""
    return sum(_width(entry) for entry in entries) + _BETWEEN_ENTRIES * (len(entries) - 1)


def _width(entry: Entry) -> float:
    return _SWATCH + _TO_WORDS + text_width(entry.words, LEGEND_SIZE)


def legend_lines(entries: Sequence[Entry], room: float) -> list[list[tuple[float, Entry]]]:
    """Return the entries on lines of at most a width, each with its place on the line."""
    lines: list[list[tuple[float, Entry]]] = [[]]
    place = 0.0
    for entry in entries:
        width = _width(entry)
        if lines[-1] and place + width > room + _ROUNDING:
            lines.append([])
            place = 0
        lines[-1].append((place, entry))
        place += width + _BETWEEN_ENTRIES
    return lines


def legend_shapes(lines: Sequence[Sequence[tuple[float, Entry]]], x: float, y: float) -> Iterator[Shape]:
    """Yield a legend whose first line has its baseline at y."""
    for number, line in enumerate(lines):
        baseline = y + number * _LEGEND_LINE
        for place, entry in line:
            yield _swatch(entry.kind, x + place, baseline - _SWATCH + 3)
            yield Text(x + place + _SWATCH + _TO_WORDS, baseline, entry.words, LEGEND_SIZE, fill="soft")


def legend_height(lines: Sequence[object]) -> float:
    """Return the height from the first baseline to the last."""
    return (len(lines) - 1) * _LEGEND_LINE


def _swatch(kind: str, x: float, y: float) -> Shape:
    if kind == "break":
        return Text(x, y + _SWATCH - 3, "…9", LEGEND_SIZE, fill="soft")
    if kind == "window":
        return Rectangle(x + 1, y + 1, _SWATCH - 2, _SWATCH - 2, None, "window", 2.5)
    look = LOOKS[kind]
    return Rectangle(*(x, y, _SWATCH, _SWATCH, look.fill, look.stroke), dashed=look.dashed, hatched=look.hatched)
