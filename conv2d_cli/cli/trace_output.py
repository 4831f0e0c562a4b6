"""What `conv2d trace` is asked for beside a run's words, and what it shows: totals and terms in every format."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from conv2d_cli.cli.output import screen_of
from conv2d_cli.cli.run_request import how_drawn
from conv2d_cli.errors import UsageError
from conv2d_cli.layer.text import integers_of
from conv2d_cli.render.formats import ROW_FORMATS, render, render_rows
from conv2d_cli.report.analysis import analyze
from conv2d_cli.report.record import record_of
from conv2d_cli.report.trace import TOTALS, trace_record
from conv2d_cli.tensors.matching import is_many

if TYPE_CHECKING:
    from conv2d_cli.cli.output import Output
    from conv2d_cli.jobs.run.request import Request
    from conv2d_cli.jobs.trace.file import Traced

_FIRST = "0,0,0,0"


def index_of(input_: str, text: str | None) -> tuple[int, ...]:
    """Return the place of the output element that is asked for, in one file.

    Raises:
        UsageError: it is missing, or no place.
    """
    if is_many(input_):
        raise UsageError(f"{input_}: one element of one file is traced", "give a file")
    if text is None:
        raise UsageError("--at is missing: the output element N,C,H,W, counted from 0", f"--at {_FIRST}")
    found = integers_of(text)
    if not isinstance(found, tuple):
        raise UsageError(f"--at {text}: no place of the form N,C,H,W", f"--at {_FIRST}")
    return found


def show(traced: Traced, request: Request, output: Output, *, whole: bool) -> None:
    """Write an element to stdout and notes to stderr; a table of many terms leaves out the middle unless `whole`."""
    report = traced.report
    notes = [*([how_drawn(request)] if traced.is_drawn else []), *traced.remarks]
    if not output.is_table:
        for note in notes:
            output.note(note)
    if output.keys:
        output.show(report)
    elif output.format in ROW_FORMATS:
        output.show_rows([record_of(term) for term in report.terms])
    elif output.format == "json":
        output.text(render("json", trace_record(report), screen_of(sys.stdout, output.color)))
    elif output.is_table:
        screen = screen_of(sys.stdout, output.color, is_table=True)
        shape = analyze(traced.layer, traced.input_shape)._replace(dtype=report.dtype)
        verbose = whole or output.verbose
        output.text(render("table", report, screen, verbose=verbose, shape=shape, remarks=notes))
    else:
        screen = screen_of(sys.stdout, output.color)
        terms = [record_of(term) for term in report.terms]
        rows = render_rows("markdown", terms, screen) + "\n" if output.format == "markdown" else ""
        output.text(rows + render(output.format, {key: getattr(report, key) for key in TOTALS}, screen))
