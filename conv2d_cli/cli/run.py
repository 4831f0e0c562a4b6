"""`conv2d run`: the convolution itself, on a tensor file."""

from __future__ import annotations

import math
import re
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from conv2d_cli.arithmetic.counts import macs
from conv2d_cli.cli import options  # noqa: TC001 - Typer reads the annotations
from conv2d_cli.cli.errors import print_error
from conv2d_cli.cli.layer_words import layer_words
from conv2d_cli.cli.output import Output, output_of, stdin_bytes
from conv2d_cli.dtypes import ACCEPTED, COMPUTABLE, find_dtype
from conv2d_cli.errors import UsageError
from conv2d_cli.layer.forward import BATCHED, UNBATCHED
from conv2d_cli.layer.text import integers_of
from conv2d_cli.report.run import ManyReport, PlanReport, RunReport
from conv2d_cli.report.shape import record_of
from conv2d_cli.tensors.matching import is_many

if TYPE_CHECKING:
    from conv2d_cli.jobs.run import Job, Request

_INTEGER = re.compile(r"[-+]?[0-9]{1,30}", re.ASCII)
_BYTES = re.compile(r"(?P<number>[0-9]{1,18}(?:\.[0-9]{1,6})?)\s*(?P<unit>[A-Za-z]*)", re.ASCII)
_UNITS = {"B": 1} | {
    prefix + unit: base**power for power, prefix in enumerate("KMGT", 1) for unit, base in (("B", 1000), ("IB", 1024))
}
# Where many files have a row each.
_FILE_KEY = "file"
# What NumPy can count.
_MOST_ELEMENTS = 2**58
_SEEDS = range(-(2**63), 2**64)


def run(
    operands: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="INPUT [LAYER]",
            help="A tensor file, - for stdin, a folder or a quoted 'pattern*.npy'; then IN OUT KERNEL, or one quoted "
            "expression.",
            show_default=False,
        ),
    ] = None,
    weight: options.Weight = None,
    bias: options.Bias = None,
    seed: Annotated[
        str | None,
        typer.Option("--seed", metavar="N", help="Draw the parameters as torch.manual_seed(N) would.  [default: 0]"),
    ] = None,
    output_file: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUTPUT",
            help="Write the result: a file whose suffix says the format, as .npy, or - for stdout.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace files that exist.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Of many files, leave out those that were done by the same layer.")
    ] = False,
    save_parameters: Annotated[
        str | None,
        typer.Option("--save-parameters", metavar="FILE", help="Keep what was drawn: .npz, .safetensors, .zarr."),
    ] = None,
    stride: options.Stride = None,
    padding: options.Padding = None,
    dilation: options.Dilation = None,
    groups: options.Groups = None,
    no_bias: options.NoBias = False,
    padding_mode: options.PaddingMode = None,
    device: options.Device = None,
    dtype: Annotated[
        str | None, typer.Option("--dtype", metavar="DTYPE", help="Cast every tensor to this element type.")
    ] = None,
    input_shape: Annotated[
        str | None,
        typer.Option("--input-shape", metavar="SHAPE", help="Shape of a raw .bin INPUT: 3,224,224, or with a batch."),
    ] = None,
    input_dtype: Annotated[
        str | None, typer.Option("--input-dtype", metavar="DTYPE", help="Element type of a raw .bin INPUT.")
    ] = None,
    accuracy: Annotated[str, typer.Option("--accuracy", metavar="NAME", help="strict, or fast.")] = "strict",
    algorithm: Annotated[str | None, typer.Option("--algorithm", metavar="NAME", help="Use this algorithm.")] = None,
    threads: Annotated[
        str | None, typer.Option("--threads", metavar="N", help="Threads of the linear algebra.")
    ] = None,
    memory_limit: Annotated[
        str | None, typer.Option("--memory-limit", metavar="SIZE", help="Refuse to take more memory: 512MiB.")
    ] = None,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Show no progress of long runs.")] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Show what would be done, and do nothing.")] = False,
    format_name: options.Format = None,
    json: options.Json = False,
    get: options.Get = None,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
    color: options.Color = "auto",
    debug: options.Debug = False,
) -> int:
    """The convolution itself, on a tensor file."""
    del debug  # the way in has read it
    many = operands is not None and bool(operands) and is_many(operands[0])
    keys = PlanReport._fields if plan else ManyReport._fields if many else RunReport._fields
    if plan and many:
        keys = (_FILE_KEY, *keys)
    output = output_of(("schema_version", *keys), format_name=format_name, json=json, get=get, color=color, quiet=quiet)
    if not operands:
        raise UsageError("INPUT is missing", "conv2d run x.npy 3 64 7 -o y.npy")
    words = layer_words(
        operands[1:],
        no_bias=no_bias,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        padding_mode=padding_mode,
        device=device,
        dtype=dtype,
    )
    _check_streams(output_file, output)
    from conv2d_cli.cli.machine import machine, share_one_heap
    from conv2d_cli.jobs import run as job

    share_one_heap()
    layer = words.layer() if words.given else None
    request = job.Request(
        input=operands[0],
        layer=layer,
        arguments=words.arguments(),
        weight=weight,
        bias=bias,
        dtype=_dtype("--dtype", dtype),
        seed=_seed(seed),
        output=output_file,
        save_parameters=save_parameters,
        force=force,
        accuracy=accuracy,
        algorithm=algorithm,
        threads=None if threads is None else _integer("--threads", threads),
        memory_limit=_bytes(memory_limit),
        described=_described(input_shape, input_dtype),
        stdin=stdin_bytes(),
        stdout=None if sys.stdout is None else sys.stdout.buffer,
    )
    if resume and not many:
        raise UsageError("--resume is for many files", "give a folder or a quoted pattern as INPUT")
    with words.own_words():
        if many and plan:
            return _plan_many(request, output)
        if many:
            return _run_many(request, output, resume=resume, no_progress=no_progress)
        if plan:
            with job.opened(request, machine()) as opened:
                output.show(record_of(job.plan_report(opened)))
            return 0
        summarize = output_file is None or output.asked_for
        with output.progress_line(shown=not no_progress) as progress:

            def announce(decided: Job) -> None:
                _tell(output, decided, verbose=verbose)
                planned = decided.plan
                moved = planned.input_bytes + (planned.output_bytes if output_file is not None else 0)
                elements = math.prod(planned.geometry.batched_output_shape)
                progress.begin(elements, operations=2.0 * macs(planned.geometry), bytes_moved=float(moved))

            report, first_values = job.run(
                request,
                machine(),
                summarize=summarize,
                announce=announce,
                advance=progress.advance,
                remark=output.note,
            )
    if summarize:
        record = record_of(report)
        output.show(record | {"first_values": first_values} if output.for_people else record)
    return 0


