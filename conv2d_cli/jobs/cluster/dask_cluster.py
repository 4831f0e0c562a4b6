"""A cluster by Dask: processes of this machine, or those of a scheduler that is there. No other file knows Dask.

https://distributed.dask.org. Its own logs and warnings are silenced: what matters of them becomes an error of ours.
"""

from __future__ import annotations

import json
import logging
import os
import signal
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from multiprocessing import resource_tracker
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from threading import Thread
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli import __version__
from conv2d_cli.errors import FileError, MissingExtraError
from conv2d_cli.jobs.cluster import worker
from conv2d_cli.jobs.cluster.resident import resident_bytes
from conv2d_cli.jobs.cluster.running import CONNECT_SECONDS, DEATHS, ENDING_SECONDS, Running, not_done

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from conv2d_cli.jobs.cluster.tasks import Task, WorkerJob

_LOOPBACK = "127.0.0.1"
# How long workers that are starting may take to do so after Ctrl-C, and all to end.
_START_SECONDS = 2.5
# The variables of Dask, as its files of settings, say which certificates there are.
_TLS = "DASK_DISTRIBUTED__COMM__TLS__"
_OURS = "python", "dask", "distributed"
_LOGGERS = "distributed", "tornado", "bokeh", "asyncio"


class Place(NamedTuple):
    """Where the processes are: `workers` of this machine, or those of the scheduler at `address` or of a file."""

    workers: int | None = None
    address: str | None = None
    file: str | None = None

    @property
    def is_local(self) -> bool:
        """Whether they are started here."""
        return self.workers is not None


@contextmanager
def cluster(place: Place, *, threads: int | None, memory_limit: int | None) -> Iterator[DaskWorkers]:
    """Return a context with the processes of a cluster, each of which computes with `threads`.

    On this machine all of them listen on 127.0.0.1 alone, each may take `memory_limit` bytes, and none is left behind.

    Raises:
        MissingExtraError: Dask is not installed.
        FileError: the scheduler cannot be reached or has no workers, or one of them has not what we have.
    """
    _load()
    with ExitStack() as stack:
        if place.is_local:
            workers = stack.enter_context(_local(place.workers or 1, threads or 1, memory_limit))
        else:
            workers = stack.enter_context(_remote(_address(place), threads))
        yield workers


def _load() -> None:
    """Import Dask, and keep it from stderr."""
    try:
        import dask

        # Before distributed is imported, which opens its logs then.
        dask.config.set({"logging": dict.fromkeys(_LOGGERS, "critical")})
        import distributed  # noqa: F401 - it is imported where it is used
    except ImportError as error:
        raise MissingExtraError("--workers and --scheduler", "dask") from error
    # Some have a way to stderr of their own.
    opened = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in _LOGGERS]
    for name in (*_LOGGERS, *opened):
        logger = logging.getLogger(name)
        logger.handlers[:] = [logging.NullHandler()]
        logger.propagate = False
        logger.setLevel(logging.CRITICAL + 1)


