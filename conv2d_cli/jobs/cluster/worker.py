"""What runs in a process of a cluster: jobs that it was given, of which the last that it worked on is open."""

from __future__ import annotations

from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING

from conv2d_cli.errors import Conv2dError, FileError
from conv2d_cli.jobs.cluster.tasks import Failed, failed
from conv2d_cli.jobs.cluster.versions import check_versions

if TYPE_CHECKING:
    from conv2d_cli.jobs.cluster.tasks import OpenedJob, WorkerJob

_jobs: dict[str, WorkerJob] = {}
_opened: dict[str, OpenedJob] = {}
# A worker of Dask may have several threads: its memory is counted for one task.
_one_at_a_time = Lock()


def hold(job: WorkerJob) -> None:
    """Keep a job for the tasks that will come."""
    _jobs[job.name] = job


def forget(name: str) -> None:
    """Close a job, whose tasks have all been done."""
    _jobs.pop(name, None)
    with _one_at_a_time:
        _close(name)


def lacks(name: str) -> Failed | None:
    """Return what is wrong with the versions that are installed here; None if all are those of the client."""
    try:
        check_versions(_jobs[name].versions)
    except FileError as error:
        return failed(error)
    return None


def opens(name: str) -> Failed | None:
    """Open a job before its first task, and return what is wrong with its files here."""
    try:
        with _one_at_a_time:
            _job(name)
    except (Conv2dError, OSError) as error:
        return failed(_told(error))
    return None


def do(name: str, number: int, known: object) -> object:
    """Do a task of a job, and return what came out, or what is wrong."""
    try:
        with _one_at_a_time:
            return _job(name).do(number, known)
    except (Conv2dError, OSError, MemoryError) as error:
        return failed(_told(error))


def _job(name: str) -> OpenedJob:
    if name not in _opened:
        for other in tuple(_opened):
            _close(other)
        _opened[name] = _jobs[name].opened()
    return _opened[name]


def _close(name: str) -> None:
    job = _opened.pop(name, None)
    if job is not None:
        with suppress(OSError):
            job.close()


def _told(error: Exception) -> Conv2dError:
    if isinstance(error, Conv2dError):
        return error
    if isinstance(error, MemoryError):
        from conv2d_cli.errors import MemoryLimitError

        return MemoryLimitError("a worker has not enough memory for a tile", "fewer workers, or --threads 1")
    what = "a file" if not isinstance(error, OSError) or error.filename is None else str(error.filename)
    return FileError(f"cannot read or write {what}: {getattr(error, 'strerror', None) or error}", None)
