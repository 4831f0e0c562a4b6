"""The registry of output formats: a name, the file that writes it, and how to call it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from conv2d_cli.render.values import mapping_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NamedTuple

    from conv2d_cli.render.screen import Screen
    from conv2d_cli.report.explain import ExplainReport, ReconcileReport
    from conv2d_cli.report.roofline import OnMachine
    from conv2d_cli.report.shape import ShapeReport
    from conv2d_cli.report.stack import StackReport

_WRITERS = {
    "table": "as_table",
    "plain": "as_plain",
    "json": "as_json",
    "ndjson": "as_ndjson",
    "csv": "as_csv",
    "tsv": "as_tsv",
    "markdown": "as_markdown",
}
FORMATS = tuple(_WRITERS)
_GRAPH_WRITERS = {"dot": "as_dot", "mermaid": "as_mermaid"}
# Of networks alone.
GRAPH_FORMATS = tuple(_GRAPH_WRITERS)
# Where a text is more than its keys.
_EXPLANATION_WRITERS = {"plain": "explanation_plain", "markdown": "explanation_markdown"}
# A record a line, where there are several.
ROW_FORMATS = frozenset({"ndjson", "csv", "tsv"})
# Those in which a name stands as it is, unless a terminal shows it.
_EXACT = frozenset({"csv", "tsv"})


def render(
    format_name: str,
    report: NamedTuple | Mapping[str, Any],
    screen: Screen,
    *,
    verbose: bool = False,
    shape: ShapeReport | None = None,
    remarks: Sequence[str] = (),
    convention: str = "macs",
    least_time: OnMachine | None = None,
) -> str:
    """Return one report as text that ends with a newline; a least time stands behind the facts.

    `verbose` says more in tables and markdown alone. `shape` is the layer on its input, shown above the figures of a
    run; `remarks` are dim lines below them; `convention` is what a network's work is counted in: all are for tables.
    """
    writer = _writer(format_name)
    more: Mapping[str, Any] = {} if least_time is None else least_time.report._asdict()
    text: str
    if format_name == "table":
        text = writer.render(
            *(report, screen),
            verbose=verbose,
            shape=shape,
            remarks=remarks,
            convention=convention,
            least_time=least_time,
        )
    elif format_name == "markdown":
        text = writer.render(report, more, verbose=verbose)
    else:
        record = {**mapping_of(report), **more}
        text = writer.render(record, exact=screen.exact) if format_name in _EXACT else writer.render(record)
    return text


def render_rows(format_name: str, reports: Sequence[NamedTuple | Mapping[str, Any]], screen: Screen) -> str:
    """Return reports or records of the same keys, one at least, as text that ends with a newline."""
    writer = _writer(format_name)
    text: str
    if format_name == "table":
        text = writer.render_rows(reports, screen)
    elif format_name in _EXACT:
        text = writer.render_rows(reports, exact=screen.exact)
    else:
        text = writer.render_rows(reports)
    return text


def render_graph(format_name: str, report: StackReport) -> str:
    """Return the graph of a network in the language of a program that draws it."""
    text: str = import_module(f"conv2d_cli.render.{_GRAPH_WRITERS[format_name]}").render(report)
    return text


def render_explanation(format_name: str, report: ExplainReport | ReconcileReport) -> str:
    """Return a layer explained, or a figure found, as plain lines or in Markdown."""
    text: str = import_module(f"conv2d_cli.render.{_EXPLANATION_WRITERS[format_name]}").render(report)
    return text


def _writer(format_name: str) -> Any:  # noqa: ANN401 - a module
    return import_module(f"conv2d_cli.render.{_WRITERS[format_name]}")
