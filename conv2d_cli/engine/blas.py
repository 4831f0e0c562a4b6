"""How many threads BLAS may use while a convolution runs: a setting of the whole process."""

from __future__ import annotations

import os
import threading
from contextlib import nullcontext
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager


class _Library(NamedTuple):
    """A BLAS library: how its number of threads is read and set."""

    read: Callable[[], int | None]
    set: Callable[[int], object]


# Kernels of OpenBLAS that read small operands where they stand: see `panels.py`. Haswell's pack all.
_UNPACKED = frozenset({"SkylakeX", "Cooperlake", "SapphireRapids"})


@cache
def small_unpacked() -> bool:
    """Whether BLAS multiplies small matrices of real numbers without packing them; see `summation.UNPACKED_MACS`."""
    libraries = _blas_controllers()
    return bool(libraries) and all(getattr(library, "architecture", None) in _UNPACKED for library in libraries)


@cache
def _blas_controllers() -> list[Any]:
    """Return threadpoolctl's controllers of NumPy's BLAS; finding them takes longer than a small convolution."""
    from threadpoolctl import ThreadpoolController

    return list(ThreadpoolController().select(user_api="blas").lib_controllers)


@cache
def _blas_libraries() -> list[_Library]:
    return [_library(found) for found in _blas_controllers()]


def _library(found: Any) -> _Library:  # noqa: ANN401 - a controller of threadpoolctl's
    """Return OpenBLAS's own functions where its threads are those of the process.

    threadpoolctl's take ten times as long, and ignore all threads but the first that set a number.
    """
    if getattr(found, "threading_layer", None) == "pthreads":
        for prefix, suffix in product(("", "scipy_"), ("", "64_", "_64")):
            names = (f"{prefix}openblas_{verb}_num_threads{suffix}" for verb in ("get", "set"))
            functions: list[Any] = [getattr(found.dynlib, name, None) for name in names]
            if None not in functions:
                return _Library(*functions)
    return _Library(found.get_num_threads, found.set_num_threads)


def threads_for(asked: int | None) -> int:
    """Return how many threads to use: those asked for, else as many as BLAS was given."""
    return _given_threads() if asked is None else asked


@cache
def _given_threads() -> int:
    """Return the threads that BLAS had when it was first looked at: by its variables, else the processors."""
    return max((library.read() or 1 for library in _blas_libraries()), default=1)


class _BlasThreads:
    """The number of BLAS threads, a setting of the whole process: calls that need one share it.

    A call that needs more, or another number, waits until the others have ended; the last one restores what was there.

    A fork waits too, and calls that have not begun wait for it: OpenBLAS ends its threads before one, and a product
    that they were to compute is never done, neither here nor, where its lock stays taken, in the new process.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        # The threads that hold it, one as often as it does.
        self._holders: list[int] = []
        self._forks = 0
        self._held = 0
        self._before: list[int | None] = []

    def held_at(self, threads: int | None) -> AbstractContextManager[None]:
        """Return a context in which BLAS has so many threads; None leaves them as they are."""
        return nullcontext() if threads is None else _Hold(self, threads)

    def take(self, threads: int) -> None:
        """Wait until the number may be set, and set it."""
        caller = threading.get_ident()
        with self._changed:
            while (self._forks and caller not in self._holders) or (
                self._holders and (self._held != threads or threads > 1)
            ):
                self._changed.wait()
            if not self._holders:
                self._before = [library.read() for library in _blas_libraries()]
                self._held = threads
                self._change(self._before, [threads] * len(self._before))
            self._holders.append(caller)

    def give_back(self) -> None:
        """Restore what was there when the first holder came, if this is the last."""
        with self._changed:
            self._holders.remove(threading.get_ident())
            if not self._holders:
                self._change([self._held] * len(self._before), self._before)
            if not self._holders or self._forks:
                self._changed.notify_all()

    def before_fork(self) -> None:
        """Wait until no other thread holds it, and let none take it until the fork is done."""
        caller = threading.get_ident()
        self._changed.acquire()
        self._forks += 1
        while any(holder != caller for holder in self._holders):
            self._changed.wait()

    def after_fork(self) -> None:
        """Let others take it again."""
        self._forks -= 1
        self._changed.notify_all()
        self._changed.release()

    def after_fork_in_child(self) -> None:
        """Begin anew: of others that were waiting there is none."""
        self._changed, self._forks = threading.Condition(), 0

    @staticmethod
    def _change(present: Sequence[int | None], wanted: Sequence[int | None]) -> None:
        if present == wanted:
            return
        for library, number in zip(_blas_libraries(), wanted, strict=True):
            if number is not None:
                library.set(number)


class _Hold:
    """One holder, as a context: `contextlib.contextmanager` takes as long as the rest."""

    def __init__(self, blas: _BlasThreads, threads: int) -> None:
        self._blas, self._threads = blas, threads

    def __enter__(self) -> None:
        self._blas.take(self._threads)

    def __exit__(self, *_: object) -> None:
        self._blas.give_back()


blas_threads = _BlasThreads()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=blas_threads.before_fork,
        after_in_parent=blas_threads.after_fork,
        after_in_child=blas_threads.after_fork_in_child,
    )
