"""The driver of one store on a cluster: it is cut into tasks, workers do them, and their figures are put together."""

from __future__ import annotations

from functools import partial
from hashlib import blake2b
from math import prod
from secrets import token_hex
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.engine.api import integer
from conv2d_cli.errors import FileError, MemoryLimitError
from conv2d_cli.jobs.cluster import worker
from conv2d_cli.jobs.cluster.dask_cluster import cluster
from conv2d_cli.jobs.cluster.parameters import digest_of_layer
from conv2d_cli.jobs.cluster.requests import check_for_cluster, check_store, for_workers
from conv2d_cli.jobs.cluster.store_job import Done, StoreJob, names_of_files
from conv2d_cli.jobs.cluster.store_output import Resumable, may_go_on, unfinished_store
from conv2d_cli.jobs.cluster.tasks import Failed
from conv2d_cli.jobs.cluster.units import Units, images_of_a_task, tiles_of_a_shard
from conv2d_cli.jobs.cluster.versions import versions_here
from conv2d_cli.jobs.headers import faults_in
from conv2d_cli.jobs.run.file import decide
from conv2d_cli.jobs.run.inputs import opened_input
from conv2d_cli.jobs.run.integers import in_the_words_of_options
from conv2d_cli.jobs.run.memory import Machine, peak_bytes
from conv2d_cli.jobs.run.one_file import keep_drawn, report_of
from conv2d_cli.jobs.run.request import checked_request
from conv2d_cli.jobs.run.shared_layer import SharedLayer
from conv2d_cli.jobs.run.streaming import images_together
from conv2d_cli.jobs.run.summary import RunningSummary
from conv2d_cli.layer.forward import BATCHED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conv2d_cli.backends.api import AnyPlan
    from conv2d_cli.engine.api import Tiling
    from conv2d_cli.jobs.cluster.dask_cluster import Place
    from conv2d_cli.jobs.cluster.dask_workers import DaskWorkers
    from conv2d_cli.jobs.cluster.journal import TaskRecords
    from conv2d_cli.jobs.cluster.tasks import Task
    from conv2d_cli.jobs.run.file import FileRun
    from conv2d_cli.jobs.run.request import Request
    from conv2d_cli.report.run import RunReport


# In a hint limits are multiples of this: how much a process holds before it has done anything changes by a little.
_STEP = 32 << 20


class Listener(NamedTuple):
    """Whom a run tells what: that all is decided, elements that are done, remarks, and where the cluster is seen."""

    announce: Callable[[FileRun], None]
    advance: Callable[[int], None]
    remark: Callable[[str], None]
    dashboard: Callable[[str | None], None]


class _Outcome:
    """What has come out of the tasks so far."""

    def __init__(self, file: FileRun) -> None:
        self.summary, self.sums = RunningSummary(), file.convolution().sums
        self._name = file.request.input
        self.kept, self.seconds = 0, 0.0
        self._faults: dict[int, Failed] = {}

    def wants(self, first_image: int) -> bool:
        """Whether a task that begins with an image is wanted yet.

        Not after a fault: those before it are done or on their way, and one of them may have an earlier one. Of sums
        that overflow the first is told, by channels first: then those of its image are wanted.
        """
        if self.sums is None or self.sums.first is None or self.sums.on_overflow != "error":
            return not self._faults
        place = self.sums.first.place
        return not self._faults and first_image <= (place[0] if len(place) == BATCHED else 0)

    def add(self, number: int, result: object) -> int:
        """Take in what came out of a task, and return the elements of the output that it made."""
        if isinstance(result, Failed):
            self._faults[number] = result
            return 0
        assert isinstance(result, Done)  # noqa: S101 - a task has no other result
        self.kept += result.is_kept
        if result.figures is not None:
            self.summary.add_figures(result.figures, is_first=number == 0)
        if result.sums is not None and self.sums is not None:
            self.sums.add_figures(result.sums)
        return result.elements

    def check(self) -> None:
        """Tell the fault of the first task that has one, or the first sum that overflows.

        Raises:
            Conv2dError: there is one.
        """
        if self._faults:
            raise self._faults[min(self._faults)].error
        if self.sums is not None:
            with faults_in(self._name), in_the_words_of_options():
                self.sums.check()


