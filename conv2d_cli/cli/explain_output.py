"""What `conv2d explain` shows: steps, sentences and counters in every format, and which counters print a figure."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from conv2d_cli.cli.output import screen_of
from conv2d_cli.render.formats import ROW_FORMATS, render, render_explanation
from conv2d_cli.report.explain import explain_record, reconcile_record
from conv2d_cli.report.record import record_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conv2d_cli.cli.output import Output
    from conv2d_cli.report.explain import ExplainReport, ReconcileReport
    from conv2d_cli.report.shape import ShapeReport


def show(report: ExplainReport, shape: ShapeReport, output: Output) -> int:
    """Write a layer explained to stdout, `shape` in the headline of a screen; return the exit code."""
    needs_size = () if report.input_shape is not None else _without_size(report)
    if report.code is not None and output.format in ROW_FORMATS and not output.keys:
        output.note(f"--format {output.format} has a row for each step: the program is left out, and --get code has it")
    if output.keys:
        output.show(report, needs_size=needs_size)
        return 0
    if needs_size and not output.is_table:
        output.note("-i SIZE puts the size of the input into the formulas, and adds what other counters print")
    _show(report, shape, explain_record(report), [record_of(step) for step in report.steps], output)
    return 0


def show_reconciled(report: ReconcileReport, shape: ShapeReport, output: Output) -> int:
    """Write which counters print a figure to stdout; return 1 where none does."""
    if output.keys:
        output.show(report)
    else:
        rows = [record_of(one) | {"matches": one in report.matches} for one in report.tools]
        _show(report, shape, reconcile_record(report), rows, output)
    return 0 if report.matches else 1


def _show(
    report: ExplainReport | ReconcileReport,
    shape: ShapeReport,
    record: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    output: Output,
) -> None:
    screen = screen_of(sys.stdout, output.color, is_table=output.is_table)
    if output.format in ROW_FORMATS:
        output.show_rows(rows)
    elif output.format == "json":
        output.text(render("json", record, screen))
    elif output.is_table:
        output.text(render("table", report, screen, verbose=output.verbose, shape=shape))
    else:
        output.text(render_explanation(output.format, report))


def _without_size(report: ExplainReport) -> set[str]:
    """Return the keys that nothing is known of for want of a size."""
    return {key for key, value in report._asdict().items() if value is None and key != "code"} | {"tools"}
