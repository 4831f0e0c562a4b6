"""A layer explained in Markdown: headings, formulas in fences, counters in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.as_markdown import render_rows
from conv2d_cli.render.ascii import ascii_text
from conv2d_cli.render.drawing.channels import connections
from conv2d_cli.render.explained import no_figures, parts, sections
from conv2d_cli.render.layer_text import times
from conv2d_cli.report.explain import EQUIVALENT, ExplainReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from conv2d_cli.report.explain import ReconcileReport, StepRow
    from conv2d_cli.report.stack import ToolCount


def render(report: ExplainReport | ReconcileReport) -> str:
    """Return the document, in ASCII: it is written where nobody asks what a stream can hold."""
    body = _explained(report) if isinstance(report, ExplainReport) else _reconciled(report)
    return ascii_text("\n".join([*_heading(report), *body]))


def _heading(report: ExplainReport | ReconcileReport) -> Iterator[str]:
    yield f"# `{report.layer}`\n"
    if report.input_shape is not None and report.output_shape is not None:
        yield f"{times(report.input_shape)} → {times(report.output_shape)}\n"


def _explained(report: ExplainReport) -> Iterator[str]:
    for section in sections(report):
        yield f"## {section.title}\n"
        if section.steps:
            yield _fence(line for step in section.steps for line in _lines_of(step))
        if section.draws_channels:
            drawing = connections(report.in_channels, report.out_channels, report.groups)
            yield _fence("".join(span.text for span in line) for line in drawing)
        if section.title == EQUIVALENT and report.equivalent_layer is not None:
            yield _fence([report.equivalent_layer])
        yield from (f"{_escaped(note)}\n" for note in section.notes)
    yield from _counters("Other counters", report.tools)
    if report.code is not None:
        yield "## Code\n"
        yield _fence(report.code.splitlines(), "c" if report.code.startswith("/*") else "python")


def _lines_of(step: StepRow) -> Iterator[str]:
    first, *others = parts(step)
    yield f"{step.name} = {first}"
    yield from (f"{' ' * len(step.name)} = {line}" for line in others)


def _fence(lines: Iterable[str], language: str = "text") -> str:
    return "\n".join([f"```{language}", *lines, "```\n"])


def _escaped(text: str) -> str:
    """Return a sentence whose signs of arithmetic are no marks."""
    return text.replace("*", "\\*").replace("_", "\\_")


def _counters(title: str, tools: Sequence[ToolCount]) -> Iterator[str]:
    yield f"## {title}\n"
    rows = [
        {"tool": one.tool, "name": one.name, "value": one.value, "formula": one.reason or one.formula} for one in tools
    ]
    yield render_rows(rows)


def _reconciled(report: ReconcileReport) -> Iterator[str]:
    title = f"{report.figure} is printed by"
    if report.matches:
        yield from _counters(title, report.matches)
    else:
        yield f"## {title} none\n"
        if report.nearest is not None:
            yield from _counters("The nearest", [report.nearest])
        yield from (f"{text}\n" for text in no_figures(report.tools))
    if report.relations:
        yield "## It may be\n"
        yield from (f"- {_escaped(text)}" for text in report.relations)
        yield ""
