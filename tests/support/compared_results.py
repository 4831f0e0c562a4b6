"""Results of a layer, compared with it known, from files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli import conv2d
from conv2d_cli.jobs.compare.job import compare_files
from conv2d_cli.jobs.compare.request import Request
from conv2d_cli.jobs.run import request as run
from conv2d_cli.numpy_dtypes import numpy_dtype
from conv2d_cli.tensors.layout import OIHW
from conv2d_cli.tensors.reading import Reading

if TYPE_CHECKING:
    from pathlib import Path

    from injected_mistakes import Problem

    from conv2d_cli.report.compare import CompareReport

    Array = np.ndarray[Any, Any]


def compared(problem: Problem, expected: Array, actual: Array, folder: Path, dtype: str | None = None) -> CompareReport:
    """Compare two results of a layer, from files; `dtype` is what two bytes of no named type are."""
    arrays = {"x": problem.x, "w": problem.weight, "b": problem.bias, "expected": expected, "actual": actual}
    for name, array in arrays.items():
        if array is not None:
            np.save(folder / f"{name}.npy", array)
    bias = None if problem.bias is None else f"{folder}/b.npy"
    reading = Reading("bfloat16" if dtype == "bfloat16" else None)
    weight_reading = reading._replace(layout=OIHW)
    readings = {"input_reading": reading, "weight_reading": weight_reading, "bias_reading": reading}
    layer = run.Request(f"{folder}/x.npy", problem.layer, {}, f"{folder}/w.npy", bias, **readings)  # type: ignore[arg-type]
    return compare_files(Request(f"{folder}/expected.npy", f"{folder}/actual.npy", reading, layer=layer))


def conv2d_of(problem: Problem) -> Array:
    """Return what our engine makes of a layer."""
    (top, bottom), (left, right) = problem.sides
    return conv2d(
        *(problem.x, problem.weight, problem.bias, problem.stride, (top, left, bottom, right), problem.dilation),
        problem.groups,
        padding_mode=problem.mode,  # type: ignore[arg-type]
    )


def cast_to(problem: Problem, dtype: str) -> Problem:
    """Return a layer with its operands in another type."""
    assert problem.bias is not None
    x, weight, bias = (one.astype(numpy_dtype(dtype)) for one in (problem.x, problem.weight, problem.bias))
    return problem._replace(x=x, weight=weight, bias=bias)
