"""Python threads that share out the blocks of a convolution."""

from __future__ import annotations

import os
import threading
from collections import deque
from contextlib import contextmanager, suppress
from functools import cache, partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from conv2d_cli.engine.scratch import Scratch, split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from conv2d_cli.engine.plan import Plan

Job = TypeVar("Job")


class _Task:
    """Something that a helper does."""

    def __init__(self, work: Callable[[], object]) -> None:
        """Keep what is to be done."""
        self._work = work
        self._fault: BaseException | None = None
        self._undone = threading.Lock()
        self._undone.acquire()

    def do(self) -> None:
        """Do it; a fault is kept for the one who waits."""
        try:
            self._work()
        except BaseException as fault:  # noqa: BLE001 - returned by `wait`
            self._fault = fault
        finally:
            # What it works with must be free when the one who waits goes on.
            del self._work
            self._undone.release()

    def wait(self) -> BaseException | None:
        """Return, when it is done, what it raised."""
        with self._undone:
            return self._fault


class _Helpers:
    """Python threads that help the calling one; a pool of `concurrent.futures` takes 40 us longer to hand work over.

    A thread that is woken may start on the processor of the one that woke it, and stay there for milliseconds although
    another is idle: two products of 1.2 ms took 2.6 ms side by side. So helpers keep off the caller's processor, which
    is up to the system to choose: with that hint the same two took 1.4 ms. The caller too is woken, when a helper
    leaves the interpreter's lock, and so stays where it is while they help it: after a pause it joined them each time.
    """

    def __init__(self, number: int) -> None:
        """Start so many threads."""
        self._tasks: SimpleQueue[_Task] = SimpleQueue()
        self._number = number
        self._threads: list[int] = []
        self._places: set[int] = set()
        for _ in range(number):
            threading.Thread(target=self._serve, name="conv2d", daemon=True).start()

    def start(self, work: Callable[[], object]) -> _Task:
        """Have one of them do `work`."""
        task = _Task(work)
        self._tasks.put(task)
        return task

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Keep the threads off the caller's processor, and the caller on it, where there are enough others."""
        processor = _current_processor()
        if processor is None:
            yield
            return
        allowed = os.sched_getaffinity(0)
        others = allowed - {processor}
        enough = len(others) >= self._number
        places = others if enough else allowed
        if places != self._places:
            self._places = places
            for thread in self._threads:
                _place(thread, places)
        if enough:
            _place(0, {processor})
        try:
            yield
        finally:
            if enough:
                _place(0, allowed)

    def _serve(self) -> None:
        self._threads.append(threading.get_native_id())
        if self._places:
            _place(0, self._places)
        while True:
            self._tasks.get().do()


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


def share_out(jobs: Iterable[Job], plan: Plan, work_of: Callable[[Scratch], Callable[[Job], object]]) -> None:
    """Do every job, on as many threads as the plan says; `work_of` makes each thread's way of doing one."""
    do_all(jobs, [partial(work_of, scratch) for scratch in split(plan.layout.worker_bytes, plan.workers)])


def do_all(jobs: Iterable[Job], makers: Sequence[Callable[[], Callable[[Job], object]]]) -> None:
    """Do every job, on one thread for each of `makers`, which returns that thread's way of doing one."""
    if len(makers) == 1:
        work = makers[0]()
        for job in jobs:
            work(job)
        return
    waiting = deque(jobs)

    def drain(work: Callable[[Job], object]) -> None:
        # NumPy's error state belongs to a thread.
        with np.errstate(all="ignore"):
            while True:
                try:
                    job = waiting.popleft()
                except IndexError:
                    return
                work(job)

    pool = _helpers(len(makers) - 1)
    # Made here, one after another: threads that do many short calls at the same time wait for the interpreter's lock.
    tasks: list[_Task] = []
    with pool.apart():
        try:
            tasks.extend(pool.start(partial(drain, make())) for make in makers[1 : len(waiting)])
            drain(makers[0]())
        finally:
            # On a fault or Ctrl-C the others stop at their next job: nothing may write to `out` after this returns.
            waiting.clear()
            faults = [fault for task in tasks if (fault := task.wait()) is not None]
    if faults:
        raise faults[0]
