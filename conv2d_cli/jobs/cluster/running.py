"""The tasks of a job that are on their way: some for each worker, those of dead workers again.

It talks to the client of Dask that it is given, and imports nothing of Dask itself.
"""

from __future__ import annotations

from asyncio import run_coroutine_threadsafe
from contextlib import suppress
from functools import partial
from itertools import islice
from queue import Empty, SimpleQueue
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from conv2d_cli.errors import FileError, MemoryLimitError
from conv2d_cli.jobs.cluster import worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.jobs.cluster.tasks import Task

# How long a scheduler is waited for, how long one without any worker, and how long tasks may take to end after Ctrl-C:
# less than what `cli/signals.py` grants.
CONNECT_SECONDS, _WORKER_SECONDS, ENDING_SECONDS = 10, 30, 1.0
# Tasks on their way for each process: what is sent and fetched together costs the client half a task by itself (1.5 ms
# of processor time for one of nothing, against 2.4 with half as many).
_TASKS_AHEAD = 8
# So many processes may die over one task before it is told: by another's hand, or since it takes their memory.
DEATHS = 20
# What Dask says of a task whose processes died.
_KILLED = "KilledWorker"


class Running:
    """The tasks that are on their way."""

    def __init__(self, client: Any, name: str) -> None:  # noqa: ANN401 - Dask has no types
        """Have none yet, of the job of that name."""
        self._client, self._name = client, name
        self._futures: dict[Any, tuple[Task, int]] = {}
        self._ended: SimpleQueue[Any] = SimpleQueue()
        self._workers, self._seen = 0, monotonic()
        self._look()

    def fill(self, waiting: Iterator[Task]) -> bool:
        """Submit tasks up to the number that may be on their way; return whether there are any."""
        room = _TASKS_AHEAD * max(1, self._workers) - len(self._futures)
        self._submit([*islice(waiting, max(0, room))], 0)
        return bool(self._futures)

    def done(self) -> Iterator[tuple[int, object]]:
        """Yield those that are done, once there are some or a second has passed."""
        try:
            ended = [self._ended.get(timeout=1.0)]
        except Empty:
            self._look()
            return
        with suppress(Empty):
            while True:
                ended.append(self._ended.get_nowait())
        finished = [future for future in ended if future.status == "finished"]
        results = self._fetched(finished)
        for future in ended:
            (number, known), tries = self._futures.pop(future)
            if future.status != "finished":
                self._again((number, known), tries, future)
            elif future.key not in results:
                self._submit([(number, known)], tries + 1)
            else:
                future.release()
                yield number, results[future.key]

    def _fetched(self, futures: list[Any]) -> dict[Any, object]:
        """Return the results of tasks by their keys, in one request; without those whose process died meanwhile."""
        if not futures:
            return {}
        gathering = self._client.gather(futures, errors="skip", asynchronous=True)
        fetching = run_coroutine_threadsafe(gathering, self._client.loop.asyncio_loop)
        try:
            found = fetching.result(CONNECT_SECONDS)
        except Exception:  # noqa: BLE001 - whatever Dask says of a process that is gone
            fetching.cancel()
            return {}
        # With errors left out nobody says whose result is whose.
        return dict(zip((future.key for future in futures), found, strict=True)) if len(found) == len(futures) else {}

    def cancel(self) -> None:
        """Have those that have not begun forgotten, and wait a little for the others."""
        if not self._futures:
            return
        with suppress(Exception):
            self._client.cancel([*self._futures], force=True)
            until = monotonic() + ENDING_SECONDS
            while monotonic() < until and any(self._client.processing().values()):
                sleep(0.02)

    def _submit(self, tasks: list[Task], tries: int) -> None:
        """Send tasks on their way, all of them at once: most of what one costs the client is its message."""
        if not tasks:
            return
        numbers, known = zip(*tasks, strict=True)
        if tries > DEATHS:
            raise FileError(
                f"task {numbers[0]} ended {tries} workers, or none of them could be reached",
                "the logs of the workers say more; fewer of them leave more memory for each",
            )
        keys = [(f"{self._name}-{tries}", number) for number in numbers]
        futures = self._client.map(partial(worker.do, self._name), numbers, known, key=keys, pure=False)
        for task, future in zip(tasks, futures, strict=True):
            self._futures[future] = task, tries
            future.add_done_callback(self._ended.put)

    def _again(self, task: Task, tries: int, future: Any) -> None:  # noqa: ANN401 - Dask has no types
        """Do a task again that ended its process; another fault is told.

        Raises:
            FileError: it is one of the worker, or the scheduler is gone.
        """
        error = future.exception(timeout=CONNECT_SECONDS) if future.status == "error" else None
        if type(error).__name__ == _KILLED:
            self._submit([task], tries + 1)
            return
        if error is None:
            raise FileError(
                "the connection to the scheduler was lost", "look after it, then the same line with --resume goes on"
            )
        raise not_done("a worker", error) from error

    def _look(self) -> None:
        """Look how many workers there are.

        Raises:
            FileError: for long there has been none.
        """
        with suppress(OSError, TimeoutError):
            self._workers = len(self._client.nthreads())
            if self._workers:
                self._seen = monotonic()
        if monotonic() - self._seen > _WORKER_SECONDS:
            raise FileError(
                f"the cluster has had no worker for {_WORKER_SECONDS} seconds",
                f"start one: dask worker {self._client.scheduler.address}",
            )


def not_done(address: str, error: BaseException) -> FileError | MemoryLimitError:
    """Return what is told of a fault of a worker that is none of ours."""
    if isinstance(error, MemoryError):
        return MemoryLimitError(f"{address} has not enough memory", "--memory-limit says what each may take")
    if isinstance(error, ImportError):
        return FileError(f"{address} has not what this needs: {error}", "install the same there as here")
    return FileError(f"{address}: {type(error).__name__}: {error}", "the log of the worker says more")
