"""`conv2d run`: the convolution itself, on a tensor file."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from conv2d_cli.cli.options import LayerOptions, OutputOptions, layer_options, output_options
from conv2d_cli.cli.run_options import RunOptions, run_options
from conv2d_cli.errors import UsageError

if TYPE_CHECKING:
    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.cli.output import Output
    from conv2d_cli.jobs.run import Job, Request
    from conv2d_cli.report.shape import ShapeReport

USAGES = ("INPUT IN OUT KERNEL [OPTIONS]", 'INPUT "Conv2d(...)" [OPTIONS]', "INPUT --weight FILE [OPTIONS]")
EXAMPLES = (
    "conv2d run x.npy 3 64 7 -s 2 -p 3 -o y.npy",
    "conv2d run x.npy 3 64 7 --plan",
    "conv2d run x.npy --weight w.npy --bias b.npy --get mean",
    "conv2d run 'frames/*.npy' 3 64 7 -o out/",
)


@layer_options
@run_options
@output_options
def run(
    operands: Annotated[
        list[str] | None, typer.Argument(metavar="INPUT [LAYER]", help="a tensor file, then the layer")
    ] = None,
    *,
    layer_options: LayerOptions,
    run_options: RunOptions,
    output_options: OutputOptions,
) -> int:
    """The convolution itself, on a tensor file; INPUT is a file, - for stdin, a folder or a quoted 'pattern*.npy'."""
    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.cli.output import asks_for_keys, output_of, show_keys
    from conv2d_cli.tensors.matching import is_many

    input_, *layer = operands or [""]
    many = bool(operands) and is_many(input_)
    keys = _keys(run_options, many=many)
    if asks_for_keys(output_options):
        show_keys(keys)
        return 0
    output = output_of(output_options, ("schema_version", *keys))
    words = LayerWords(layer, layer_options.given, layer_options.typed, first=1)
    if not operands:
        raise UsageError(
            "INPUT is missing: a tensor file, or - for stdin", words.typed.line({}, "FILE", "3", "64", "7")
        )
    request = _request(input_, words, run_options, output)
    if run_options.resume and not many:
        raise UsageError("--resume is for many files, a folder or a quoted pattern", "leave --resume out")
    with words.own_words():
        if many:
            from conv2d_cli.cli.run_many import plan_files, run_files

            return plan_files(request, output) if run_options.plan else run_files(request, output, run_options)
        return _plan(request, output) if run_options.plan else _run(request, output, run_options)


def _keys(options: RunOptions, *, many: bool) -> tuple[str, ...]:
    from conv2d_cli.report.run import ManyReport, PlanReport, RunReport

    if options.plan:
        return ("file", *PlanReport._fields) if many else PlanReport._fields
    return ManyReport._fields if many else RunReport._fields


def _request(input_: str, words: LayerWords, options: RunOptions, output: Output) -> Request:
    """Return the request that the command line makes, which is checked before any file is looked at."""
    from conv2d_cli.cli import choices
    from conv2d_cli.cli.output import stdin_bytes
    from conv2d_cli.cli.run_options import algorithm_of, bytes_of, choice, described, dtype_of, integer, seed_of
    from conv2d_cli.jobs.run import Request

    _check_streams(options.output_file, output)
    return Request(
        input=input_,
        layer=words.layer() if words.given else None,
        arguments=words.arguments(),
        weight=options.weight,
        bias=options.bias,
        dtype=dtype_of("--dtype", words.options.get("dtype")),
        seed=seed_of(options.seed),
        output=options.output_file,
        save_parameters=options.save_parameters,
        force=options.force,
        accuracy=choice("--accuracy", options.accuracy, choices.accuracies()),
        algorithm=algorithm_of(options.algorithm, options.accuracy),
        threads=None if options.threads is None else integer("--threads", options.threads, least=1),
        memory_limit=bytes_of(options.memory_limit),
        described=described(options.input_shape, options.input_dtype),
        stdin=stdin_bytes(),
        stdout=None if sys.stdout is None else sys.stdout.buffer,
    )


def _check_streams(output_file: str | None, output: Output) -> None:
    from conv2d_cli.cli.output import is_terminal
    from conv2d_cli.tensors.location import is_stream

    if output_file is None or not is_stream(output_file):
        return
    if output.asked_for:
        raise UsageError("-o - and a summary would both go to stdout", "-o FILE, or no --json, --format and --get")
    if is_terminal(sys.stdout):
        raise UsageError("refusing to write binary to a terminal", "-o FILE")


def _plan(request: Request, output: Output) -> int:
    from conv2d_cli.cli.machine import machine
    from conv2d_cli.jobs import run as job

    with job.opened(request, machine()) as opened:
        report = job.plan_report(opened)
        output.show(report, shape=_shape_of(opened), remarks=("Nothing was done. -v: why this algorithm",))
    return 0


def _run(request: Request, output: Output, options: RunOptions) -> int:
    from conv2d_cli.cli.machine import machine, share_one_heap
    from conv2d_cli.jobs import run as job
    from conv2d_cli.render.written import written

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
    if request.output not in {None, "-"}:
        plan = decided[0].plan
        output.done(written(str(request.output), report.output_shape, report.dtype, plan.output_bytes, report.seconds))
    if summarize:
        output.show(report, shape=_shape_of(decided[0]), remarks=_remarks(decided[0]))
    return 0


def _shape_of(job: Job) -> ShapeReport:
    """Return the layer on its input, in the element type that it is computed in."""
    from conv2d_cli.report.analysis import analyze

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
        output.note(f"parameters drawn as torch.manual_seed({job.request.seed}) would draw them; --seed N changes it")
    if output.verbose:
        output.note(f"{job.plan.algorithm}: {job.plan.reason}")
