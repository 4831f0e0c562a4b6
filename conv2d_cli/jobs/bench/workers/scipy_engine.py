"""SciPy: `scipy.signal.correlate` of each image with each filter, the stride taken by slicing what comes out."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.jobs.bench.workers.asked import Prepared

if TYPE_CHECKING:
    from conv2d_cli.jobs.bench.workers.asked import Asked
    from conv2d_cli.jobs.bench.workers.problem import Problem

    Array = np.ndarray[Any, Any]

_MOST_SECONDS = 2.0


def describe(_threads: int, _engine: str) -> dict[str, Any]:
    """Load what is called, and return the version."""
    import scipy
    import scipy.signal

    return {"version": scipy.__version__}


def prepare(problem: Problem, asked: Asked) -> Prepared:
    """Return the call.

    Raises:
        ValueError: there is none for groups, or it would take too long.
    """
    if problem.groups > 1:
        raise ValueError("scipy has no groups")
    _check_patience(problem)
    return Prepared(lambda: _convolved(problem), None, asked.engine)


def array_of(output: Array) -> Array:
    """Return an output as an array."""
    return output


def _check_patience(problem: Problem) -> None:
    """Time one filter on one image; a call is one for each filter and image."""
    x, weight = problem.padded(problem.x), _dilated(problem)
    # The first call of a process takes longer.
    times = []
    for _ in range(2):
        started = perf_counter()
        _correlated(problem, x[0], weight[0])
        times.append(perf_counter() - started)
    seconds = min(times) * len(x) * len(weight)
    if seconds > _MOST_SECONDS:
        raise ValueError(f"scipy would take about {seconds:.0f} s a call")


def _convolved(problem: Problem) -> Array:
    x, weight = problem.padded(problem.x), _dilated(problem)
    out = np.empty(problem.geometry.batched_output_shape, problem.dtype)
    for planes, image in zip(out, x, strict=True):
        for plane, one in zip(planes, weight, strict=True):
            plane[:] = _correlated(problem, image, one)
    if problem.bias is not None:
        out += problem.bias[:, None, None]
    return out


def _correlated(problem: Problem, image: Array, one: Array) -> Array:
    from scipy.signal import correlate

    rows, columns = problem.stride
    correlated: Array = correlate(image, one, "valid")[0, ::rows, ::columns]
    return correlated


def _dilated(problem: Problem) -> Array:
    """Return the weight with zeros between its elements."""
    if problem.dilation == (1, 1):
        return problem.weight
    spans = (problem.geometry.height.effective_kernel, problem.geometry.width.effective_kernel)
    weight = np.zeros((*problem.weight.shape[:2], *spans), problem.dtype)
    weight[:, :, :: problem.dilation[0], :: problem.dilation[1]] = problem.weight
    return weight
