"""The driver of one file: it is done at once, and its figures are told."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conv2d_cli.arithmetic.counts import macs
from conv2d_cli.engine.api import costs_in_use, integer
from conv2d_cli.jobs.run.file import Driver, FileRun, decide, run_file
from conv2d_cli.jobs.run.inputs import opened_input
from conv2d_cli.jobs.run.kept import is_raw, kept_files
from conv2d_cli.jobs.run.memory import check_memory, peak_bytes
from conv2d_cli.jobs.run.request import checked_request
from conv2d_cli.jobs.run.shared_layer import SharedLayer
from conv2d_cli.jobs.run.summary import RunningSummary, Summary
from conv2d_cli.report.costs import name_of_costs
from conv2d_cli.report.run import PlanReport, RunReport
from conv2d_cli.tensors.sink import write_apart, write_tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from conv2d_cli.jobs.run.memory import Machine
    from conv2d_cli.jobs.run.request import Request
    from conv2d_cli.tensors.formats import Output


@dataclass
class _OneFile(Driver):
    """Checks the memory of one file, and gathers its figures."""

    machine: Machine
    announce: Callable[[FileRun], None]
    advance: Callable[[int], None]
    tell: Callable[[str], None]
    summary: RunningSummary | None
    seconds: float = 0.0
    sums: integer.Accumulated | None = None
    file: FileRun = field(init=False)

    def admitted(self, file: FileRun) -> AbstractContextManager[object]:
        check_memory(file, self.machine)
        self.file = file
        self.announce(file)
        return super().admitted(file)

    def has_convolved(self, output: NDArray[Any], seconds: float) -> None:
        self.seconds += seconds
        if self.summary is not None:
            # A tile holds rows of one channel, then of the next.
            self.summary.add(output, in_order=self.file.plan.tiling is None)
        self.advance(output.size)

    def has_accumulated(self, file: FileRun, sums: integer.Accumulated) -> None:
        super().has_accumulated(file, sums)
        self.sums = sums

    @contextmanager
    def opened_output(self, file: FileRun) -> Iterator[Output | None]:
        with super().opened_output(file) as place:
            yield place
            # The output takes its name only when they are kept.
            keep_drawn(file)

    def remark(self, words: str) -> None:
        self.tell(words)


def keep_drawn(file: FileRun) -> None:
    """Keep the parameters that were drawn, if that was asked for.

    Raises:
        FileError: they cannot be written.
    """
    if file.request.save_parameters is not None:
        weight, bias = file.shared.read()
        drawn = {"weight": weight} | ({} if bias is None else {"bias": bias})
        _keep(file.request.save_parameters, drawn, force=file.request.force)


def _keep(path: str, drawn: Mapping[str, NDArray[Any]], *, force: bool) -> None:
    """Write what was drawn to the file that holds both, or to raw files of one each."""
    if is_raw(path):
        write_apart(dict(zip(kept_files(path, bias="bias" in drawn), drawn.values(), strict=True)), force=force)
    else:
        write_tensors(path, drawn, force=force)


def run_one(
    request: Request,
    machine: Machine,
    *,
    summarize: bool,
    announce: Callable[[FileRun], None],
    advance: Callable[[int], None] = lambda _: None,
    remark: Callable[[str], None] = lambda _: None,
) -> RunReport:
    """Convolve a file and return its report, figures of the output left None unless `summarize`.

    `announce` is called when everything is decided and nothing is read, `advance` with the output elements of each
    chunk that is convolved, and `remark` with what an output could not keep.

    Raises:
        UsageError: the request contradicts itself.
        FileError: an output exists, or a file cannot be read or written.
        DataError: a file's contents are bad or do not fit the layer.
        MemoryLimitError: it would take more memory than the request or the machine allows; nothing is read then.
    """
    request = checked_request(request)
    driver = _OneFile(machine, announce, advance, remark, RunningSummary() if summarize else None)
    with SharedLayer(request) as shared:
        for _ in run_file(request, shared, driver):
            pass
    summary = driver.summary.result() if driver.summary else None
    return report_of(driver.file, summary, driver.sums, driver.seconds)


def report_of(file: FileRun, summary: Summary | None, sums: integer.Accumulated | None, seconds: float) -> RunReport:
    """Return the report of a run; `summary` None leaves the figures of the output out."""
    figures = summary or Summary(None, None, None, ())
    return RunReport(
        output_shape=file.output_shape,
        dtype=file.plan.dtype,
        min=figures.min,
        max=figures.max,
        mean=figures.mean,
        first_values=figures.first_values,
        algorithm=file.plan.algorithm,
        engine=file.plan.engine,
        threads=file.plan.threads_used,
        accumulator_bits_worst=_bits_worst(file),
        accumulator_bits=None if sums is None else sums.bits,
        overflow=None if sums is None else sums.overflowed,
        seconds=seconds,
        gflops=file.operations / seconds / 1e9 if seconds else None,
    )


def plan_one(request: Request, machine: Machine) -> tuple[FileRun, PlanReport]:
    """Return what a run would do.

    Raises:
        UsageError, FileError, DataError: as `run_one`.
    """
    request = checked_request(request)
    with SharedLayer(request) as shared:
        return planned(request, shared, machine)


def planned(request: Request, shared: SharedLayer, machine: Machine) -> tuple[FileRun, PlanReport]:
    """Decide a run on one file, and return it with its plan as it is reported."""
    with opened_input(request) as source:
        file = decide(request, shared, source)
        plan = file.plan
    return file, PlanReport(
        input_shape=source.shape,
        weight_shape=plan.geometry.weight_shape,
        bias_shape=(file.layer.out_channels,) if file.layer.bias else None,
        output_shape=file.output_shape,
        dtype=plan.dtype,
        parameters_from=f"seed {request.seed}" if file.shared.is_drawn else "files",
        engine=plan.engine,
        algorithm=plan.algorithm,
        reason=file.reason,
        costs=name_of_costs(costs_in_use(), request.costs_file),
        accuracy=request.accuracy,
        blocks=plan.blocks_in_words,
        tiles=None if plan.tiling is None else f"rows={plan.tiling.rows} columns={plan.tiling.columns}",
        threads=plan.threads_used,
        accumulator_bits_worst=_bits_worst(file),
        macs=macs(plan.geometry),
        input_bytes=plan.input_bytes,
        parameter_bytes=plan.weight_bytes,
        output_bytes=plan.output_bytes,
        scratch_bytes=plan.scratch_bytes,
        fallback_bytes=plan.fallback_bytes,
        peak_bytes=peak_bytes(file, machine),
        memory_limit_bytes=request.memory_limit,
    )


def _bits_worst(file: FileRun) -> int | None:
    return file.plan.accumulator_bits_worst if isinstance(file.plan, integer.IntegerPlan) else None
