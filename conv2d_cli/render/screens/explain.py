"""`conv2d explain`: each formula with the numbers put in from line to line, sentences, and other counters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import BLANK, DIM, HEADING, KEY, RESULT, Lines, Paragraph, Span, width_of
from conv2d_cli.render.drawing.channels import connections
from conv2d_cli.render.explained import for_people, sections, signs
from conv2d_cli.render.screens import counters
from conv2d_cli.render.screens.shared import arrow_between, headline, longest
from conv2d_cli.report.explain import EQUIVALENT, UNUSED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.render.blocks import Block, Line
    from conv2d_cli.render.explained import Section
    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.explain import ExplainReport, ReconcileReport, StepRow

_BATCHED = 4
_INDENT = 2
_NO_SIZE = (
    "-i SIZE puts the size of the input in, and adds what other counters print",
    "-i SIZE: numbers for H and W",
    "-i SIZE: more",
)
_MORE = ("--reconcile FIGURE: who prints it; --json is for scripts", "--reconcile FIGURE: who prints it", "--json")


def blocks(report: ExplainReport, view: View) -> Iterator[Block]:
    """Return the screen of a layer explained."""
    yield from heading(report, view)
    for section in sections(report):
        blocks_of_section = [*_section(section, report, view)]
        if blocks_of_section:
            yield BLANK
            yield Paragraph(section.title, HEADING)
            yield from blocks_of_section
    if report.input_shape is not None:
        yield BLANK
        yield Paragraph("Other counters", HEADING)
        yield from counters.blocks(report.tools, view.width)
    if report.code is not None:
        yield BLANK
        yield Paragraph("Code", HEADING)
        # Lines of code are not laid out again.
        yield Lines(tuple((Span(line),) for line in report.code.splitlines()))
    if not view.in_python:
        yield BLANK
        yield Paragraph(longest(_MORE if report.input_shape is not None else _NO_SIZE, view.width), DIM)


def heading(report: ExplainReport | ReconcileReport, view: View) -> Iterator[Block]:
    """Return the layer, and the arrow from input to output where they are known."""
    yield Paragraph(report.layer, HEADING) if view.shape is None else headline(view.shape, view.width)
    if report.input_shape is not None and report.output_shape is not None:
        yield BLANK
        legend = "N × C × H × W" if len(report.input_shape) == _BATCHED else "C × H × W"  # noqa: RUF001 - signs
        yield from arrow_between(report.input_shape, report.output_shape, legend, "", view.width)


def _section(section: Section, report: ExplainReport, view: View) -> Iterator[Block]:
    width = view.width
    for step in section.steps:
        # That nothing is lost need not be derived.
        if view.verbose or step.title != UNUSED or step.result != 0:
            yield from _step(step, width)
    if section.draws_channels:
        lines = connections(report.in_channels, report.out_channels, report.groups)
        yield Lines(tuple(_indented(line, width) for line in lines))
    if section.title == EQUIVALENT and report.equivalent_layer is not None:
        yield Paragraph(f"  {report.equivalent_layer}", indent=2 * _INDENT)
    for note in section.notes:
        yield Paragraph(f"  {signs(note)}", DIM, _INDENT)


def _indented(line: Line, width: int) -> Line:
    return (Span(" " * _INDENT), *line) if width_of(line) + _INDENT <= width else line


def _step(step: StepRow, width: int) -> Iterator[Block]:
    """Return a step on one line where it fits, or all behind its formula on one, else a line for each of its parts."""
    first, *others = for_people(step)
    line = _line(step, first, others)
    if width_of(line) <= width:
        yield Lines((line,))
        return
    yield from _fitting((Span(" " * _INDENT), Span(step.name, KEY), Span(f" {first}", DIM)), width)
    offset = _INDENT + len(step.name)
    behind = _behind(step, others)
    if offset + width_of(behind) <= width:
        yield Lines(((Span(" " * offset), *behind),))
        return
    if any(offset + len(f" {part}") > width for part in others):
        offset = _INDENT
    for place, part in enumerate(others, 1):
        is_result = place == len(others) and step.result is not None
        yield from _fitting((Span(" " * offset), *_signed(part, RESULT if is_result else "")), width)


def _line(step: StepRow, first: str, others: Sequence[str]) -> Line:
    return (Span(" " * _INDENT), Span(step.name, KEY), Span(f" {first}", DIM), *_behind(step, others))


def _behind(step: StepRow, others: Sequence[str]) -> Line:
    """Return what stands behind the formula."""
    if not others:
        return ()
    between = "".join(f" {part}" for part in others[:-1])
    return (Span(between), *_signed(others[-1], "" if step.result is None else RESULT))


def _signed(part: str, style: str) -> Line:
    """Return a part whose style begins behind its sign."""
    sign, _, value = part.partition(" ")
    return (Span(f" {sign} "), Span(value, style))


def _fitting(line: Line, width: int) -> Iterator[Block]:
    """Return a line in its colours where it fits, else its words wrapped."""
    if width_of(line) <= width:
        yield Lines((line,))
    else:
        text = "".join(span.text for span in line)
        yield Paragraph(text, line[-1].style, indent=2 * _INDENT)
