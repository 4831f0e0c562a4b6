"""Results of torch and of onnxruntime differ from ours by rounding, and are called so."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from injected_mistakes import Needs, Problem, draw

from conv2d_cli import conv2d
from conv2d_cli.jobs.compare.job import compare_files
from conv2d_cli.jobs.compare.request import Request
from conv2d_cli.jobs.run import request as run

if TYPE_CHECKING:
    from pathlib import Path

    Array = np.ndarray[Any, Any]

torch = pytest.importorskip("torch")
LAYERS = 200


def by_torch(problem: Problem) -> Array:
    (top, bottom), (left, right) = problem.sides
    mode = "constant" if problem.mode == "zeros" else problem.mode
    padded = torch.nn.functional.pad(torch.from_numpy(problem.x), (left, right, top, bottom), mode=mode)
    bias = None if problem.bias is None else torch.from_numpy(problem.bias)
    options = (problem.stride, 0, problem.dilation, problem.groups)
    result: Array = torch.nn.functional.conv2d(padded, torch.from_numpy(problem.weight), bias, *options).numpy()
    return result


def by_onnxruntime(problem: Problem) -> Array:
    onnx, onnxruntime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    (top, bottom), (left, right) = problem.sides
    modes: dict[str, Any] = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    x = np.pad(problem.x, ((0, 0), (0, 0), (top, bottom), (left, right)), mode=modes[problem.mode])
    helper, float32 = onnx.helper, onnx.TensorProto.FLOAT
    node = helper.make_node(
        "Conv",
        ["x", "w", "b"],
        ["y"],
        strides=problem.stride,
        dilations=problem.dilation,
        group=problem.groups,
    )
    inputs = [helper.make_tensor_value_info("x", float32, x.shape)]
    outputs = [helper.make_tensor_value_info("y", float32, None)]
    constants = [onnx.numpy_helper.from_array(problem.weight, "w"), onnx.numpy_helper.from_array(problem.bias, "b")]
    graph = helper.make_graph([node], "conv", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    result: Array = session.run(None, {"x": x})[0]
    return result


@pytest.mark.parametrize("engine", [by_torch, by_onnxruntime])
def test_other_engines_differ_by_rounding(engine: Any, tmp_path: Path) -> None:
    random = Random("engines")
    for _ in range(LAYERS):
        problem = draw(random, Needs())
        (top, bottom), (left, right) = problem.sides
        ours = conv2d(
            *(problem.x, problem.weight, problem.bias, problem.stride, (top, left, bottom, right), problem.dilation),
            problem.groups,
            padding_mode=problem.mode,  # type: ignore[arg-type]
        )
        named = {"x": problem.x, "w": problem.weight, "b": problem.bias, "ours": ours, "theirs": engine(problem)}
        for name, array in named.items():
            np.save(tmp_path / f"{name}.npy", array)
        x, weight, bias, one, other = (f"{tmp_path}/{name}.npy" for name in named)
        report = compare_files(Request(one, other, layer=run.Request(x, problem.layer, {}, weight, bias)))
        assert report.verdict in {"same", "rounding"}, (problem.layer, report)
        assert report.explanations == ()