def _plan_many(request: Request, output: Output) -> int:
    """Show the plan of each of many files, and tell of those that have none."""
    from conv2d_cli.cli.machine import machine
    from conv2d_cli.jobs.many import plan_many

    code, rows = 0, []
    for path, planned in plan_many(request, machine()):
        if isinstance(planned, PlanReport):
            # Its many words have no place in a table.
            record = {
                key: value for key, value in record_of(planned).items() if key != "reason" or not output.for_people
            }
            rows.append({_FILE_KEY: str(path)} | record)
        else:
            print_error(planned.message, planned.hint)
            code = max(code, planned.exit_code)
    output.show_rows(rows)
    return code


def _run_many(request: Request, output: Output, *, resume: bool, no_progress: bool) -> int:
    """Convolve many files; tell of each that fails, and at the end how many there were."""
    from conv2d_cli.cli.machine import machine
    from conv2d_cli.jobs.many import Listener, run_many

    with output.progress_line(shown=not no_progress) as progress:
        tell = Listener(
            failed=lambda _, error: print_error(error.message, error.hint),
            advance=progress.advance,
            total=progress.begin,
            remark=output.note,
        )
        report, code = run_many(request, machine(), resume=resume, tell=tell)
    if output.asked_for:
        output.show(record_of(report))
    else:
        kept = f", {report.skipped} were there already" if report.skipped else ""
        output.note(f"{report.written} of {report.files} files convolved in {report.seconds:.3g} s{kept}")
    if report.failed:
        print_error(f"{report.failed} of {report.files} files failed", None)
    return code


def _check_streams(output_file: str | None, output: Output) -> None:
    from conv2d_cli.tensors.location import is_stream

    if output_file is None or not is_stream(output_file):
        return
    if output.asked_for:
        raise UsageError(
            "-o - and a summary would both go to stdout", "write the tensor to a file, or leave --json and --get out"
        )
    if sys.stdout is not None and sys.stdout.isatty():
        raise UsageError("refusing to write binary to a terminal", "use -o FILE, or pipe it")


def _tell(output: Output, job: Job, *, verbose: bool) -> None:
    device = job.layer.device or "cpu"
    if device.partition(":")[0] != "cpu":
        output.note(f"device {device} is not used: this runs on the CPU with NumPy")
    if job.draws:
        output.note(f"parameters drawn as torch.manual_seed({job.request.seed}) would draw them; --seed N changes it")
    if verbose:
        output.note(f"{job.plan.algorithm}: {job.plan.reason}")


def _seed(text: str | None) -> int:
    seed = 0 if text is None else _integer("--seed", text)
    if seed not in _SEEDS:
        raise UsageError(f"--seed {text}: Overflow when unpacking long long", "a seed lies between -2^63 and 2^64 - 1")
    return seed


def _integer(option: str, text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise UsageError(f"{option} {text}: not an integer", f"{option} 1")
    return int(text)


def _dtype(option: str, text: str | None) -> str | None:
    """Return our name of a dtype that can be computed with."""
    if text is None:
        return None
    found = find_dtype(text)
    if found is None or found.name not in COMPUTABLE:
        raise UsageError(f"{option} {text}: nothing is computed in it", f"known: {ACCEPTED}")
    return found.name


def _described(shape: str | None, dtype: str | None) -> tuple[tuple[int, ...], str] | None:
    """Return the shape and the type that a file without a header has."""
    if shape is None and dtype is None:
        return None
    if shape is None or dtype is None:
        raise UsageError(
            "--input-shape and --input-dtype go together", "--input-shape 1,3,224,224 --input-dtype float32"
        )
    sizes = integers_of(shape)
    sizes = (sizes,) if isinstance(sizes, int) else sizes
    if sizes is None or min(sizes) < 0 or len(sizes) not in {UNBATCHED, BATCHED} or math.prod(sizes) > _MOST_ELEMENTS:
        raise UsageError(f"--input-shape {shape}: no shape of images", "C,H,W or N,C,H,W, such as 1,3,224,224")
    name = _dtype("--input-dtype", dtype)
    assert name is not None  # noqa: S101 - a text was given
    return sizes, name


def _bytes(text: str | None) -> int | None:
    """Return a number of bytes from `512MiB`, `2GB` or `1000000`."""
    if text is None:
        return None
    match = _BYTES.fullmatch(text.strip())
    unit = match and (match["unit"] or "B").upper()
    if match is None or unit not in _UNITS:
        raise UsageError(f"--memory-limit {text}: not a size", "write 512MiB, 2GiB or a number of bytes")
    return int(Decimal(match["number"]) * _UNITS[unit])
