"""`conv2d run` on one file: what would be done, or what came out."""

from __future__ import annotations

import math
import shlex
from typing import TYPE_CHECKING

from conv2d_cli.cli.machine import machine, share_one_heap
from conv2d_cli.cli.run_request import how_drawn
from conv2d_cli.jobs.run.inputs import remarks_of
from conv2d_cli.jobs.run.kept import is_raw, kept_files
from conv2d_cli.jobs.run.one_file import plan_one, run_one
from conv2d_cli.render.written import written
from conv2d_cli.report.analysis import analyze
from conv2d_cli.tensors.location import is_stream

if TYPE_CHECKING:
    from conv2d_cli.cli.output import Output
    from conv2d_cli.cli.run_options import RunOptions
    from conv2d_cli.jobs.run.file import FileRun
    from conv2d_cli.jobs.run.request import Request
    from conv2d_cli.render.progress import Progress
    from conv2d_cli.report.run import RunReport
    from conv2d_cli.report.shape import ShapeReport


def plan_file(request: Request, output: Output, _: RunOptions) -> int:
    """Show what would be done."""
    file, report = plan_one(request, machine())
    why = "" if output.verbose else ". -v: why this algorithm"
    output.show(report, shape=_shape_of(file), remarks=(f"Nothing was done{why}",))
    return 0


def run_file(request: Request, output: Output, options: RunOptions) -> int:
    """Convolve, say what was written, and show the figures of the output where they are wanted."""
    share_one_heap()
    summarize = request.output is None or output.asked_for
    decided: list[FileRun] = []
    with output.progress_line(shown=not options.no_progress) as progress:

        def announce(file: FileRun) -> None:
            decided.append(file)
            started(file, output, progress, on_screen=summarize and output.is_table)

        report = run_one(
            request,
            machine(),
            summarize=summarize,
            announce=announce,
            advance=progress.advance,
            remark=output.note,
        )
    show_report(decided[0], report, output, summarize=summarize)
    return 0


def started(file: FileRun, output: Output, progress: Progress, *, on_screen: bool) -> None:
    """Say what the user may not expect of a run that is decided, and begin its progress."""
    _tell(output, file, on_screen=on_screen)
    moved = file.plan.input_bytes + (file.plan.output_bytes if file.request.output is not None else 0)
    progress.begin(math.prod(file.output_shape), operations=float(file.operations), bytes_moved=float(moved))


def show_report(file: FileRun, report: RunReport, output: Output, *, summarize: bool) -> None:
    """Say what was written, and show the figures of the output where they are wanted."""
    request = file.request
    if request.output is not None and not is_stream(request.output):
        in_file = request.output_layout.to_file(report.output_shape)
        shape = report.output_shape if file.writes_picture else in_file
        output.done(written(request.output, shape, report.dtype, file.plan.output_bytes, report.seconds))
    if request.save_parameters is not None:
        output.done(_kept(request.save_parameters, file))
    if summarize:
        output.show(report, shape=_shape_of(file), remarks=_remarks(file))


def _kept(path: str, file: FileRun) -> str:
    """Say where drawn parameters are, and how they are given back."""
    layer = file.layer
    what = f"{'weight and bias' if layer.bias else 'weight'} of seed {file.request.seed}"
    files = kept_files(path, bias=layer.bias)
    if not is_raw(path):
        return f"wrote {path}  {what}: --weight reads them"
    shape = ",".join(map(str, file.plan.geometry.weight_shape))
    given = [f"--weight {shlex.quote(files[0])} --weight-shape {shape} --weight-dtype {file.plan.dtype}"]
    given += [f"--bias {shlex.quote(name)}" for name in files[1:]]
    return f"wrote {' and '.join(files)}  {what}: {' '.join(given)}"


def _shape_of(file: FileRun) -> ShapeReport:
    """Return the layer on its input, in the element type that it is computed in."""
    return analyze(file.layer, file.input.shape)._replace(dtype=file.plan.dtype)


def _remarks(file: FileRun) -> list[str]:
    drawn = [f"parameters: torch.manual_seed({file.request.seed}) (--seed N)"] if file.shared.is_drawn else []
    return [*drawn, *(["Not kept: -o FILE keeps it"] if file.request.output is None else [])]


def _tell(output: Output, file: FileRun, *, on_screen: bool) -> None:
    """Say what the user may not expect; the screen itself says where parameters come from."""
    if file.shared.is_drawn and not on_screen:
        output.note(how_drawn(file.request))
    for words in remarks_of(file.request, file.input, file.shared.weight):
        output.note(words)
    if output.verbose:
        output.note(f"{file.plan.algorithm or file.plan.engine}: {file.reason}")