def run_store(
    request: Request, machine: Machine, place: Place, *, resume: bool, summarize: bool, tell: Listener
) -> RunReport:
    """Convolve one store on a cluster and return its report, figures of the output left None unless `summarize`.

    Each worker takes the memory limit of the request, and computes with its threads or else with those that it has: one
    on this machine.

    Raises:
        UsageError: the request contradicts itself, or is none for a cluster.
        FileError: an output exists, a file cannot be read or written, or the cluster cannot be reached.
        DataError: a file's contents are bad or do not fit the layer.
        MemoryLimitError: a worker would take more memory than the request or the machine allows.
    """
    check_for_cluster(request)
    check_store(request)
    begun = resume and may_go_on(str(request.output))
    request = checked_request(request._replace(force=request.force or begun))
    # What headers say is told before anything is started.
    with SharedLayer(request) as shared, opened_input(request) as source:
        decide(request._replace(threads=request.threads or 1), shared, source)
    with cluster(place, threads=request.threads, memory_limit=request.memory_limit) as workers:
        tell.dashboard(workers.dashboard)
        request = request._replace(threads=workers.threads)
        with SharedLayer(request) as shared, opened_input(request) as source:
            file = decide(request, shared, source)
            outcome = _spread(file, machine, workers, place, resume=resume, summarize=summarize, tell=tell)
    if outcome.sums is not None and outcome.sums.words is not None:
        tell.remark(f"{request.input}: {outcome.sums.words}")
    if outcome.kept:
        tell.remark(f"{outcome.kept} tasks had been done already")
    return report_of(file, outcome.summary.result() if summarize else None, outcome.sums, outcome.seconds)


def _spread(
    file: FileRun,
    machine: Machine,
    workers: DaskWorkers,
    place: Place,
    *,
    resume: bool,
    summarize: bool,
    tell: Listener,
) -> _Outcome:
    """Have the tasks done."""
    units = _units(file, workers.count)
    resumable = Resumable(_all_that_decides(file, units), units.tasks) if resume else None
    outcome = _Outcome(file)
    with unfinished_store(file, units, resumable) as unfinished:
        job = StoreJob(
            name=f"conv2d-{token_hex(6)}",
            versions=versions_here(file.plan.engine),
            request=for_workers(file.request),
            parameters=digest_of_layer(file.shared),
            plan=_without_check(file.plan),
            input_shape=file.input.shape,
            input_dtype=file.input.dtype,
            units=units,
            chunks=unfinished.output.chunks,
            figures=summarize,
            records=resume,
            journal=unfinished.journal,
        )
        with workers.holding(job):
            # Parameters that are open count as what a worker holds.
            check_workers_memory(file, units, machine, workers, place)
            check_open(workers, job.name)
            tell.announce(file)
            _do_all(job, workers, unfinished.records, outcome, tell.advance)
        unfinished.output.seal(
            name for number in range(units.tasks) for name in names_of_files(job, units.unit(number))
        )
        # The output takes its name only when they are kept.
        keep_drawn(file)
    return outcome


def _do_all(
    job: StoreJob, workers: DaskWorkers, records: TaskRecords, outcome: _Outcome, advance: Callable[[int], None]
) -> None:
    def tasks() -> Iterator[Task]:
        for number in range(job.units.tasks):
            if not outcome.wants(job.units.first_image(number)):
                return
            yield number, records.known(number)

    started = perf_counter()
    for number, result in workers.results(job.name, tasks()):
        advance(outcome.add(number, result))
        if isinstance(result, Done) and result.record is not None:
            records.add(number, result.record)
    outcome.check()
    outcome.seconds = perf_counter() - started