class DaskWorkers:
    """The processes of a cluster, by the client of Dask."""

    def __init__(
        self,
        client: Any,  # noqa: ANN401 - Dask has no types
        threads: int | None,
        dashboard: str | None,
        stop: Callable[[], None] | None = None,
    ) -> None:
        """Take a client; `threads` None is what every process was given, `stop` ends those that were started here."""
        self._client, self._stop, self._stopped = client, stop, False
        self.dashboard, self.are_here = dashboard, stop is not None
        self.threads = threads or min(client.nthreads().values(), default=1)

    @property
    def count(self) -> int:
        """The number of processes."""
        return len(self._client.nthreads())

    def on_each(self, function: Callable[..., Any], *arguments: object) -> Mapping[str, Any]:
        """Call a function in every process, and return its results by their addresses.

        Raises:
            FileError: one of them cannot be asked.
        """
        answers: dict[str, Any] = self._client.run(function, *arguments, on_error="return")
        for address, answer in answers.items():
            if isinstance(answer, BaseException):
                raise not_done(address, answer) from answer
        return answers

    def resident(self) -> int:
        """Return the memory in bytes that a process holds, of that which holds most."""
        return max(self.on_each(resident_bytes).values(), default=0)

    def granted(self) -> int | None:
        """Return the memory in bytes that each may take by the cluster's own settings; None without a limit."""
        limits = [one["memory_limit"] for one in self._client.scheduler_info()["workers"].values()]
        return min((limit for limit in limits if limit), default=None)

    @contextmanager
    def holding(self, job: WorkerJob) -> Iterator[None]:
        """Return a context in which every process has a job, those that come later included."""
        from distributed import WorkerPlugin

        class Holding(WorkerPlugin):  # type: ignore[misc]
            """Gives a process the job when it comes, and takes it away in the end."""

            def setup(self, worker: object) -> None:
                del worker
                hold(job)

            def teardown(self, worker: object) -> None:
                del worker
                forget(job.name)

        hold, forget = worker.hold, worker.forget
        self._client.register_plugin(Holding(), name=job.name)
        try:
            yield
        except BaseException:
            self.stop()
            raise
        finally:
            if not self._stopped:
                with suppress(Exception):
                    self._client.unregister_worker_plugin(job.name)

    def stop(self) -> None:
        """End the processes that were started here at once: what they do is wanted no more."""
        if self._stop is not None:
            self._stopped = True
            self._stop()

    def results(self, job: str, tasks: Iterable[Task]) -> Iterator[tuple[int, object]]:
        """Yield numbers and results of tasks as they come; a process that dies has its tasks done by another.

        Tasks are taken as processes become free, so that there may be millions.

        Raises:
            FileError: there are no processes any more, or a task ended several of them.
        """
        running = Running(self._client, job)
        waiting = iter(tasks)
        try:
            while running.fill(waiting):
                yield from running.done()
        except BaseException:
            self.stop()
            raise
        finally:
            if not self._stopped:
                running.cancel()


@contextmanager
def _local(count: int, threads: int, memory_limit: int | None) -> Iterator[DaskWorkers]:
    """Return a context with processes of this machine, which nobody else can reach but its own users."""
    import dask
    from distributed import Client, LocalCluster, Security

    scratch = mkdtemp(prefix="conv2d-dask-")
    environment = {
        **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads)),
        # One heap for all threads, as `cli/machine.py` has it for a run here.
        "MALLOC_ARENA_MAX": "1",
        "PYTHONWARNINGS": "ignore",
        **{f"DASK_LOGGING__{name.upper()}": "critical" for name in _LOGGERS},
    }
    settings = {
        "temporary-directory": scratch,
        "distributed.nanny.pre-spawn-environ": environment,
        "distributed.comm.require-encryption": False,
        "distributed.scheduler.allowed-failures": DEATHS,
        "distributed.worker.profile.enabled": False,
        # A task takes what was planned, and frees it: nothing is spilled, and the limit is the limit.
        **dict.fromkeys((f"distributed.worker.memory.{name}" for name in ("target", "spill", "pause")), False),
        "distributed.worker.memory.terminate": 1.0,
    }
    started: list[Any] = []

    # Before that thread: this would let its signals through again.
    resource_tracker.ensure_running()

    def start() -> None:
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
                    memory_limit=memory_limit or 0,
                    silence_logs=logging.CRITICAL + 1,
                    security=Security(require_encryption=False),
                )
            )
        except Exception as error:  # noqa: BLE001 - told below, whatever Dask says
            started.append(error)

    try:
        with dask.config.set(settings):
            thread = Thread(target=start, daemon=True)
            thread.start()
            try:
                thread.join()
                local = _checked(started[0])
                client = Client(local, timeout=CONNECT_SECONDS, set_as_default=False)
                dashboard = local.dashboard_link if _has_bokeh() else local.dashboard_link.replace("status", _PAGES)
                yield DaskWorkers(client, threads, dashboard, partial(_kill, started))
                client.close()
                local.close(timeout=CONNECT_SECONDS)
            except BaseException:
                # Also while they start: one that is left alone then would say so on stderr.
                thread.join(_START_SECONDS)
                _kill(started)
                raise
    finally:
        _remove(Path(scratch))


def _remove(folder: Path) -> None:
    """Remove a folder in which processes that are ending may still make files."""
    until = monotonic() + ENDING_SECONDS
    while folder.is_dir() and monotonic() < until:
        rmtree(folder, ignore_errors=True)
        sleep(0.01)


def _checked(local: Any) -> Any:  # noqa: ANN401 - Dask has no types
    """Return a cluster that has started.

    Raises:
        FileError: it has not.
    """
    if isinstance(local, Exception):
        raise FileError(f"the workers do not start: {local}", "fewer of them, or none") from local
    return local


