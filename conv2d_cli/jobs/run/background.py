"""Background I/O: reads and writes that threads do meanwhile.

Where the disk is quick, handing files from thread to thread takes longer than everything else: 0.75 ms for one of
12 KiB, against 0.19 ms in one thread.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from time import perf_counter
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

# A read or a write that takes more seconds is left to a thread.
_SLOW = 0.002

Result = TypeVar("Result")


class BackgroundIO:
    """Reads or writes, done at once as long as they are quick, else by threads."""

    def __init__(self, threads: int) -> None:
        """Have this number of threads, once they are needed; with none all are done at once."""
        self._threads = threads
        self._pool: ThreadPoolExecutor | None = None
        self._seconds = 0.0

    @property
    def are_slow(self) -> bool:
        """Whether threads do them."""
        return self._pool is not None

    def start(self, function: Callable[..., Result], *arguments: object) -> Future[Result]:
        """Do one, or have it done; a fault is told when its result is asked for."""
        if self._pool is not None:
            return self._pool.submit(function, *arguments)
        future: Future[Result] = Future()
        started = perf_counter()
        try:
            future.set_result(function(*arguments))
        except Exception as error:  # noqa: BLE001 - raised where the result is asked for
            future.set_exception(error)
        # A mean in which the last eight count most, and one slow file is not enough.
        self._seconds += (perf_counter() - started - self._seconds) / 8
        if self._threads and self._seconds > _SLOW:
            self._pool = ThreadPoolExecutor(self._threads)
        return future

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        """Forget those that have not begun, and wait for the others, unless a signal ends it all: a disk may hang."""
        self.end(wait=kind is None or issubclass(kind, Exception))

    def end(self, *, wait: bool = True) -> None:
        """Forget those that have not begun, and wait for the others."""
        if self._pool is not None:
            self._pool.shutdown(wait=wait, cancel_futures=True)
