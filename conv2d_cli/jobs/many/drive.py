"""The two drivers of many files: one does them all, one says what would be done for each."""

from __future__ import annotations

import os
from errno import ENOENT
from time import perf_counter
from typing import TYPE_CHECKING

from conv2d_cli.arithmetic.counts import flops
from conv2d_cli.errors import Conv2dError, FileError
from conv2d_cli.jobs import run as single
from conv2d_cli.jobs.many.budget import budget_of
from conv2d_cli.jobs.many.checks import check_kind, fault_of, files_of, items_of, make_folders
from conv2d_cli.jobs.many.journal import Journal
from conv2d_cli.jobs.many.shared_layer import SharedLayer
from conv2d_cli.jobs.many.work import Listener, Work
from conv2d_cli.report.run import ManyReport, PlanReport
from conv2d_cli.tensors.replacement import synchronize_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conv2d_cli.jobs.request import Request


def run_many(request: Request, machine: single.Machine, *, resume: bool, tell: Listener) -> tuple[ManyReport, int]:
    """Convolve many files; return what was done, and the gravest exit code of the files that failed.

    As many are held at a time as the limit of the request lets, or half of what the machine can give; one that alone
    would take more than the limit, or than all of it, fails.

    Raises:
        FileError: there is no file, outputs exist and neither `force` nor `resume` is given, or the folder for them
            or its journal cannot be written.
        UsageError, DataError: an output would replace what is read, or the layer or its parameters are bad.
    """
    folder, items = items_of(request)
    # Faults of the layer are told once, before any file is read.
    layer = SharedLayer(request)
    folders = make_folders(folder, items, allowed=request.force or resume)
    started = perf_counter()
    with Journal(folder, (item.output for item in items), resume=resume) as journal:
        tell.total(len(items))
        work = Work(layer, journal, tell, budget_of(request, machine), resume=resume)
        work.do(items)
    code = max((*work.codes, *(_made_durable(parent, tell) for parent in folders)), default=0)
    report = ManyReport(
        files=len(items),
        written=work.written,
        skipped=work.skipped,
        failed=len(work.codes),
        seconds=perf_counter() - started,
        gflops=flops(work.macs) / work.computing / 1e9 if work.computing else None,
    )
    return report, code


def _made_durable(folder: Path, tell: Listener) -> int:
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


def plan_many(request: Request, machine: single.Machine) -> Iterator[tuple[Path, PlanReport | Conv2dError]]:
    """Yield what a run would do for each file, from its header alone, or what is wrong with it.

    Raises:
        FileError: there is no file.
        UsageError, DataError: the layer or its parameters are bad.
    """
    _, files = files_of(request)
    layer = SharedLayer(request)
    for path in files:
        try:
            check_kind(path, "read")
            one = layer.from_start()._replace(input=str(path), output=None)
            with single.opened(one, machine) as job:
                planned = single.plan_report(job)
        except (Conv2dError, OSError) as error:
            yield path, fault_of(path, error)
        else:
            yield path, planned
