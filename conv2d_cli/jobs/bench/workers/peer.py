"""An engine that `--engine` knows: what is timed is its own call, on operands that it has beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.backends.api import Wanted, own_call, version_of
from conv2d_cli.jobs.bench.workers.asked import Prepared

if TYPE_CHECKING:
    from conv2d_cli.jobs.bench.workers.asked import Asked
    from conv2d_cli.jobs.bench.workers.problem import Problem


def describe(_threads: int, engine: str) -> dict[str, Any]:
    """Load the engine, and return its version."""
    return {"version": version_of(engine)}


def prepare(problem: Problem, asked: Asked) -> Prepared:
    """Return its call.

    Raises:
        UsageError: it does not have that element type.
    """
    wanted = Wanted(
        problem.geometry,
        problem.layer.padding_mode,
        str(problem.dtype),
        threads=asked.threads,
        is_prepared=asked.is_prepared,
    )
    return Prepared(own_call(wanted, asked.engine, problem.x, problem.weight, problem.bias), None, asked.engine)


def array_of(output: Any) -> Any:  # noqa: ANN401 - a tensor of the engine's own to an array
    """Return an output as an array."""
    return np.asarray(output)
