"""NumPy inside the limits of a shell (`ulimit`): with fewer threads where they do not fit, or refused in words of ours.

OpenBLAS maps a stack and 32 MiB for each thread when NumPy is loaded, and 32 MiB more at the first product. Where a
limit forbids that, it writes to stderr itself and ends the process, as a crash, with 1 or as if by Ctrl-C. So where one
is near, a forked process tries first; it takes as long as loading NumPy does, some 0.1 s. Pydantic's core, which is
written in Rust, ends the process too.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import NamedTuple

from conv2d_cli.cli.processors import processors
from conv2d_cli.errors import MemoryLimitError


class _Limit(NamedTuple):
    """One of those that a shell sets: the system's name, the shell's option, what it limits, and what is enough.

    `unit` is the bytes that people count it in; `of_thread` is what each thread of BLAS needs of it, stack aside.
    """

    name: str
    option: str
    what: str
    unit: int
    enough: int
    of_thread: int


_MIB = 1 << 20
_LIMITS = (
    _Limit("RLIMIT_AS", "-v", "MiB of address space", _MIB, 1 << 30, 64 * _MIB),
    _Limit("RLIMIT_DATA", "-d", "MiB of data", _MIB, 1 << 30, 64 * _MIB),
    # How many there are already is not told. Systems allow tens of thousands: a smaller one was set by somebody.
    _Limit("RLIMIT_NPROC", "-u", "processes", 1, 4096, 2),
)
_USUAL_STACK = 8 * _MIB
# What a product takes of address space in each thread besides, and our modules: Pydantic's, ours and Zarr's.
BESIDE_THREADS = 32 * _MIB
OF_A_THREAD = 48 * _MIB
# Threads that read and write while others compute.
_BACKGROUND_THREADS = 2
_THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
# Large enough for BLAS to use its threads and buffers.
_SIDE = 256


def fit() -> None:
    """See to it that what is loaded fits into what the shell allows, or is not loaded."""
    if hasattr(os, "fork") and any(map(_is_near, _LIMITS)):
        sys.meta_path.insert(0, _Before())


def hint() -> str:
    """Return what helps where memory, or another thread, was refused."""
    for limit in _LIMITS:
        allowed = _limit_of_system(limit.name)
        if allowed is not None and _is_near(limit):
            return f"ulimit {limit.option} allows {allowed // limit.unit} {limit.what}: start it where there is more"
    return "conv2d run --plan shows how much is needed"


def allowed_bytes() -> tuple[int | None, int | None]:
    """Return the limits on address space and on data, None where there is none."""
    return _limit_of_system("RLIMIT_AS"), _limit_of_system("RLIMIT_DATA")


def multiply() -> None:
    """Have BLAS take what it takes for products."""
    import numpy as np

    matrix = np.ones((_SIDE, _SIDE), np.float32)
    np.matmul(matrix, matrix)


class _Before:
    """Asked first for every module that is loaded: whether there is room for those that end the process if not."""

    def __init__(self) -> None:
        """Have each checked once."""
        self._checks = {"numpy": _choose_threads, "pydantic_core": _check_room}

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        """Find nothing.

        Raises:
            MemoryLimitError: the module does not fit.
        """
        check = self._checks.pop(name, None)
        if check is not None:
            check()


def _check_room() -> None:
    """Check that there is as much as our modules take.

    Raises:
        MemoryLimitError: there is less.
    """
    from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap

    try:
        mmap(-1, BESIDE_THREADS, MAP_PRIVATE | MAP_ANONYMOUS).close()
    except OSError as error:
        raise MemoryLimitError("conv2d does not fit into what this shell allows", hint()) from error


def _choose_threads() -> None:
    threads = _threads_asked()
    while not _works(threads):
        if threads == 1:
            raise MemoryLimitError("NumPy does not fit into what this shell allows", hint())
        threads //= 2
        for variable in _THREAD_VARIABLES:
            os.environ[variable] = str(threads)


def _threads_asked() -> int:
    """Return the number of threads that BLAS would start."""
    asked = [int(words) for name in _THREAD_VARIABLES if (words := os.environ.get(name, "")).isdecimal() and int(words)]
    return min(processors(), *asked) if asked else processors()


def _works(threads: int) -> bool:
    """Whether another process loads NumPy and multiplies with these threads, and has some room left."""
    try:
        answer, to_answer = os.pipe()
        child = os.fork()
    except OSError:
        # One thread starts no others.
        return threads == 1
    if child == 0:
        try:
            _try(threads)
            os.write(to_answer, b"y")
        finally:
            os._exit(0)
    os.close(to_answer)
    with os.fdopen(answer, "rb") as stream:
        works = stream.read() == b"y"
    # A process that ignores its children is not told how they end.
    with suppress(ChildProcessError):
        os.waitpid(child, 0)
    return works


def _try(threads: int) -> None:
    """Do what takes most, with nothing of a crash for anybody to see."""
    import _thread
    import resource
    from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap

    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    room = mmap(-1, BESIDE_THREADS + (threads - 1) * OF_A_THREAD, MAP_PRIVATE | MAP_ANONYMOUS)
    multiply()
    waiting = _thread.allocate_lock()
    waiting.acquire()
    for _ in range(threads - 1 + (_BACKGROUND_THREADS if threads > 1 else 0)):
        _thread.start_new_thread(waiting.acquire, ())
    room.close()


def _is_near(limit: _Limit) -> bool:
    """Whether a limit may not be enough for NumPy with all its threads."""
    allowed = _limit_of_system(limit.name)
    of_thread = limit.of_thread + (_stack() if limit.unit > 1 else 0)
    return allowed is not None and allowed < limit.enough + processors() * of_thread


def _stack() -> int:
    """Return the address space that a thread has for its stack."""
    return _limit_of_system("RLIMIT_STACK") or _USUAL_STACK


def _limit_of_system(name: str) -> int | None:
    """Return a limit that the system keeps to; None where there is none."""
    try:
        import resource
    except ImportError:
        # Windows.
        return None
    kind = getattr(resource, name, None)
    allowed = resource.RLIM_INFINITY if kind is None else resource.getrlimit(kind)[0]
    return None if allowed == resource.RLIM_INFINITY else allowed
