"""Processes of this machine by Dask, which nobody else can reach, and which all end with ours."""

from __future__ import annotations

import logging
import os
import signal
from contextlib import contextmanager, suppress
from functools import partial
from importlib.util import find_spec
from multiprocessing import resource_tracker
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from threading import Thread
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from conv2d_cli.errors import FileError
from conv2d_cli.jobs.cluster.dask_workers import DaskWorkers
from conv2d_cli.jobs.cluster.running import CONNECT_SECONDS, DEATHS, ENDING_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

LOGGERS = "distributed", "tornado", "bokeh", "asyncio"
_LOOPBACK = "127.0.0.1"
# How long workers that are starting may take to do so after Ctrl-C, and all to end.
_START_SECONDS = 2.5
# Dask ends a process that holds more than its limit. One that has just started may, and then nobody could say that the
# limit is too small: from here on Dask looks after it, below what a task takes is counted first.
_LEAST_LIMIT = 256 << 20


@contextmanager
def local(count: int, threads: int, memory_limit: int | None) -> Iterator[DaskWorkers]:
    """Return a context with processes of this machine, which nobody else can reach but its own users.

    Raises:
        FileError: they do not start.
    """
    import dask
    from distributed import Client

    scratch = mkdtemp(prefix="conv2d-dask-")
    started: list[Any] = []
    # Before that thread: this would let its signals through again.
    resource_tracker.ensure_running()
    try:
        with dask.config.set(_settings(scratch, threads)):
            thread = Thread(target=_start, args=(started, scratch, count, memory_limit), daemon=True)
            thread.start()
            try:
                thread.join()
                processes = _checked(started[0])
                client = Client(processes, timeout=CONNECT_SECONDS, set_as_default=False)
                yield DaskWorkers(client, threads, _dashboard(processes), partial(_kill, started))
                client.close()
                processes.close(timeout=CONNECT_SECONDS)
            except BaseException:
                # Also while they start: one that is left alone then would say so on stderr.
                thread.join(_START_SECONDS)
                _kill(started)
                raise
    finally:
        _remove(Path(scratch))


def _settings(scratch: str, threads: int) -> dict[str, object]:
    """Return the settings of Dask for processes that compute with `threads` each and keep their files in `scratch`."""
    environment = {
        **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads)),
        # One heap for all threads, as `cli/machine.py` has it for a run here.
        "MALLOC_ARENA_MAX": "1",
        "PYTHONWARNINGS": "ignore",
        **{f"DASK_LOGGING__{name.upper()}": "critical" for name in LOGGERS},
    }
    return {
        "temporary-directory": scratch,
        "distributed.nanny.pre-spawn-environ": environment,
        "distributed.comm.require-encryption": False,
        "distributed.scheduler.allowed-failures": DEATHS,
        "distributed.worker.profile.enabled": False,
        # A task takes what was planned, and frees it: nothing is spilled, and the limit is the limit.
        **dict.fromkeys((f"distributed.worker.memory.{name}" for name in ("target", "spill", "pause")), False),
        "distributed.worker.memory.terminate": 1.0,
    }


def _start(started: list[Any], scratch: str, count: int, memory_limit: int | None) -> None:
    """Start the processes, in a thread of their own, and put them into `started`, or why they do not start."""
    from distributed import LocalCluster, Security

    # Ctrl-C of a terminal goes to all processes: ours alone answers it, and ends the others.
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP, signal.SIGQUIT})
    try:
        started.append(
            LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                host=_LOOPBACK,
                protocol="tcp://",
                dashboard_address=f"{_LOOPBACK}:0",
                local_directory=scratch,
                memory_limit=max(memory_limit, _LEAST_LIMIT) if memory_limit else 0,
                silence_logs=logging.CRITICAL + 1,
                security=Security(require_encryption=False),
            )
        )
    except Exception as error:  # noqa: BLE001 - told by `_checked`, whatever Dask says
        started.append(error)


def _remove(folder: Path) -> None:
    """Remove a folder in which processes that are ending may still make files."""
    until = monotonic() + ENDING_SECONDS
    while folder.is_dir() and monotonic() < until:
        rmtree(folder, ignore_errors=True)
        sleep(0.01)


def _checked(processes: Any) -> Any:  # noqa: ANN401 - Dask has no types
    """Return processes that have started.

    Raises:
        FileError: they have not.
    """
    if isinstance(processes, Exception):
        raise FileError(f"the workers do not start: {processes}", "fewer of them, or none") from processes
    return processes


def _dashboard(processes: Any) -> str:  # noqa: ANN401 - Dask has no types
    """Return the link to what the scheduler shows: pages without charts where there is no bokeh."""
    link: str = processes.dashboard_link
    return link if find_spec("bokeh") else link.replace("status", "info/main/workers.html")


def _pids(processes: Any) -> list[int]:  # noqa: ANN401 - Dask has no types
    return [nanny.pid for nanny in processes.workers.values() if nanny.pid is not None]


def _kill(started: list[Any]) -> None:
    """End the processes of a cluster of this machine at once: what they do is wanted no more."""
    from distributed.core import Status

    for processes in started:
        if isinstance(processes, Exception):
            continue
        # Dask would wait for those that are closing, 10 seconds at the end of this process.
        processes.shutdown_on_close = False
        for nanny in processes.workers.values():
            # It starts none again then.
            nanny.status = Status.closing
            pid = nanny.pid
            if pid is not None:
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
        until = monotonic() + ENDING_SECONDS
        while monotonic() < until and _pids(processes):
            sleep(0.01)
