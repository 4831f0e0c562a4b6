"""The words of a picture of what an element sees: its heading, what is said of each plane, and the legend."""

# ruff: noqa: RUF001 - the sign of sizes is meant

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.drawing.model import Rectangle, Text, text_width
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.units import thousands

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.render.drawing.field_layers import Step
    from conv2d_cli.render.drawing.model import Shape
    from conv2d_cli.report.draw_field import FieldReport, FieldRow

TITLE, WORDS, SMALL = 18.0, 13.0, 12.0
LINE = 18.0
_LONGEST_NAME, _LONGEST_TITLE = 160.0, 420.0
_LEFT_OUT = "…"


def heading(report: FieldReport, left: float, top: float) -> Iterator[Shape]:
    """Yield three lines: what is seen of the input, of which network, and the facts."""
    yield Text(left, top + TITLE, _headline(report), TITLE, bold=True)
    facts = [f"receptive_field {_times(report.receptive_field)}"] if report.receptive_field else []
    if report.effective_stride:
        facts.append(f"effective_stride {' × '.join(map(str, report.effective_stride))}")
    if report.rows and report.columns:
        facts += [
            f"{name} {thousands(first)} to {thousands(last)}"
            for name, (first, last) in (("rows", report.rows), ("columns", report.columns))
        ]
    name = _fitting(printable(report.name), _LONGEST_TITLE, WORDS)
    shape = f", input {_times(report.input_shape)}" if report.input_shape else ""
    yield Text(left, top + TITLE + LINE + 4, f"{name}{shape}", WORDS, fill="soft")
    yield Text(left, top + TITLE + 2 * LINE + 4, "   ".join(facts), WORDS, fill="soft")


def _headline(report: FieldReport) -> str:
    at = "" if report.at is None else f" at {report.at[0]},{report.at[1]}"
    name = f"{_fitting(printable(report.node), _LONGEST_TITLE, TITLE)} ({printable(report.type)})"
    image = next((row for row in report.nodes if row.index is None), None)
    if image is None or not image.plane or image.rows is None:
        return f"{name}{at}"
    return f"{name}{at} sees {_seen(image)} of {_times(image.plane)}"


def labels_of(row: FieldRow) -> Iterator[tuple[str, float, bool]]:
    """Yield what is said of a plane, its size and whether it is bold: the name and the type above, two lines below."""
    yield _fitting(printable(row.name), _LONGEST_NAME, WORDS), WORDS, True
    # The input is called so, and is nothing else.
    yield "" if row.index is None else _fitting(printable(row.type), _LONGEST_NAME, SMALL), SMALL, False
    yield _seen(row), WORDS, True
    yield f"of {_times(row.plane or row.output_shape or ())}", SMALL, False


def _seen(row: FieldRow) -> str:
    """Return how much is seen: rows by columns, without what lies in padding."""
    if row.plane is None:
        return "all"
    if row.rows is None or row.columns is None:
        return "not known"
    if not row.rows or not row.columns:
        return "nothing"
    return _times([last - first + 1 for first, last in (row.rows, row.columns)])


def told(row: FieldRow) -> str:
    """Return in a sentence what is seen of a layer."""
    name = printable(row.name)
    if not row.rows or not row.columns:
        return f"{name}: {_seen(row)}"
    rows, columns = (f"{first} to {last}" for first, last in (row.rows, row.columns))
    return f"{name}: rows {rows}, columns {columns} of {_times(row.plane or ())}"


def legend(steps: Sequence[Step], left: float, y: float) -> Iterator[Shape]:
    """Yield what colours and signs mean, of those that are there."""
    rows = [step.row for step in steps]
    seen = Rectangle(0, y, 16, 12, "tap", "window", 1.8)
    element = seen._replace(fill="result")
    entries = [(element, "the element" if rows[-1].plane else "the layer"), (seen, "what it sees")]
    if any((row.padded_rows, row.padded_columns) != (row.rows, row.columns) for row in rows):
        entries.append((seen._replace(fill=None, stroke_width=1.2, dashed=True), "in padding"))
    if any(row.plane and row.rows is None for row in rows):
        entries.append((seen._replace(fill="unused", stroke="rule", stroke_width=1, hatched=True), "not known"))
    x = left
    for sign, words in entries:
        yield sign._replace(x=x)
        yield Text(x + 24, y + 11, words, SMALL, fill="soft")
        x += 24 + text_width(words, SMALL) + 26
    left_out = sum(step.left_out for step in steps)
    if left_out:
        yield Text(x, y + 11, "+N layers left out", SMALL, fill="soft")


def title_and_description(report: FieldReport, steps: Sequence[Step]) -> tuple[str, str]:
    """Return the title and the description."""
    return _headline(report), "; ".join(told(step.row) for step in steps)


def _times(sizes: Sequence[int]) -> str:
    return " × ".join(map(thousands, sizes))


def _fitting(words: str, room: float, size: float) -> str:
    """Return words as they are, else the end of them, which tells layers of a block apart."""
    if text_width(words, size) <= room:
        return words
    kept = words
    while kept and text_width(_LEFT_OUT + kept, size) > room:
        kept = kept[1:]
    return _LEFT_OUT + kept
