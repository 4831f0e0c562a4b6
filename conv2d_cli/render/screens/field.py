"""`conv2d draw --receptive-field`: what an element sees, a line for each layer, under one another as a pyramid."""

# ruff: noqa: RUF001 - the sign of sizes is meant

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import BLANK, DIM, HEADING, MAIN, Column, Figure, Figures, Grid, Paragraph, Section, Span
from conv2d_cli.render.drawing.field_layers import Step, shown_layers
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.layer_text import times
from conv2d_cli.render.screens.shared import longest, remarks
from conv2d_cli.render.units import thousands

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.draw_field import FieldReport, FieldRow

# Lines where not all layers are wanted.
_MOST_LINES = 16
_WIDEST_BAR, _NARROWEST_BAR = 48, 12
_SEEN, _IN_PADDING, _PLANE = "█", "▒", "░"
_NOT_KNOWN, _NOTHING = "?", "-"
_MORE = ("-v has every layer; -o field.svg draws it; --json and --format csv are for scripts", "-v: every layer", "-v")
_LEGEND = (
    f"{_SEEN} columns seen   {_IN_PADDING} seen in padding   {_PLANE} the rest of the plane",
    f"{_SEEN} seen  {_IN_PADDING} in padding  {_PLANE} plane",
)
_BETWEEN = 2
# The name, what is seen, and where there is room the plane, stand beside a bar.
_LEAST_BESIDE, _BESIDE = 2, 3


def blocks(report: FieldReport, view: View) -> Iterator[Block]:
    """Return the screen of a receptive field."""
    steps = [Step(row, 0) for row in report.nodes] if view.verbose else shown_layers(report, _MOST_LINES)
    at = "" if report.at is None else f" at {report.at[0]},{report.at[1]}"
    yield Paragraph(f"{printable(report.name)}: {printable(report.node)}{at}", HEADING)
    yield BLANK
    columns = [*_columns(steps)]
    bars = [*_bars([step.row for step in steps], _room(columns, view.width))]
    if any(bars):
        columns.insert(2, Column("columns seen", tuple(Span(bar) for bar in bars), rank=1))
    yield Grid(tuple(columns), names_above=True)
    yield BLANK
    yield Figures((Section("", tuple(_figures(report))),))
    if any(bars):
        yield BLANK
        yield Paragraph(longest(_LEGEND, view.width), DIM)
    left_out = sum(step.left_out for step in steps)
    more = [f"{left_out} layers are left out, marked …"] if left_out else []
    yield from remarks([*more, *view.remarks])
    if not view.in_python:
        yield BLANK
        yield Paragraph(longest(_MORE, view.width), DIM)


def _room(columns: Sequence[Column], width: int) -> int:
    """Return how wide a bar may be; 0 where it would be too narrow to say anything."""
    widths = [max(map(len, (column.title, *(cell.text for cell in column.cells)))) + _BETWEEN for column in columns]
    rooms = [width - sum(widths[:beside]) for beside in (_BESIDE, _LEAST_BESIDE)]
    return next((min(_WIDEST_BAR, room) for room in rooms if room >= _NARROWEST_BAR), 0)


def _columns(steps: Sequence[Step]) -> Iterator[Column]:
    """Return what is told of each layer; what does not fit goes in the order of the ranks, the highest first."""
    rows = [step.row for step in steps]
    marks = ["… " if step.left_out else "" for step in steps]
    last = len(rows) - 1
    names = (
        Span(mark + printable(row.name), MAIN if n in {0, last} else "")
        for n, (mark, row) in enumerate(zip(marks, rows, strict=True))
    )
    yield Column("name", tuple(names))
    yield Column("seen", tuple(Span(_seen(row)) for row in rows))
    yield Column("plane", tuple(Span("" if row.plane is None else times(row.plane), DIM) for row in rows), rank=2)
    yield Column("rows", tuple(Span(_ends(row.rows)) for row in rows), rank=3)
    yield Column("columns", tuple(Span(_ends(row.columns)) for row in rows), rank=4)
    yield Column("type", tuple(Span(printable(row.type), DIM) for row in rows), rank=5)


def _seen(row: FieldRow) -> str:
    if row.plane is None:
        return "all"
    if row.rows is None or row.columns is None:
        return _NOT_KNOWN
    if not row.rows or not row.columns:
        return _NOTHING
    return times([last - first + 1 for first, last in (row.rows, row.columns)])


def _ends(ends: tuple[int, ...] | None) -> str:
    if ends is None:
        return _NOT_KNOWN
    return f"{ends[0]}..{ends[1]}" if ends else _NOTHING


def _bars(rows: Sequence[FieldRow], room: int) -> Iterator[str]:
    """Yield the columns of each plane as a bar: all planes are of the same image, and lie under one another."""
    parts = [_parts(row) if room else None for row in rows]
    known = [part for some in parts if some is not None for part in some]
    first = min((part[0] for part in known), default=Fraction(0))
    last = max((part[1] for part in known), default=Fraction(1))
    scale = Fraction(room) / (last - first)
    yield from ("" if some is None else _bar(some, first, scale, room) for some in parts)


def _bar(parts: Sequence[tuple[Fraction, Fraction]], first: Fraction, scale: Fraction, room: int) -> str:
    """Return a bar of a plane and what is seen of it, each a cell long at least."""
    cells = [" "] * room
    places = [_cells(low - first, high - first, scale, room) for low, high in parts]
    for place, sign in zip(places, (_PLANE, _IN_PADDING, _SEEN), strict=False):
        cells[place.start : place.stop] = sign * len(place)
    if len(parts) > len(("plane", "padding")):
        # Less than a cell of padding is shown too, where another is left for what is seen.
        (low, high), padded, seen = parts[1], places[1], places[2]
        ends = [padded[0]] * (low < 0) + [padded[-1]] * (high > 1)
        for end in ends if len(seen) > len(ends) else []:
            cells[end] = _IN_PADDING
    return "".join(cells).rstrip()


def _cells(low: Fraction, high: Fraction, scale: Fraction, room: int) -> range:
    start = min(floor(low * scale), room - 1)
    return range(start, max(start + 1, min(room, ceil(high * scale))))


def _parts(row: FieldRow) -> list[tuple[Fraction, Fraction]] | None:
    """Return the plane, what is seen with padding, and what is seen of it, in parts of the width of the image."""
    if row.plane is None or not row.plane[1]:
        return None
    width = row.plane[1]
    seen = [ends for ends in (row.padded_columns, row.columns) if ends]
    return [(Fraction(0), Fraction(1)), *((Fraction(ends[0], width), Fraction(ends[1] + 1, width)) for ends in seen)]


def _figures(report: FieldReport) -> Iterator[Figure]:
    """Yield what is seen of the input."""
    for key in ("rows", "columns", "padded_rows", "padded_columns"):
        ends = getattr(report, key)
        padded = getattr(report, f"padded_{key}", None)
        if key.startswith("padded") and ends == getattr(report, key.removeprefix("padded_")):
            continue
        said = "" if padded is None or not ends else "of the input"
        yield Figure(key, _NOT_KNOWN if ends is None else " to ".join(map(thousands, ends)) or _NOTHING, "", said)
    for key in ("receptive_field", "effective_stride"):
        value = getattr(report, key)
        if value is not None:
            yield Figure(key, " × ".join(map(str, value)))
