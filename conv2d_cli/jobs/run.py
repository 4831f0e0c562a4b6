"""One convolution on tensor files: everything is decided on headers, then bytes are read, convolved and written."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import disk_usage
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.arithmetic.counts import flops, macs
from conv2d_cli.engine.blas import small_unpacked, threads_for
from conv2d_cli.engine.convolution import check_dtypes
from conv2d_cli.engine.initialisation import init_parameters
from conv2d_cli.engine.plan import Plan, plan_convolution
from conv2d_cli.errors import DataError, MemoryLimitError, ShapeError
from conv2d_cli.jobs.headers import faults_in
from conv2d_cli.jobs.inputs import geometry_on, layout_of_weight_seen, opened_input
from conv2d_cli.jobs.parameters import drawn_dtype, parameters_opened
from conv2d_cli.jobs.pieces import Done, convolve_pieces, piece_bytes
from conv2d_cli.jobs.request import Request, checked_request
from conv2d_cli.jobs.summary import RunningSummary, Summary
from conv2d_cli.layer.forward import BATCHED, UNBATCHED, geometry_of
from conv2d_cli.layer.from_weight import groups_for
from conv2d_cli.numpy_dtypes import numpy_dtype
from conv2d_cli.report.run import PlanReport, RunReport
from conv2d_cli.tensors.formats import FORMATS
from conv2d_cli.tensors.layout import WEIGHT_LAYOUTS
from conv2d_cli.tensors.location import format_meant, is_stream
from conv2d_cli.tensors.sink import check_output_dtype, is_placed, open_output, write_tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from numpy.typing import NDArray

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.jobs.operands import Kernel, Operand
    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.tensors.source import Source


# What computes, until there is a choice.
ENGINE = "numpy"
# Measured with NumPy 2.4 and OpenBLAS 0.3.31: modules loaded after the estimate, and what each BLAS thread packs into.
_MODULE_BYTES = 4 << 20
_THREAD_BYTES = 4 << 20
PICTURES = frozenset(name for name, written in FORMATS.items() if written.is_picture)


class Machine(NamedTuple):
    """Memory in bytes: what this process holds already, and what the machine can still give (None: not known)."""

    resident: int
    available: int | None


class Job(NamedTuple):
    """A run that is fully decided, on headers alone: a weight of None is drawn, a bias of None is drawn or absent."""

    request: Request
    layer: Conv2d
    plan: Plan
    input: Source
    weight: Kernel | None
    bias: Operand | None
    peak_bytes: int

    @property
    def operations(self) -> int:
        """Floating-point operations of the direct convolution."""
        return flops(macs(self.plan.geometry))

    @property
    def draws(self) -> bool:
        """Whether parameters are drawn."""
        return self.weight is None


@contextmanager
def opened(request: Request, machine: Machine) -> Iterator[Job]:
    """Decide a run on headers alone, and keep its files open.

    Raises:
        UsageError: the request contradicts itself.
        FileError: an output exists, or a file cannot be read.
        DataError: a file's contents are bad or do not fit the layer.
    """
    request = checked_request(request)
    with ExitStack() as stack:
        image = stack.enter_context(opened_input(request))
        dtype, channels = image.dtype, image.shape[-3] if len(image.shape) >= UNBATCHED else 1
        weight, bias, layer = parameters_opened(request, dtype, stack, channels=channels)
        dtypes = {"weight": weight.dtype if weight else drawn_dtype(layer, dtype)}
        if bias is not None:
            dtypes["bias"] = bias.dtype
        check_dtypes(dtype, **dtypes)
        for path in filter(None, (request.output, request.save_parameters)):
            check_output_dtype(path, dtype)
        with faults_in(request.input):
            geometry = _geometry(request, layer, image, weight)
        plan = plan_convolution(
            geometry,
            padding_mode=layer.padding_mode,
            dtype=dtype,
            accuracy=request.accuracy,
            algorithm=request.algorithm,
            threads=threads_for(request.threads),
            small_unpacked=small_unpacked(),
        )
        libraries = library_bytes(plan.threads_used)
        parameters = sum(operand.read_peak_bytes for operand in (weight, bias) if operand is not None)
        peak_bytes = (
            machine.resident + libraries + max(plan.weight_bytes, parameters) + held_bytes(request, plan, image)
        )
        yield Job(request, layer, plan, image, weight, bias, peak_bytes)


def _geometry(request: Request, layer: Conv2d, image: Source, weight: Kernel | None) -> Geometry:
    """Return the layer on its input; of a weight alone the groups or the order of its axes may be wrong."""
    seen = layout_of_weight_seen(request, weight)
    try:
        return geometry_of(layer, image.shape) if seen else geometry_on(layer, image.header, request.input_reading)
    except ShapeError as error:
        if seen is not None and weight is not None and len(image.shape) >= UNBATCHED:
            inputs = WEIGHT_LAYOUTS[seen].of_file(weight.shape)[1] * layer.groups
            last = image.shape[-1] == inputs != image.shape[-3] and request.input_reading.layout.is_ours
            hint = f"--layout NHWC --weight-layout {seen}" if last else f"--weight-layout {seen}"
            raise DataError(f"the weight looks like {seen}: {error.message}", hint) from error
        channels = image.shape[-3] if len(image.shape) >= UNBATCHED else layer.in_channels
        if weight is None or request.layer is not None or channels == layer.in_channels:
            raise
        raise DataError(error.message, _weight_that_fits(request, weight, layer.groups, channels)) from error


def _weight_that_fits(request: Request, weight: Kernel, groups: int, channels: int) -> str:
    """Return what makes a weight fit an input with this number of channels."""
    if weight.is_matrix:
        return "--per-channel, which convolves each channel with the one kernel"
    if request.weight_reading.layout.is_ours:
        for name, layout in WEIGHT_LAYOUTS.items():
            outputs, inputs, *_ = layout.of_file(weight.shape)
            if inputs * groups == channels and outputs % groups == 0:
                return f"--weight-layout {name}"
    fitting = groups_for(weight.shape, channels)
    taken = weight.shape[1]
    return (
        f"the weight takes {taken} channels a group: give an input of {taken}"
        if fitting is None
        else f"groups={fitting}"
    )


def run(
    request: Request,
    machine: Machine,
    *,
    summarize: bool,
    announce: Callable[[Job], None],
    advance: Callable[[int], None] = lambda _: None,
    remark: Callable[[str], None] = lambda _: None,
) -> RunReport:
    """Do a run and return its report, figures of the output left None unless `summarize`.

    `announce` is called when everything is decided and nothing is read, `advance` with the output elements of each
    piece that is done, and `remark` with what an output could not keep.

    Raises:
        MemoryLimitError: it would take more memory than the request or the machine allows; nothing is read then.
        UsageError, FileError, DataError: as `opened`, and when the bytes themselves are bad.
    """
    with opened(request, machine) as job:
        _check_memory(job, machine)
        announce(job)
        summary = RunningSummary() if summarize else None
        done = _convolve(job, summary, advance, remark)
    figures = summary.result() if summary else Summary(None, None, None, ())
    return RunReport(
        output_shape=_output_shape(job),
        dtype=job.plan.dtype,
        min=figures.min,
        max=figures.max,
        mean=figures.mean,
        first_values=figures.first_values,
        algorithm=done.plan.algorithm,
        engine=ENGINE,
        threads=done.plan.threads_used,
        seconds=done.seconds,
        gflops=job.operations / done.seconds / 1e9 if done.seconds else None,
    )


def _convolve(
    job: Job, summary: RunningSummary | None, advance: Callable[[int], None], remark: Callable[[str], None]
) -> Done:
    """Read, convolve and write, piece by piece."""
    request, plan = job.request, job.plan
    weight, bias = _parameters(job)
    with ExitStack() as stack:
        output = None
        if request.output is not None:
            shape, dtype = _output_shape(job), numpy_dtype(plan.dtype)
            output = stack.enter_context(
                open_output(
                    request.output,
                    *(shape, dtype),
                    force=request.force,
                    stdout=request.stdout,
                    layout=request.output_layout,
                )
            )
        behind = request.output is not None and is_placed(request.output)
        done = convolve_pieces(
            *(plan, job.input, weight, bias, output),
            summary=summary,
            advance=advance,
            ahead=job.input.is_placed,
            behind=behind,
        )
        for words in () if output is None else output.remarks:
            remark(f"{request.output}: {words}")
        if request.save_parameters is not None:
            drawn = {"weight": weight} | ({} if bias is None else {"bias": bias})
            write_tensors(request.save_parameters, drawn, force=request.force)
    return done


def plan_report(job: Job) -> PlanReport:
    """Return what a run would do."""
    request, plan = job.request, job.plan
    geometry = plan.geometry
    return PlanReport(
        input_shape=job.input.shape,
        weight_shape=geometry.weight_shape,
        bias_shape=(job.layer.out_channels,) if job.layer.bias else None,
        output_shape=_output_shape(job),
        dtype=plan.dtype,
        parameters_from=f"seed {request.seed}" if job.draws else "files",
        algorithm=plan.algorithm,
        reason=plan.reason,
        accuracy=plan.accuracy,
        blocks=plan.blocks_in_words,
        tiles=None if plan.tiling is None else f"rows={plan.tiling.rows} columns={plan.tiling.columns}",
        threads=plan.threads_used,
        macs=macs(geometry),
        input_bytes=plan.input_bytes,
        parameter_bytes=plan.weight_bytes,
        output_bytes=plan.output_bytes,
        scratch_bytes=plan.scratch_bytes,
        peak_bytes=job.peak_bytes,
        memory_limit_bytes=request.memory_limit,
    )


def _check_memory(job: Job, machine: Machine) -> None:
    limit = job.request.memory_limit
    if limit is not None and job.peak_bytes > limit:
        raise MemoryLimitError(
            f"this run takes about {job.peak_bytes} bytes, the limit is {limit}",
            f"--memory-limit {-(-job.peak_bytes // 2**20)}MiB would do; --plan shows the parts",
        )
    output_bytes = job.plan.output_bytes
    if job.request.output is None and machine.available is not None and output_bytes > machine.available:
        # Without a file to fill, so large an output is a slip more often than a wish.
        fits = output_bytes < disk_usage(Path.cwd()).free
        raise MemoryLimitError(
            f"this run takes about {output_bytes} bytes for its output, the machine has {machine.available} to give",
            "-o FILE keeps it, however large" if fits else "fewer channels, or a smaller input",
        )
    growth = job.peak_bytes - machine.resident
    if machine.available is not None and growth > machine.available:
        raise MemoryLimitError(
            f"this run takes about {growth} bytes more, the machine has {machine.available} to give",
            "--plan shows the parts; a smaller batch takes less",
        )


def library_bytes(threads: int) -> int:
    """Return the bytes that libraries take once so many threads compute."""
    return _MODULE_BYTES + threads * _THREAD_BYTES


def held_bytes(request: Request, plan: Plan, image: Source) -> int:
    """Return the bytes of input, output and scratch that are in memory at once."""
    formats = {format_meant(typed) for typed in (request.input, request.output, request.weight, request.bias) if typed}
    libraries = sum(FORMATS[name].library_bytes for name in formats if name is not None)
    # While one piece is convolved the next is read, and padded, and the last is written. The heap does not always fill
    # its room again: one run in thirty took half a piece more.
    piece = plan.tile_bytes + piece_bytes(plan)
    pieces = 2 * piece + piece // 2 + image.passing_bytes(piece)
    held = libraries + plan.scratch_bytes + pieces
    if not image.is_read_in_parts:
        held += image.read_peak_bytes
    elif plan.tiling is not None and is_stream(request.input):
        held += 2 * plan.input_bytes // max(1, plan.geometry.batch)
    if not request.output_layout.is_ours:
        held += piece
    if request.output is not None and format_meant(request.output) in PICTURES:
        # Its pixels, and again in the order that they have in the file.
        held += 2 * plan.output_bytes
    elif plan.tiling is not None and request.output is not None and not is_placed(request.output):
        held += plan.output_bytes // max(1, plan.geometry.batch)
    return held


def _parameters(job: Job) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Return weight and bias: read, or drawn as torch draws them."""
    bias = None if job.bias is None else job.bias.read()
    if job.weight is not None:
        return job.weight.read(), bias
    drawn_weight, drawn_bias = init_parameters(job.layer, job.request.seed, dtype=job.plan.dtype)
    return drawn_weight, drawn_bias if bias is None else bias


def _output_shape(job: Job) -> tuple[int, ...]:
    shape = job.plan.geometry.batched_output_shape
    return shape if len(job.input.shape) == BATCHED else shape[1:]
