"""Threads: how many BLAS may use while a convolution runs, and Python threads that share out its blocks."""

from __future__ import annotations

import os
import threading
from collections import deque
from contextlib import nullcontext, suppress
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from conv2d_cli.engine.scratch import Scratch, split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from concurrent.futures import Future
    from contextlib import AbstractContextManager

    from conv2d_cli.engine.plan import Plan

Job = TypeVar("Job")


@cache
def _blas_libraries() -> list[Any]:
    """Return the controllers of NumPy's BLAS libraries; finding them takes longer than a small convolution."""
    from threadpoolctl import ThreadpoolController

    libraries: list[Any] = ThreadpoolController().select(user_api="blas").lib_controllers
    return libraries


def threads_for(asked: int | None) -> int:
    """Return how many threads to use: those asked for, else as many as BLAS was given."""
    return _given_threads() if asked is None else asked


@cache
def _given_threads() -> int:
    """Return the threads that BLAS had when it was first looked at: by its variables, else the processors."""
    return max((int(library.num_threads or 1) for library in _blas_libraries()), default=1)


class _BlasThreads:
    """The number of BLAS threads, a setting of the whole process: calls that need one share it.

    A call that needs more, or another number, waits until the others have ended; the last one restores what was there.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._holders = 0
        self._held = 0
        self._before: list[int] = []

    def held_at(self, threads: int | None) -> AbstractContextManager[None]:
        """Return a context in which BLAS has so many threads; None leaves them as they are."""
        return nullcontext() if threads is None else _Hold(self, threads)

    def take(self, threads: int) -> None:
        """Wait until the number may be set, and set it."""
        with self._changed:
            while self._holders and (self._held != threads or threads > 1):
                self._changed.wait()
            if not self._holders:
                self._before = [library.get_num_threads() for library in _blas_libraries()]
                self._held = threads
                self._change(self._before, [threads] * len(self._before))
            self._holders += 1

    def give_back(self) -> None:
        """Restore what was there when the first holder came, if this is the last."""
        with self._changed:
            self._holders -= 1
            if not self._holders:
                self._change([self._held] * len(self._before), self._before)
                self._changed.notify_all()

    @staticmethod
    def _change(present: list[int], wanted: list[int]) -> None:
        if present == wanted:
            return
        for library, number in zip(_blas_libraries(), wanted, strict=True):
            # threadpoolctl ignores all threads but the first that set a number, until it is told to forget that one.
            forget = getattr(library, "clear_controlling_thread", None)
            if forget is not None:
                forget(force=True)
            library.set_num_threads(number)


class _Hold:
    """One holder, as a context: `contextlib.contextmanager` takes as long as the rest."""

    def __init__(self, blas: _BlasThreads, threads: int) -> None:
        self._blas, self._threads = blas, threads

    def __enter__(self) -> None:
        self._blas.take(self._threads)

    def __exit__(self, *_: object) -> None:
        self._blas.give_back()


blas_threads = _BlasThreads()


class _Helpers:
    """Python threads that help the calling one.

    A thread that is woken may start on the processor of the one that woke it, and stay there for milliseconds although
    another is idle: two products of 1.2 ms took 2.6 ms side by side. So helpers keep off the caller's processor, which
    is up to the system to choose: with that hint the same two took 1.4 ms.
    """

    def __init__(self, number: int) -> None:
        """Start so many threads, when they are first needed."""
        from concurrent.futures import ThreadPoolExecutor

        self._pool = ThreadPoolExecutor(number, thread_name_prefix="conv2d", initializer=self._enter)
        self._number = number
        self._threads: list[int] = []
        self._places: set[int] = set()

    def submit(self, work: Callable[..., None], *given: object) -> Future[None]:
        """Have one of them do `work`."""
        return self._pool.submit(work, *given)

    def keep_elsewhere(self) -> None:
        """Keep the threads off the caller's processor, where there are enough others."""
        processor = _current_processor()
        if processor is None:
            return
        allowed = os.sched_getaffinity(0)
        others = allowed - {processor}
        places = others if len(others) >= self._number else allowed
        if places == self._places:
            return
        self._places = places
        for thread in self._threads:
            _place(thread, places)

    def _enter(self) -> None:
        self._threads.append(threading.get_native_id())
        if self._places:
            _place(0, self._places)


def _place(thread: int, processors: set[int]) -> None:
    # It may have ended, or the processors may have been taken away: then the system chooses.
    with suppress(OSError):
        os.sched_setaffinity(thread, processors)


@cache
def _processor_reader() -> Callable[[], int] | None:
    """Return the C library's `sched_getcpu`; None where there is none, or threads cannot be placed."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    from ctypes import CDLL

    reader: Callable[[], int] | None = getattr(CDLL(None), "sched_getcpu", None)
    return reader


def _current_processor() -> int | None:
    reader = _processor_reader()
    return None if reader is None else reader()


_helpers = cache(_Helpers)
if hasattr(os, "register_at_fork"):
    # A forked process has none of its parent's threads.
    os.register_at_fork(after_in_child=_helpers.cache_clear)


def share_out(jobs: Iterable[Job], plan: Plan, work_of: Callable[[Scratch], Callable[[Job], None]]) -> None:
    """Do every job, on as many threads as the plan says; `work_of` makes each thread's way of doing one."""
    do_all(jobs, [partial(work_of, scratch) for scratch in split(plan.layout.worker_bytes, plan.workers)])


def do_all(jobs: Iterable[Job], makers: Sequence[Callable[[], Callable[[Job], None]]]) -> None:
    """Do every job, on one thread for each of `makers`, which returns that thread's way of doing one."""
    if len(makers) == 1:
        work = makers[0]()
        for job in jobs:
            work(job)
        return
    waiting = deque(jobs)

    def drain(work: Callable[[Job], None]) -> None:
        # NumPy's error state belongs to a thread.
        with np.errstate(all="ignore"):
            while True:
                try:
                    job = waiting.popleft()
                except IndexError:
                    return
                work(job)

    pool = _helpers(len(makers) - 1)
    pool.keep_elsewhere()
    # Made here, one after another: threads that do many short calls at the same time wait for the interpreter's lock.
    helpers = [pool.submit(drain, make()) for make in makers[1 : len(waiting)]]
    try:
        drain(makers[0]())
    finally:
        # On a fault or Ctrl-C the others stop at their next job: nothing may write to `out` after this returns.
        waiting.clear()
        for helper in helpers:
            helper.result()