# What the scheduler shows without bokeh.
_PAGES = "info/main/workers.html"


def _has_bokeh() -> bool:
    from importlib.util import find_spec

    return find_spec("bokeh") is not None


def _pids(local: Any) -> list[int]:  # noqa: ANN401 - Dask has no types
    return [nanny.pid for nanny in local.workers.values() if nanny.pid is not None]


def _kill(started: list[Any]) -> None:
    """End the processes of a cluster of this machine at once: what they do is wanted no more."""
    from distributed.core import Status

    for local in started:
        for nanny in getattr(local, "workers", {}).values():
            # It starts none again then.
            nanny.status = Status.closing
            pid = nanny.pid
            if pid is not None:
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
        until = monotonic() + ENDING_SECONDS
        while monotonic() < until and hasattr(local, "workers") and _pids(local):
            sleep(0.01)


def _address(place: Place) -> str:
    """Return the address of a scheduler, which may stand in the file that it wrote.

    Raises:
        FileError: the file cannot be read, or says none.
    """
    if place.address is not None:
        return place.address
    path = Path(place.file or "")
    try:
        address = json.loads(path.read_text("utf-8"))["address"]
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}", "the scheduler writes it: --scheduler-file") from error
    except (ValueError, KeyError, TypeError) as error:
        raise FileError(
            f"{path}: it says no address of a scheduler", f"dask scheduler --scheduler-file {path} writes it"
        ) from error
    return str(address)


@contextmanager
def _remote(address: str, threads: int | None) -> Iterator[DaskWorkers]:
    """Return a context with the workers of a scheduler, by Dask's own settings of certificates."""
    from distributed import Client

    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except Exception as error:
        why = str(error) or type(error).__name__
        hint = "is the scheduler running there, and is its port 8786?"
        if address.startswith("tls"):
            why = "there are no certificates for it" if "ssl_context" in why else why
            hint = f"{_TLS}CA_FILE, {_TLS}CLIENT__CERT and {_TLS}CLIENT__KEY name them"
        raise FileError(f"cannot reach the scheduler {address}: {why}", hint) from error
    try:
        with suppress(Exception):
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        if not client.nthreads():
            raise FileError(f"the scheduler {address} has no workers", f"start one: dask worker {address}")
        _check_same(client)
        yield DaskWorkers(client, threads, client.dashboard_link)
    finally:
        with suppress(Exception):
            client.close(timeout=ENDING_SECONDS / 2)


def _check_same(client: Any) -> None:  # noqa: ANN401 - Dask has no types
    """Check that every worker has what we have; Python and Dask first, without which no other question arrives.

    Raises:
        FileError: one has not.
    """
    found = client.get_versions()
    ours = _versions(found["client"])
    for address, one in found["workers"].items():
        _check_versions(address, ours, _versions(one))

    # Defined here, so that it is sent whole to a worker that may have no conv2d.
    def installed() -> dict[str, str | None]:
        import sys
        from importlib import import_module

        versions: dict[str, str | None] = {}
        for name in ("conv2d_cli", "numpy", "zarr"):
            try:
                versions[name] = str(import_module(name).__version__)
            except ImportError:
                versions[name] = None
        return versions | {"path": sys.executable}

    ours = installed()
    for address, theirs in client.run(installed).items():
        path = theirs.pop("path")
        if theirs["conv2d_cli"] is None:
            raise FileError(
                f"the worker {address} has no conv2d", f"there, {path} -m pip install 'conv2d-cli[dask]=={__version__}'"
            )
        _check_versions(address, ours, theirs)


def _versions(found: Mapping[str, Any]) -> dict[str, str | None]:
    packages = {name: found["packages"].get(name) for name in _OURS}
    return packages | {"python": ".".join(found["host"]["python"].split(".")[:2])}


def _check_versions(address: str, ours: Mapping[str, str | None], theirs: Mapping[str, str | None]) -> None:
    for name, version in theirs.items():
        if version != ours[name]:
            what = "conv2d" if name == "conv2d_cli" else name
            raise FileError(
                f"the worker {address} has {what} {version or 'not installed'}, and here it is {ours[name]}",
                f"install {what} {ours[name]} there, or {version or 'the same'} here",
            )
