"""This engine, and the peak that NumPy's matrix product reaches: the worker of `conv2d`."""

from __future__ import annotations

import platform
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli import __version__, conv2d
from conv2d_cli.engine import api

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.jobs.bench.workers.problem import Problem

    Array = np.ndarray[Any, Any]

_SIDE = 1024
# The best product of the second half counts: by then the threads are awake.
_PEAK_SECONDS = 0.2


def describe(_threads: int) -> dict[str, Any]:
    """Return the versions and the BLAS."""
    from threadpoolctl import threadpool_info

    libraries: list[dict[str, Any]] = threadpool_info()
    blas = next((library for library in libraries if library["user_api"] == "blas"), {})
    name = " ".join(filter(None, (blas.get("internal_api"), blas.get("version"))))
    return {
        "version": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": name or None,
        "blas_architecture": blas.get("architecture"),
    }


def plan_by(costs: list[Any]) -> None:
    """Have plans made by a table of costs, given as its values."""
    api.use_costs(api.Costs(*costs))


def peak_gflops(dtype: str) -> float:
    """Return the best rate of the product of two square matrices, in GFLOP/s."""
    left, right = np.random.default_rng(0).standard_normal((2, _SIDE, _SIDE)).astype(dtype)
    out = np.empty_like(left)
    np.matmul(left, right, out)
    times: list[float] = []
    end = perf_counter() + _PEAK_SECONDS
    while not times or perf_counter() < end:
        started = perf_counter()
        np.matmul(left, right, out)
        times.append(perf_counter() - started)
    return 2 * _SIDE**3 / min(times[len(times) // 2 :]) / 1e9


def prepare(
    problem: Problem, threads: int, accuracy: str | None, algorithm: str | None
) -> tuple[Callable[[], Array], str | None]:
    """Return the call, and the algorithm that it takes."""
    x, weight, bias, layer = problem.x, problem.weight, problem.bias, problem.layer
    named: dict[str, Any] = {
        "padding_mode": layer.padding_mode,
        "accuracy": accuracy,
        "threads": threads,
        "algorithm": algorithm,
    }
    plan = api.plan(problem.geometry, dtype=str(problem.dtype), **named)
    arguments = (layer.stride, layer.padding, layer.dilation, layer.groups)
    return lambda: conv2d(x, weight, bias, *arguments, **named), plan.algorithm


def array_of(output: Array) -> Array:
    """Return an output as an array."""
    return output
