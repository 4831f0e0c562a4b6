"""The driver of many files on a cluster: each is a task, and the journal and the faults are those of a run here."""

from __future__ import annotations

from secrets import token_hex
from time import perf_counter
from typing import TYPE_CHECKING

from conv2d_cli.engine.api import costs_in_use
from conv2d_cli.jobs.cluster.dask_cluster import cluster
from conv2d_cli.jobs.cluster.files_job import FileDone, FilesJob, FileTask
from conv2d_cli.jobs.cluster.parameters import digest_of_files
from conv2d_cli.jobs.cluster.requests import check_for_cluster, for_workers
from conv2d_cli.jobs.cluster.store_run import check_open
from conv2d_cli.jobs.cluster.tasks import Failed
from conv2d_cli.jobs.cluster.versions import versions_here
from conv2d_cli.jobs.run.checks import items_of, make_folders
from conv2d_cli.jobs.run.journal import Journal
from conv2d_cli.jobs.run.many_files import checked, made_durable, report_of
from conv2d_cli.jobs.run.shared_layer import SharedLayer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from conv2d_cli.jobs.cluster.dask_cluster import Place
    from conv2d_cli.jobs.cluster.dask_workers import DaskWorkers
    from conv2d_cli.jobs.cluster.tasks import Task
    from conv2d_cli.jobs.run.checks import Item
    from conv2d_cli.jobs.run.memory import Machine
    from conv2d_cli.jobs.run.pipeline import Listener
    from conv2d_cli.jobs.run.request import Request
    from conv2d_cli.report.run import ManyReport


class _Outcome:
    """What has become of the files so far."""

    def __init__(self, tell: Listener) -> None:
        self._tell, self._said = tell, set[str]()
        self.written = self.skipped = self.macs = 0
        self.seconds = 0.0
        self.codes: list[int] = []

    def add(self, item: Item, done: object) -> FileDone | None:
        fault = done if isinstance(done, Failed) else done.fault if isinstance(done, FileDone) else None
        if fault is not None:
            self.codes.append(fault.exit_code)
            self._tell.failed(item.source, fault.error)
        self._tell.advance(1)
        if not isinstance(done, FileDone):
            return None
        self.written += done.written
        self.skipped += done.skipped
        self.macs += done.macs
        self.seconds += done.seconds
        for words in done.remarks:
            if words not in self._said:
                self._said.add(words)
                self._tell.remark(words)
        return done


def run_many(
    request: Request,
    machine: Machine,
    place: Place,
    *,
    resume: bool,
    tell: Listener,
    dashboard: Callable[[str | None], None],
) -> tuple[ManyReport, int]:
    """Convolve many files on a cluster; return what was done, and the gravest exit code of the files that failed.

    Each worker takes the memory limit of the request, and computes with its threads or else with those that it has: one
    on this machine.

    Raises:
        UsageError, FileError, DataError: as `run_many` of files here; and FileError where there is no such cluster.
    """
    check_for_cluster(request)
    folder, items = items_of(request)
    request = checked(request)
    with SharedLayer(request) as shared:
        shared.check()
    folders = make_folders(folder, items, allowed=request.force or resume)
    started = perf_counter()
    with (
        Journal(folder, (item.output for item in items), resume=resume) as journal,
        cluster(place, threads=request.threads, memory_limit=request.memory_limit) as workers,
    ):
        dashboard(workers.dashboard)
        available = None if machine.available is None or not place.is_local else machine.available // workers.count
        job = FilesJob(
            name=f"conv2d-{token_hex(6)}",
            versions=versions_here(request.engine),
            request=for_workers(request._replace(threads=workers.threads, output=None)),
            parameters=digest_of_files(request),
            costs=costs_in_use(),
            folder=str(folder.absolute()),
            resume=resume or request.force,
            available=available or workers.granted(),
        )
        tell.total(len(items))
        outcome = _Outcome(tell)
        with workers.holding(job):
            check_open(workers, job.name)
            _do_all(job, items, workers, journal, outcome)
    codes = [*outcome.codes, *(made_durable(parent, tell) for parent in folders)]
    return report_of(outcome, len(items), perf_counter() - started), max(codes, default=0)


def _do_all(job: FilesJob, items: Sequence[Item], workers: DaskWorkers, journal: Journal, outcome: _Outcome) -> None:
    def tasks() -> Iterator[Task]:
        for number, (source, output) in enumerate(items):
            known = journal.records_of(output) if job.resume else ()
            yield number, FileTask(str(source.absolute()), str(output.absolute()), known)

    for number, result in workers.results(job.name, tasks()):
        done = outcome.add(items[number], result)
        if done is not None and done.record is not None:
            fingerprint, content = done.record
            journal.add(items[number].output, fingerprint, content)
