"""What a convolution takes beyond its input, weight and output, as resident memory in a process of its own (Linux)."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.engine.algorithms.registry import kernel_of
from conv2d_cli.engine.api import ALGORITHMS, Execution, Parameters, Plan, plan

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from timed_layers import Layer

# What is freed goes back to the system at once, and no page is larger than it need be.
_ENVIRONMENT = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "65536",
    "MALLOC_TOP_PAD_": "0",
    "MALLOC_TRIM_THRESHOLD_": "0",
    "NUMPY_MADVISE_HUGEPAGE": "0",
}
_DISABLE_HUGE_PAGES = 41
_MORE_CALLS = 4
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Extra(NamedTuple):
    """Bytes beyond input, weight and output, or why there are none.

    `first` is of the first call in a process, code pages and the packing buffers of BLAS included; `again` is the most
    of some more but for one: a thread that comes too late to help holds nothing, and when two first multiply at the
    same time BLAS takes one more packing buffer for good. `planned` is the plan's `scratch_bytes`, or with a NaN in the
    first image the larger of that and `fallback_bytes`.
    """

    algorithm: str
    planned: int
    first: int = 0
    again: int = 0
    fault: str = ""


def start_over(threads: int) -> None:
    """Start this program again with a frugal `malloc` and so many threads of BLAS, unless it was; then load the engine.

    BLAS must not be used before the layers are measured.
    """
    wanted = _ENVIRONMENT | {"OPENBLAS_NUM_THREADS": str(threads)}
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | wanted)  # noqa: S606 - the same program
    ctypes.CDLL(None).prctl(_DISABLE_HUGE_PAGES, 1, 0, 0, 0)
    for name in ALGORITHMS:
        kernel_of(name)


def measure(
    layer: Layer, dtype: str, accuracy: str, algorithm: str | None, threads: int, *, with_nan: bool = False
) -> Extra:
    """Return what the layer takes, measured in a fork of this process; `with_nan`, in which the fallback runs too."""
    planned = plan(layer.geometry, dtype=dtype, accuracy=accuracy, algorithm=algorithm, threads=threads)
    held = max(planned.scratch_bytes, planned.fallback_bytes) if with_nan else planned.scratch_bytes
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_measure_here, args=(layer, planned, with_nan, sending))
    process.start()
    sending.close()
    try:
        first, *others = receiving.recv()
    except EOFError:
        process.join()
        return Extra(planned.algorithm, held, fault=f"ended with {process.exitcode}")
    process.join()
    return Extra(planned.algorithm, held, first, sorted(others)[-2])


def _measure_here(layer: Layer, planned: Plan[Any], with_nan: bool, sending: Connection) -> None:
    x, weight = layer.arrays(planned.dtype)
    if with_nan:
        x[:1, :1, :1, :1] = np.nan
    execution, peaks = Execution(planned), []
    for _ in range(1 + _MORE_CALLS):
        ctypes.CDLL(None).malloc_trim(0)
        before = _resident("VmRSS")
        # 5 sets the peak back to what is resident now.
        _CLEAR.write_text("5")
        output = execution(x, Parameters(weight, None))
        peaks.append(_resident("VmHWM") - before - output.nbytes)
        del output
    sending.send(peaks)


def _resident(key: str) -> int:
    for line in _STATUS.read_text().splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return int(value.split()[0]) * 1024
    raise AssertionError(f"the system tells no {key}")
