"""The processes of a cluster, here or elsewhere, by the client of Dask that they are talked to through."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from conv2d_cli.errors import FileError
from conv2d_cli.jobs.cluster import worker
from conv2d_cli.jobs.cluster.resident import resident_bytes
from conv2d_cli.jobs.cluster.running import Running, not_done

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from conv2d_cli.jobs.cluster.tasks import Task, WorkerJob


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
        with _faults_of_the_cluster():
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
        """Return a context in which every process has a job, those that come later included.

        Raises:
            FileError: one of them cannot be given it.
        """
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
        with _faults_of_the_cluster():
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
def _faults_of_the_cluster() -> Iterator[None]:
    """Tell what Dask says of a process that cannot be asked: it is an OSError, and would be one of the output's."""
    try:
        yield
    except Exception as error:
        raise FileError(
            f"the workers cannot be reached any more: {str(error) or type(error).__name__}",
            "the same line again, with fewer workers if they have too little memory",
        ) from error
