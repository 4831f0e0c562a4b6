"""`conv2d run` on many files: what would be done for each, or what was done with all."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from conv2d_cli.cli.machine import machine, share_one_heap
from conv2d_cli.cli.output import say
from conv2d_cli.cli.run_request import how_drawn
from conv2d_cli.jobs.run.many_files import plan_many, run_many
from conv2d_cli.jobs.run.pipeline import Listener
from conv2d_cli.report.record import record_of
from conv2d_cli.report.run import PlanReport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.cli.output import Output
    from conv2d_cli.cli.run_options import RunOptions
    from conv2d_cli.errors import Conv2dError
    from conv2d_cli.jobs.run.request import Request
    from conv2d_cli.report.run import ManyReport


def plan_files(request: Request, output: Output, _: RunOptions) -> int:
    """Show the plan of each of many files, and tell of those that have none."""
    code, rows = 0, list[dict[str, Any]]()
    for path, planned in plan_many(request, machine()):
        if isinstance(planned, PlanReport):
            record = record_of(planned)
            if not output.keys and output.format in {"table", "plain", "markdown"}:
                # Their many words have no place in a table.
                del record["reason"], record["costs"]
            rows.append({"file": str(path)} | record)
        else:
            _tell(planned, output)
            code = max(code, planned.exit_code)
    if rows:
        output.show_rows(rows)
    return code


def run_files(request: Request, output: Output, options: RunOptions) -> int:
    """Convolve many files; tell of each that fails, and at the end of their number."""
    share_one_heap()
    with listening(output, options) as tell:
        report, code = run_many(request, machine(), resume=options.resume, tell=tell)
    show_many(report, request, output)
    return code


@contextmanager
def listening(output: Output, options: RunOptions) -> Iterator[Listener]:
    """Return a context with a progress line, and whom a job of many files tells what."""
    with output.progress_line(shown=not options.no_progress) as progress:
        yield Listener(
            failed=lambda _, error: _tell(error, output),
            advance=progress.advance,
            total=progress.begin,
            remark=output.note,
        )


def show_many(report: ManyReport, request: Request, output: Output) -> None:
    """Say what was done with many files."""
    if request.weight is None:
        output.note(how_drawn(request))
    if output.asked_for:
        output.show(report)
    else:
        kept = f", {report.skipped} were there already" if report.skipped else ""
        output.done(f"wrote {report.written} of {report.files} files in {report.seconds:.3g} s{kept}")
    if report.failed:
        say("error", f"{report.failed} of {report.files} files failed", output.color)


def _tell(error: Conv2dError, output: Output) -> None:
    say("error", error.message, output.color)
    if error.hint:
        say("hint", error.hint, output.color)