def _without_check(plan: AnyPlan) -> AnyPlan:
    """Return a plan by which sums may overflow in one task: which of all is the first, no worker knows."""
    if isinstance(plan, integer.IntegerPlan) and plan.arithmetic.on_overflow == "error":
        return plan._replace(arithmetic=plan.arithmetic._replace(on_overflow="wrap"))
    return plan


def _units(file: FileRun, processes: int) -> Units:
    """Return how the output of a file is cut into tasks."""
    plan = file.plan
    geometry = plan.geometry
    sizes = geometry.batch, geometry.height.output, geometry.width.output
    if plan.tiling is not None:
        return Units(*sizes, plan.tiling, 1, *_tiles_of_a_task(file, plan.tiling))
    return Units(*sizes, together=images_of_a_task(geometry.batch, images_together(plan), processes))


def _tiles_of_a_task(file: FileRun, tiling: Tiling) -> tuple[int, int]:
    """Return how many tiles, down and across, are a task: those of a shard like the input's, if that has shards."""
    geometry, shard = file.plan.geometry, file.input.shard
    if shard is None:
        return 1, 1
    wanted = shard[1] // geometry.height.stride, shard[2] // geometry.width.stride
    image = geometry.height.output, geometry.width.output
    pixel_bytes = file.plan.output_bytes // max(1, geometry.batch * image[0] * image[1])
    return tiles_of_a_shard(tiling, wanted, image, pixel_bytes)


def _shard_bytes(file: FileRun, units: Units) -> int:
    """Return the bytes that a shard takes: its elements, and as they are written with their table."""
    if units.shard is None:
        return 0
    geometry = file.plan.geometry
    pixels = units.batch * geometry.height.output * geometry.width.output
    return 2 * file.plan.output_bytes * prod(units.shard) // pixels


def _all_that_decides(file: FileRun, units: Units) -> str:
    """Return what stands for all that decides the output of every task, but for the elements of the input."""
    words = file.shared.fingerprint, file.plan, file.input.shape, units, file.output_shape
    return blake2b(repr(words).encode(), digest_size=16).hexdigest()


def check_open(workers: DaskWorkers, name: str) -> None:
    """Check that every worker has the versions of a job, and can open its files.

    Raises:
        Conv2dError: one cannot, and what it says.
    """
    for address, fault in workers.on_each(partial(worker.lacks, name)).items():
        if isinstance(fault, Failed):
            raise FileError(f"the worker {address}: {fault.message}", fault.hint)
    for address, fault in workers.on_each(partial(worker.opens, name)).items():
        if isinstance(fault, Failed):
            told = fault.error
            hint = told.hint if workers.are_here else "give paths that all workers share, and may write"
            raise type(told)(f"the worker {address}: {told.message}", hint)


def check_workers_memory(file: FileRun, units: Units, machine: Machine, workers: DaskWorkers, place: Place) -> None:
    """Check that what one task takes fits into the memory of a worker, and those of this machine into that.

    Raises:
        MemoryLimitError: it does not.
    """
    resident = workers.resident()
    peak = peak_bytes(file, Machine(resident, None)) + _shard_bytes(file, units)
    limit = file.request.memory_limit or workers.granted()
    if limit is not None and peak > limit:
        raise MemoryLimitError(
            f"each worker takes about {peak} bytes, the limit is {limit}",
            f"--memory-limit {-(-peak // _STEP) * (_STEP >> 20)}MiB would do",
        )
    growth = (peak - resident) * workers.count
    if place.is_local and machine.available is not None and growth > machine.available:
        fitting = machine.available // max(1, peak - resident)
        raise MemoryLimitError(
            f"{workers.count} workers take about {growth} bytes more, the machine has {machine.available} to give",
            f"--workers {fitting}" if fitting else "--threads 1, or another machine",
        )
