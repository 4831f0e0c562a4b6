"""Every candidate of every algorithm takes what its plan says: counted by tracemalloc while it is carried out."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from plans import GEOMETRIES, every_candidate

from conv2d_cli.engine import api
from conv2d_cli.engine.algorithms.registry import PLANNERS
from conv2d_cli.engine.algorithms.small.planning import RESIDENT_BYTES
from conv2d_cli.engine.api import ALGORITHMS, Execution, Parameters
from conv2d_cli.layer.forward import geometry_of
from conv2d_cli.layer.model import Conv2d
from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from conv2d_cli.engine.planning.plan import Plan

Array = np.ndarray[Any, Any]
DTYPES = ("float32", "float64", "float16", "bfloat16", "complex64", "int8", "int32", "int64")
# NumPy's own buffers: 8192 elements for each of three operands that are broadcast; alignment, views and threads.
BUFFERED, OBJECTS = 3 * 8192, 40_000


def ones(plan: Plan[Any]) -> tuple[Array, Array, Array]:
    geometry, dtype = plan.geometry, numpy_dtype(plan.dtype)
    shapes = geometry.batched_input_shape, geometry.weight_shape, (geometry.out_channels,)
    x, weight, bias = (np.ones(shape, dtype) for shape in shapes)
    return x, weight, bias


def peak_of(plan: Plan[Any], x: Array, weight: Array, bias: Array) -> int:
    """Return the most memory that is allocated while a plan is carried out the second time."""
    Execution(plan)(x, Parameters(weight, bias))
    tracemalloc.start()
    try:
        Execution(plan)(x, Parameters(weight, bias))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("threads", [1, 2])
def test_what_is_allocated_is_what_was_planned(name: str, threads: int) -> None:
    count = 0
    for number, (geometry, padding_mode) in enumerate(GEOMETRIES):
        dtypes = {"float32", DTYPES[number % len(DTYPES)], DTYPES[(3 * number + 1) % len(DTYPES)]}
        for dtype in sorted(dtypes & PLANNERS[name].dtypes):
            options = {"padding_mode": padding_mode, "dtype": dtype, "accuracy": "fast", "threads": threads}
            for plan in every_candidate(geometry, name, unpacked_gemm=True, **options):
                check(plan)
                count += 1
    assert count


def check(plan: Plan[Any]) -> None:
    planned = plan.scratch_bytes + plan.output_bytes
    slack = plan.workers * (BUFFERED * plan.problem.itemsize + OBJECTS)
    what = (plan.algorithm, plan.dtype, plan.blocks, plan.geometry, plan.padding_mode, plan.workers)
    peak = peak_of(plan, *ones(plan))
    assert peak < planned + slack, what
    # A thread that comes late may find nothing left to do; what small images take is there from the first call on.
    late = (plan.workers - 1) * plan.candidate.memory.temporary_bytes
    kept = RESIDENT_BYTES * plan.workers if plan.algorithm == "small" else 0
    assert 0.5 * (planned - late - kept) < peak + slack, what


@pytest.mark.parametrize("name", ["winograd", "fft", "row_lowering"])
@pytest.mark.parametrize("threads", [1, 2])
def test_the_fallback_takes_what_was_planned(name: str, threads: int) -> None:
    count = 0
    for geometry, padding_mode in GEOMETRIES:
        options = {"padding_mode": padding_mode, "accuracy": "fast", "threads": threads}
        for candidate in every_candidate(geometry, name, **options):
            if not candidate.candidate.spreads:
                continue
            (again,) = list(every_candidate(geometry, "im2col", **options))[:1]
            plan = candidate._replace(fallback=again.candidate)
            x, weight, bias = ones(plan)
            x[:, 0, 3, 2] = np.nan
            largest = max(plan.scratch_bytes, plan.fallback_bytes)
            slack = plan.problem.threads * (BUFFERED * plan.problem.itemsize + OBJECTS)
            assert peak_of(plan, x, weight, bias) < largest + plan.output_bytes + slack, (plan.blocks, geometry)
            count += 1
    assert count


def test_the_look_at_a_large_output_takes_no_memory_of_its_size() -> None:
    geometry = geometry_of(Conv2d(64, 128, 3, padding=1), (1, 64, 112, 112))
    plan = api.plan(geometry, accuracy="fast", algorithm="winograd", threads=1)
    x, weight, bias = ones(plan)
    x[0, 0, 3, 2] = np.nan
    slack = BUFFERED * plan.problem.itemsize + OBJECTS
    # A truth value for each element would be seen.
    assert plan.output_bytes // plan.problem.itemsize > 2 * slack
    largest = max(plan.scratch_bytes, plan.fallback_bytes)
    assert peak_of(plan, x, weight, bias) < largest + plan.output_bytes + slack
