"""The worker of `conv2d`: our call, by the engine that was chosen, and the peak of NumPy's matrix product."""

from __future__ import annotations

import platform
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli import __version__, conv2d
from conv2d_cli.backends import api as backends
from conv2d_cli.engine import api
from conv2d_cli.errors import FileError
from conv2d_cli.jobs.bench.workers.asked import Prepared

if TYPE_CHECKING:
    from conv2d_cli.jobs.bench.workers.asked import Asked
    from conv2d_cli.jobs.bench.workers.problem import Problem

    Array = np.ndarray[Any, Any]

_AUTO = backends.AUTO
_SIDE = 1024
# The best product of the second half counts: by then the threads are awake.
_PEAK_SECONDS = 0.2


def describe(_threads: int, engine: str) -> dict[str, Any]:
    """Return the versions and the BLAS; what the engine needs is loaded, for `auto` all that is installed."""
    from threadpoolctl import threadpool_info

    _load(engine)
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


def _load(engine: str) -> None:
    if engine != _AUTO:
        backends.version_of(engine)
        return
    for name in filter(backends.is_installed, backends.ENTRIES):
        # One that cannot be loaded leaves the choice among the others.
        with suppress(FileError):
            backends.version_of(name)


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


def prepare(problem: Problem, asked: Asked) -> Prepared:
    """Return the call, with the algorithm that it takes and the engine that carries it out."""
    x, weight, bias, layer = problem.x, problem.weight, problem.bias, problem.layer
    how: dict[str, Any] = {"accuracy": asked.accuracy, "threads": asked.threads, "algorithm": asked.algorithm}
    wanted = backends.Wanted(
        problem.geometry, layer.padding_mode, str(problem.dtype), is_prepared=asked.is_prepared, **how
    )
    # As in the call: here what `auto` may choose has been loaded, so that nothing is to be started.
    plan = backends.decide(wanted, asked.engine).plan
    how["engine"] = asked.engine
    if asked.is_prepared:
        prepared = backends.prepare(layer, weight, bias, **how)
        return Prepared(lambda: prepared(x), plan.algorithm, plan.engine)
    arguments = (layer.stride, layer.padding, layer.dilation, layer.groups)
    named = how | {"padding_mode": layer.padding_mode}
    return Prepared(lambda: conv2d(x, weight, bias, *arguments, **named), plan.algorithm, plan.engine)


def array_of(output: Array) -> Array:
    """Return an output as an array."""
    return output
