"""Work items: with every candidate they fill the output exactly once, in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from plans import GEOMETRIES, every_candidate

from conv2d_cli.engine.algorithms.base import Call
from conv2d_cli.engine.algorithms.registry import PLANNERS, kernel_of
from conv2d_cli.engine.api import ALGORITHMS, Execution, Parameters
from conv2d_cli.engine.runtime.workspace import Workspace, allocate
from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from conv2d_cli.engine.planning.plan import Plan

Array = np.ndarray[Any, Any]
# The whole output is looked at after each.
_MOST_ITEMS = 20


def call_of(plan: Plan[Any]) -> Call[Any, Any]:
    geometry, dtype = plan.geometry, numpy_dtype(plan.dtype)
    random = np.random.default_rng(0)
    shapes = geometry.batched_input_shape, geometry.weight_shape, (geometry.out_channels,)
    x, weight, bias = (random.integers(-3, 4, shape).astype(dtype) for shape in shapes)
    operands = kernel_of(plan.algorithm).prepare(plan, weight, bias)
    return Call(plan, x, operands, np.empty(geometry.batched_output_shape, dtype))


def plans_of(name: str, dtype: str) -> list[Plan[Any]]:
    return [
        plan
        for number, (geometry, padding_mode) in enumerate(GEOMETRIES)
        for plan in every_candidate(
            geometry,
            name,
            padding_mode=padding_mode,
            dtype=dtype,
            accuracy="fast",
            threads=1 + number % 2,
            unpacked_gemm=number // 2 % 2 == 0,
        )
    ]


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("dtype", ["float32", "int16"])
def test_items_fill_the_output_exactly_once(name: str, dtype: str) -> None:
    plans = plans_of(name, dtype)
    assert bool(plans) == (dtype in PLANNERS[name].dtypes)
    # No sum of so few products is this.
    nothing: Any = np.iinfo(dtype).min if dtype == "int16" else np.nan
    for plan in plans:
        call = call_of(plan)
        (workspace,) = allocate(plan.candidate.memory.workspace_bytes, 1)
        work, items = kernel_of(name).worker(call, workspace), [*kernel_of(name).items(call)]
        if len(items) > _MOST_ITEMS:
            continue
        written = np.zeros(call.out.shape, np.int16)
        for item in items[::-1]:
            call.out[...] = nothing
            work(item)
            written += ~np.isnan(call.out) if dtype == "float32" else call.out != nothing
        assert (written == 1).all(), (plan.blocks, plan.geometry)
        assert len({*items}) == len(items)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_neither_the_order_of_items_nor_their_workspace_changes_a_bit(name: str) -> None:
    for plan in plans_of(name, "float32"):
        call = call_of(plan)
        # What a workspace holds before is any number.
        (workspace,) = allocate(plan.candidate.memory.workspace_bytes, 1)
        workspace.take(plan.candidate.memory.workspace_bytes, dtype=np.uint8)[...] = 255
        work, items = kernel_of(name).worker(call, Workspace(workspace._buffer)), [*kernel_of(name).items(call)]
        for item in items:
            work(item)
        forwards = call.out.tobytes()
        for item in items[::-1]:
            work(item)
        assert call.out.tobytes() == forwards, (plan.blocks, plan.geometry)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_candidate_computes_the_same_layer(name: str) -> None:
    expected: dict[Any, Array] = {}
    for plan in plans_of(name, "float32"):
        random = np.random.default_rng(1)
        shapes = plan.geometry.batched_input_shape, plan.geometry.weight_shape
        x, weight = (random.integers(-3, 4, shape).astype(np.float32) for shape in shapes)
        out = Execution(plan)(x, Parameters(weight, None))
        # What a transform rounds is less than half off.
        first = expected.setdefault((plan.geometry, plan.padding_mode), np.rint(out))
        np.testing.assert_array_equal(np.rint(out), first)
