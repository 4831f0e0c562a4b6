"""Python threads that share the work items of a convolution."""

from __future__ import annotations

import _thread
import os
from collections import deque
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from conv2d_cli.engine.runtime.quiet import quietly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

Item = TypeVar("Item")


class _Task:
    """Something that another thread does, or nobody: whoever claims it first decides."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work: Callable[[], object] | None = work
        # Set by one operation, which may be repeated after Ctrl-C: whether it is done, or nobody will.
        self._claim: dict[None, bool] = {}
        self._done = _thread.allocate_lock()
        self._done.acquire()
        self.fault: BaseException | None = None

    def do(self) -> None:
        """Do it, unless it was cancelled; a fault is kept for the one who waits."""
        try:
            if self._claim.setdefault(None, True) and self._work is not None:
                self._work()
        except BaseException as fault:  # noqa: BLE001 - raised by the one who waits
            self.fault = fault
        finally:
            # What it works with must be free when the one who waits goes on.
            self._work = None
            self._done.release()

    def join(self) -> None:
        """Cancel it where it has not begun, else wait until it is done."""
        if self._claim.setdefault(None, False):
            with self._done:
                pass
        self._work = None


class _Pool:
    """Threads that wait for tasks, never more than the most that were asked for at a time.

    A pool of `concurrent.futures` takes 40 us longer to hand work over, and joins its threads when the process ends.
    """

    def __init__(self) -> None:
        self.start_over()

    def start_over(self) -> None:
        """Have no thread."""
        self.tasks: SimpleQueue[_Task] = SimpleQueue()
        # One for each thread, which holds it: a thread that is started twice, after Ctrl-C, finds its place taken.
        self._places: list[_thread.LockType] = []

    def grow(self, number: int) -> None:
        """Start threads until there are that number."""
        while len(self._places) < number:
            self._places.append(_thread.allocate_lock())
        for place in self._places[:number]:
            if not place.locked():
                _thread.start_new_thread(self._serve, (place,))

    def _serve(self, place: _thread.LockType) -> None:
        if place.acquire(blocking=False):
            while True:
                self.tasks.get().do()


_pool = _Pool()
if hasattr(os, "register_at_fork"):
    # A forked process has none of its parent's threads.
    os.register_at_fork(after_in_child=_pool.start_over)


def do_all(items: Iterable[Item], makers: Sequence[Callable[[], Callable[[Item], object]]]) -> None:
    """Do every item on one thread for each of `makers`, which makes what that thread does one with."""
    if len(makers) == 1:
        work = makers[0]()
        for item in items:
            work(item)
        return
    waiting, tasks = deque(items), list[_Task]()
    # Made here, one after another: threads that do many short calls at the same time wait for the interpreter's lock.
    works = [make() for make in makers[: len(waiting)]]
    try:
        _pool.grow(len(works) - 1)
        tasks.extend(_Task(partial(quietly, _drain, waiting, work)) for work in works[1:])
        for task in tasks:
            _pool.tasks.put(task)
        _drain(waiting, works[0] if works else waiting.append)
    finally:
        # On a fault or Ctrl-C the others stop at their next item: nothing may write to `out` after this returns.
        try:
            _join(waiting, tasks)
        except BaseException:
            _join(waiting, tasks)
            raise
    for task in tasks:
        if task.fault is not None:
            raise task.fault


def _drain(waiting: deque[Item], work: Callable[[Item], object]) -> None:
    while True:
        try:
            item = waiting.popleft()
        except IndexError:
            return
        work(item)


def _join(waiting: deque[Any], tasks: Sequence[_Task]) -> None:
    """Let nobody begin another item, and wait for those who are at one, however often Ctrl-C is pressed."""
    interrupts: list[BaseException] = []
    left = [waiting.clear, *(task.join for task in tasks)]
    while left:
        try:
            left[-1]()
            left.pop()
        except BaseException as interrupt:  # noqa: BLE001 - raised when all are done
            interrupts.append(interrupt)
    if interrupts:
        raise interrupts[0]
