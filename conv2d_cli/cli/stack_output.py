"""What `conv2d stack` shows: totals and layers in every format, one layer, what changed, and what does not hold."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from conv2d_cli.cli.output import say, screen_of
from conv2d_cli.cli.stack_request import no_such_layer
from conv2d_cli.errors import UsageError
from conv2d_cli.render.formats import GRAPH_FORMATS, ROW_FORMATS, render, render_graph, render_rows
from conv2d_cli.report.network_parts import group_of, grouped, only
from conv2d_cli.report.quantities import quantities_of
from conv2d_cli.report.record import SCHEMA_VERSION, record_of
from conv2d_cli.report.roofline import RooflineReport
from conv2d_cli.report.stack import SUMS, TOTALS, records_of_nodes, stack_record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conv2d_cli.cli.output import Output
    from conv2d_cli.cli.stack_request import Request
    from conv2d_cli.report.network_analysis import Analysis
    from conv2d_cli.report.roofline import Machine, OnMachine
    from conv2d_cli.report.stack import NodeReport, StackReport

# Of these an empty line says that there is none, whatever the size.
_MAY_BE_NONE = frozenset({"largest_batch", "kernel_size", "inputs"})
# What a table tells of changes without -v; the other figures follow from these.
_ON_SCREEN = frozenset(
    {
        *("layers", "input_shape", "output_shape", "parameters", "macs", "activation_bytes", "peak_activation_bytes"),
        *("receptive_field", "min_input", "type", "kernel_size"),
    }
)


def show(analysis: Analysis, request: Request, output: Output, machine: Machine | None = None) -> int:
    """Write the facts of a network to stdout, notes and what does not hold to stderr; return the exit code.

    Where a page is written, stdout has what is asked for by a format or key, and nothing else.
    """
    from conv2d_cli.cli.assertions import failures
    from conv2d_cli.cli.stack_page import write_page

    report = analysis.report
    nodes = report.nodes if request.depth is None else grouped(report.nodes, request.depth)
    if request.only:
        if output.format in GRAPH_FORMATS:
            raise UsageError(f"--only and --format {output.format} exclude each other", "leave --only out")
        nodes = only(nodes, request.only)
    times = None if machine is None else _on_machine(analysis, request, machine)
    node = None if request.options.node is None else _node(nodes, request.options.node)
    if node is None:
        facts, unknown = _totals(report, times), report.unknown
    else:
        [facts] = records_of_nodes(report._replace(nodes=(node,)), times)
        unknown = _unknown_in(node.name, report, request.depth)
    at_least = (*SUMS, *RooflineReport._fields) if unknown else ()
    has_size = report.input_shape is not None or report.output_shape is not None
    failed = failures(request.assertions, quantities_of(facts), at_least, has_size=has_size)
    report = report._replace(nodes=nodes)
    write_page(analysis, request.options, request.dtype, output)
    _tell(analysis, output)
    is_shown = request.options.html is None or output.asked_for
    if is_shown and node is not None:
        output.show(facts, needs_size=_unknown(report, facts))
    elif is_shown:
        _show_network(report, analysis.notes, request.convention, output, times)
    for line in failed:
        say("error", line, output.color)
    return 1 if failed else 0


def _totals(report: StackReport, times: OnMachine | None) -> dict[str, Any]:
    return {key: getattr(report, key) for key in TOTALS} | ({} if times is None else times.report._asdict())


def _unknown_in(name: str, report: StackReport, depth: int | None) -> tuple[str, ...]:
    """Return the layers of a group of which it is not known what they do; a layer alone has null for what is not."""
    return () if depth is None else tuple(layer for layer in report.unknown if group_of(layer, depth) == name)


def _on_machine(analysis: Analysis, request: Request, machine: Machine) -> OnMachine:
    from conv2d_cli.report.network_roofline import network_on_machine

    nodes = analysis.report.nodes
    return network_on_machine(analysis.passed, nodes, machine(request.dtype), request.dtype, request.depth)


def _show_network(
    report: StackReport, notes: Sequence[str], convention: str, output: Output, times: OnMachine | None
) -> None:
    totals = _totals(report, times)
    if output.keys:
        output.show(totals, needs_size=_unknown(report, totals))
    elif output.format in GRAPH_FORMATS:
        output.text(render_graph(output.format, report))
    elif output.format in ROW_FORMATS:
        output.show_rows(records_of_nodes(report, times))
    elif output.format == "json":
        output.text(render("json", stack_record(report, times), screen_of(sys.stdout, output.color)))
    elif output.format == "table":
        screen = screen_of(sys.stdout, output.color, is_table=True)
        of_table: dict[str, Any] = {"verbose": output.verbose, "remarks": notes, "convention": convention}
        output.text(render("table", report, screen, **of_table, least_time=times))
    else:
        screen = screen_of(sys.stdout, output.color)
        rows = render_rows("markdown", records_of_nodes(report, times), screen) + "\n"
        output.text((rows if output.format == "markdown" else "") + render(output.format, totals, screen))


def _tell(analysis: Analysis, output: Output) -> None:
    """Write notes to stderr, unless a table shows them."""
    if output.is_table:
        return
    for note in analysis.notes:
        output.note(note)
    report = analysis.report
    if report.unknown:
        layers = "a layer does" if len(report.unknown) == 1 else f"{len(report.unknown)} layers do"
        output.note(f"totals are at least: it is not known what {layers} (--get unknown)")
    elif report.output_shape is None and report.macs is None:
        output.note("-i SIZE adds shapes, multiply-adds and memory")


def _node(nodes: Sequence[NodeReport], name: str) -> NodeReport:
    found = next((node for node in nodes if node.name == name), None)
    if found is None:
        raise no_such_layer(name, [node.name for node in nodes])
    return found


def _unknown(report: StackReport, facts: Mapping[str, Any]) -> set[str]:
    """Return the keys whose values are missing for want of a size."""
    if report.input_shape is not None or report.output_shape is not None:
        return set()
    # Without a size no counter has a figure.
    return {key for key, value in facts.items() if value is None or key == "tools"} - _MAY_BE_NONE


def show_changes(analyses: Sequence[Analysis], depth: int | None, output: Output) -> None:
    """Write what changed between two networks, their layers summed up to a depth."""
    from conv2d_cli.report.network_changes import changes

    reports = [analysis.report for analysis in analyses]
    if depth is not None:
        reports = [report._replace(nodes=grouped(report.nodes, depth)) for report in reports]
    before, after = reports
    for analysis in analyses:
        _tell(analysis, output)
    rows = changes(before, after)
    if output.format == "json" and not output.keys:
        names = {"before": before.name, "after": after.name}
        record = {"schema_version": SCHEMA_VERSION, **names, "changes": [row._asdict() for row in rows]}
        output.text(render("json", record, screen_of(sys.stdout, output.color)))
    elif not rows:
        output.note("nothing differs")
    elif output.is_table:
        output.show_rows([row for row in rows if output.verbose or row.key in _ON_SCREEN] or rows)
    else:
        output.show_rows([record_of(row) for row in rows])
