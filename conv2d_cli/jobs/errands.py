"""Reads and writes that others do meanwhile, and the memory that all of them may take together.

Where the disk is quick, handing files from thread to thread takes longer than everything else: 0.75 ms for one of
12 KiB, against 0.19 ms in one thread.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Condition
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

from conv2d_cli.errors import Conv2dError, MemoryLimitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# A read or a write of so many seconds is left to a thread.
_SLOW = 0.002

Result = TypeVar("Result")


class Errands:
    """Reads or writes, done at once as long as they are quick, else by threads."""

    def __init__(self, threads: int) -> None:
        """Have so many threads, once they are needed; with none all are done at once."""
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
        except Conv2dError as error:
            future.set_exception(error)
        # A mean in which the last eight count most, and one slow file is not enough.
        self._seconds += (perf_counter() - started - self._seconds) / 8
        if self._threads and self._seconds > _SLOW:
            self._pool = ThreadPoolExecutor(self._threads)
        return future

    def end(self) -> None:
        """Wait for those that have begun, and forget the others."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)


class Budget:
    """Bytes that some may hold at a time: those who want more wait until others have given back."""

    def __init__(self, total: int | None, most: int | None) -> None:
        """Let all hold `total` bytes together, and one alone `most`; None is without a limit."""
        self._total, self._most = total, most
        self._held = 0
        self._changed = Condition()

    def take(self, size: int) -> None:
        """Wait until `size` bytes are free, or nobody else holds any, and take them.

        Raises:
            MemoryLimitError: they are more than one may have.
        """
        if self._most is not None and size > self._most:
            raise MemoryLimitError(
                f"this file takes about {size} bytes, of which there are {max(0, self._most)}",
                "convolve it by itself; --plan shows what it takes",
            )
        with self._changed:
            while self._held and self._total is not None and self._held + size > self._total:
                self._changed.wait()
            self._held += size

    @contextmanager
    def given_back(self, size: int, *, only_on_faults: bool = False) -> Iterator[None]:
        """Return a context after which `size` bytes are given back."""
        try:
            yield
        except BaseException:
            self._give(size)
            raise
        if not only_on_faults:
            self._give(size)

    def _give(self, size: int) -> None:
        with self._changed:
            self._held -= size
            self._changed.notify_all()
