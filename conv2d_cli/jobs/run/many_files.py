"""The driver of many files: each goes its way through a pipeline; or what would be done for each is told."""

from __future__ import annotations

import os
from errno import ENOENT
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

from conv2d_cli.arithmetic.counts import flops
from conv2d_cli.errors import Conv2dError, FileError
from conv2d_cli.jobs.run.budget import budget_of
from conv2d_cli.jobs.run.checks import check_kind, fault_of, files_of, items_of, make_folders
from conv2d_cli.jobs.run.journal import Journal
from conv2d_cli.jobs.run.one_file import planned
from conv2d_cli.jobs.run.pipeline import Pipeline
from conv2d_cli.jobs.run.request import checked_request
from conv2d_cli.jobs.run.shared_layer import SharedLayer
from conv2d_cli.report.run import ManyReport, PlanReport
from conv2d_cli.tensors.replacement import synchronize_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conv2d_cli.jobs.run.memory import Machine
    from conv2d_cli.jobs.run.pipeline import Listener
    from conv2d_cli.jobs.run.request import Request


def run_many(request: Request, machine: Machine, *, resume: bool, tell: Listener) -> tuple[ManyReport, int]:
    """Convolve many files; return what was done, and the gravest exit code of the files that failed.

    As many are held at a time as the limit of the request lets, or half of what the machine can give; one that alone
    would take more than the limit, or than all of it, fails.

    Raises:
        FileError: there is no file, outputs exist and neither `force` nor `resume` is given, or the folder for them
            or its journal cannot be written.
        UsageError, DataError: an output would replace what is read, or the layer or its parameters are bad.
    """
    folder, items = items_of(request)
    request = checked(request)
    with SharedLayer(request, inputs=len(items)) as shared:
        # Faults of the layer are told once, before any file is read.
        shared.check()
        folders = make_folders(folder, items, allowed=request.force or resume)
        started = perf_counter()
        with Journal(folder, (item.output for item in items), resume=resume) as journal:
            tell.total(len(items))
            files = Pipeline(request, shared, journal, tell, budget_of(request, machine), resume=resume)
            files.do(items)
    code = max((*files.codes, *(made_durable(parent, tell) for parent in folders)), default=0)
    return report_of(files, len(items), perf_counter() - started), code


class Outcome(Protocol):
    """What has become of files: how many were written or there already, exit codes of others, work and its seconds."""

    written: int
    skipped: int
    codes: list[int]
    macs: int
    seconds: float


def report_of(outcome: Outcome, files: int, seconds: float) -> ManyReport:
    """Return the report of a number of files that took this time."""
    return ManyReport(
        files=files,
        written=outcome.written,
        skipped=outcome.skipped,
        failed=len(outcome.codes),
        seconds=seconds,
        gflops=flops(outcome.macs) / outcome.seconds / 1e9 if outcome.seconds else None,
    )


def made_durable(folder: Path, tell: Listener) -> int:
    """Make new names in a folder last; return the exit code that it means where the folder is gone, which is told."""
    try:
        if not folder.is_dir():
            raise FileNotFoundError(ENOENT, os.strerror(ENOENT))
        synchronize_folder(folder)
    except OSError as error:
        fault = FileError(f"cannot write {folder}: {error.strerror}", "leave the folder alone while the job runs")
        tell.failed(folder, fault)
        return fault.exit_code
    return 0


def plan_many(request: Request, machine: Machine) -> Iterator[tuple[Path, PlanReport | Conv2dError]]:
    """Yield what a run would do for each file, from its header alone, or what is wrong with it.

    Raises:
        FileError: there is no file.
        UsageError, DataError: the layer or its parameters are bad.
    """
    _, files = files_of(request)
    request = checked(request)
    with SharedLayer(request, inputs=len(files)) as shared:
        shared.check()
        for path in files:
            try:
                check_kind(path, "read")
                _, report = planned(request._replace(input=str(path), output=None), shared, machine)
            except (Conv2dError, OSError) as error:
                yield path, fault_of(path, error)
            else:
                yield path, report


def checked(request: Request) -> Request:
    """Return a checked request; its outputs, of which there are many, have checks of their own."""
    return checked_request(request._replace(output=None))._replace(output=request.output)
