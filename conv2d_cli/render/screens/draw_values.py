"""`conv2d draw --values` in a terminal: the picture of a layer, and the numbers of one output element."""

# ruff: noqa: RUF001 - the signs of arithmetic are meant

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import BLANK, DIM, Figures, Grid, Lines, Paragraph, Section, Span
from conv2d_cli.render.drawing.terminal_numbers import Matrix, matrix_lines
from conv2d_cli.render.drawing.values_text import SHORTENED, cell_text, is_shortened
from conv2d_cli.render.screens import trace as trace_screen
from conv2d_cli.render.screens.draw import planes, window_line
from conv2d_cli.render.screens.shared import arrow, headline, longest, remarks
from conv2d_cli.render.units import thousands

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.render.blocks import Block, Line
    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.draw_values import ChannelRow, DrawValuesReport

_INDENT = 2
_MOST_CHANNELS = 3
# Characters of a number: all that it needs, or what a narrower terminal has room for.
_DIGITS = (40, 12, 9)
_FILES = ("-o FILE.svg draws it as a file", "-o FILE.svg: a file")


def blocks(report: DrawValuesReport, view: View) -> Iterator[Block]:
    """Return the screen of an output element."""
    yield headline(report.draw.shape, view.width)
    yield BLANK
    yield from arrow(report.draw.shape, view.width)
    yield BLANK
    yield from planes(report.draw, view.width)
    yield from window_line(report.draw, view.width)
    yield BLANK
    yield from _channels(report, view)
    yield Figures((Section("", tuple(trace_screen.figures(report.trace))),))
    if not view.in_python:
        yield BLANK
        yield Paragraph(longest(_FILES, view.width), DIM)
    yield from remarks(view.remarks)


def _channels(report: DrawValuesReport, view: View) -> Iterator[Block]:
    """Return the numbers of each channel; a table of terms where they have no room as matrices."""
    channels = [*report.channels]
    shown = channels if view.verbose else channels[:_MOST_CHANNELS]
    room = view.width - _INDENT
    drawn = next(filter(None, (_all_drawn(report, shown, digits, room) for digits in _DIGITS)), None)
    if drawn is None:
        yield Grid(tuple(trace_screen.columns(report.trace, report.draw.rows.padding_mode, whole=view.verbose)))
        yield BLANK
        return
    for lines in drawn:
        yield Lines(tuple((Span(" " * _INDENT), *line) for line in lines))
        yield BLANK
    if len(shown) < len(channels):
        yield Paragraph(f"… {thousands(len(channels) - len(shown))} more channels: -v shows them", DIM)
        yield BLANK
    yield from _notes(report, drawn)


def _all_drawn(
    report: DrawValuesReport, channels: Sequence[ChannelRow], digits: int, room: int
) -> list[tuple[Line, ...]] | None:
    """Return the lines of channels with numbers of `digits` digits; None where these have no room."""
    drawn = [matrix_lines(_matrices(report, channel, digits), room) for channel in channels]
    return None if None in drawn else [lines for lines in drawn if lines is not None]


def _matrices(report: DrawValuesReport, channel: ChannelRow, digits: int) -> tuple[Matrix, ...]:
    trace, terms = report.trace, channel.terms
    first = channel.channel - trace.terms[0].channel
    parts = (
        ("", f"input, channel {channel.channel}", [[(term.value, term.padded) for term in line] for line in terms]),
        ("×", f"weight[{trace.index[-3]}][{first}]", [[(term.weight, False) for term in line] for line in terms]),
        ("=", "products", [[(term.product, term.padded) for term in line] for line in terms]),
    )
    return tuple(
        Matrix(
            sign,
            title,
            tuple(
                tuple(
                    (cell_text(value, trace.working_dtype if sign == "=" else trace.dtype, digits), padded)
                    for value, padded in line
                )
                for line in numbers
            ),
            tuple(line[0].row for line in terms) if not sign else (),
            tuple(term.column for term in terms[0]) if not sign else (),
        )
        for sign, title, numbers in parts
    )


def _notes(report: DrawValuesReport, drawn: Sequence[Sequence[Line]]) -> Iterator[Block]:
    words = []
    if any(term.padded for term in report.trace.terms):
        words.append(f"( ) padding, {report.draw.rows.padding_mode}")
    text = " ".join(span.text for lines in drawn for line in lines for span in line)
    if is_shortened(word.strip("()[]") for word in text.split()):
        words.append(f"{SHORTENED} fewer digits than the number has: conv2d trace has them all")
    for line in words:
        yield Paragraph(f"  {line}", DIM)
    if words:
        yield BLANK
