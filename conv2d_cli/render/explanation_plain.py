"""A layer explained for `grep` and `awk`: a key and its value a line, the result at the end of each formula."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.drawing.channels import connections
from conv2d_cli.render.explained import EQUALS, no_figures, parts, sections
from conv2d_cli.render.values import bare
from conv2d_cli.report.explain import ExplainReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conv2d_cli.report.explain import ReconcileReport
    from conv2d_cli.report.stack import ToolCount

_GAP, _NOTHING = "  ", "-"
_FACTS = ("layer", "input_shape", "output_shape", "equivalent_padding", "equivalent_layer")
_ARROW = "->"


def render(report: ExplainReport | ReconcileReport) -> str:
    """Return a line for each fact, step, sentence and counter; behind a blank line the program, as it is."""
    if not isinstance(report, ExplainReport):
        return _lines(_reconciled(report))
    return _lines(_explained(report)) + ("" if report.code is None else f"\n{report.code}")


def _lines(pairs: Iterable[tuple[str, str]]) -> str:
    listed = [*pairs]
    width = max(len(key) for key, _ in listed)
    return "".join(f"{key:<{width}}{_GAP}{value or _NOTHING}\n" for key, value in listed)


def _explained(report: ExplainReport) -> Iterator[tuple[str, str]]:
    facts = report._asdict()
    yield from ((key, bare(facts[key])) for key in _FACTS)
    for section in sections(report):
        for step in section.steps:
            yield step.name, EQUALS.join(parts(step))
        if section.draws_channels:
            for line in connections(report.in_channels, report.out_channels, report.groups, _ARROW):
                yield "channels", " ".join("".join(span.text for span in line).replace("…", "...").split())
        yield from (("note", note) for note in section.notes)
    yield from map(_counter, report.tools)


def _counter(one: ToolCount) -> tuple[str, str]:
    why = one.formula if one.reason is None else one.reason
    return one.tool, f'{bare(one.value) or _NOTHING}  "{one.name}": {why}'


def _reconciled(report: ReconcileReport) -> Iterator[tuple[str, str]]:
    facts = report._asdict()
    yield from ((key, bare(facts[key])) for key in ("layer", "input_shape", "output_shape", "figure"))
    if report.matches:
        yield from (("matches", f'{one.tool} "{one.name}": {one.formula}') for one in report.matches)
    else:
        yield "matches", "none"
        if report.nearest is not None:
            yield "nearest", f'{report.nearest} "{report.nearest.name}": {report.nearest.formula}'
            yield "difference", bare(report.difference)
        yield from (("note", text) for text in no_figures(report.tools))
    yield from (("relations", text) for text in report.relations)
