"""`conv2d run` on one file: what would be done, or what came out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from conv2d_cli.cli.machine import machine, share_one_heap
from conv2d_cli.cli.run_request import how_drawn
from conv2d_cli.jobs import run as job
from conv2d_cli.jobs.inputs import remarks_of
from conv2d_cli.render.written import written
from conv2d_cli.report.analysis import analyze
from conv2d_cli.tensors.location import format_meant, is_stream

if TYPE_CHECKING:
    from conv2d_cli.cli.output import Output
    from conv2d_cli.cli.run_options import RunOptions
    from conv2d_cli.jobs.request import Request
    from conv2d_cli.jobs.run import Job
    from conv2d_cli.report.shape import ShapeReport


def plan_file(request: Request, output: Output, _: RunOptions) -> int:
    """Show what would be done."""
    with job.opened(request, machine()) as opened:
        report = job.plan_report(opened)
        output.show(
            report,
            shape=_shape_of(opened),
            remarks=(f"Nothing was done{'' if output.verbose else '. -v: why this algorithm'}",),
        )
    return 0


def run_file(request: Request, output: Output, options: RunOptions) -> int:
    """Convolve, say what was written, and show the figures of the output where they are wanted."""
    share_one_heap()
    summarize = request.output is None or output.asked_for
    decided: list[Job] = []
    with output.progress_line(shown=not options.no_progress) as progress:

        def announce(job: Job) -> None:
            decided.append(job)
            _tell(output, job, on_screen=summarize and output.is_table)
            moved = job.plan.input_bytes + (job.plan.output_bytes if request.output is not None else 0)
            elements = math.prod(job.plan.geometry.batched_output_shape)
            progress.begin(elements, operations=float(job.operations), bytes_moved=float(moved))

        report = job.run(
            request,
            machine(),
            summarize=summarize,
            announce=announce,
            advance=progress.advance,
            remark=output.note,
        )
    if request.output is not None and not is_stream(request.output):
        plan = decided[0].plan
        # A picture has an order of its own.
        in_file = request.output_layout.to_file(report.output_shape)
        shape = report.output_shape if format_meant(request.output) in job.PICTURES else in_file
        output.done(written(request.output, shape, report.dtype, plan.output_bytes, report.seconds))
    if request.save_parameters is not None:
        kept = "weight and bias" if decided[0].layer.bias else "weight"
        output.done(f"wrote {request.save_parameters}  {kept} of seed {request.seed}: --weight reads them")
    if summarize:
        output.show(report, shape=_shape_of(decided[0]), remarks=_remarks(decided[0]))
    return 0


def _shape_of(job: Job) -> ShapeReport:
    """Return the layer on its input, in the element type that it is computed in."""
    return analyze(job.layer, job.input.shape)._replace(dtype=job.plan.dtype)


def _remarks(job: Job) -> list[str]:
    drawn = [f"parameters: torch.manual_seed({job.request.seed}) (--seed N)"] if job.draws else []
    return [*drawn, *(["Not kept: -o FILE keeps it"] if job.request.output is None else [])]


def _tell(output: Output, job: Job, *, on_screen: bool) -> None:
    """Say what the user may not expect; the screen itself says where parameters come from."""
    device = job.layer.device or "cpu"
    if device.partition(":")[0] != "cpu":
        output.note(f"device {device} is not used: this runs on the CPU with NumPy")
    if job.draws and not on_screen:
        output.note(how_drawn(job.request))
    for words in remarks_of(job.request, job.input, job.weight):
        output.note(words)
    if output.verbose:
        output.note(f"{job.plan.algorithm}: {job.plan.reason}")
