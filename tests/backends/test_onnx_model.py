"""The bytes of a model are those that the package `onnx` reads as the same model."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

from conv2d_cli.backends.onnx_model import Pad, Tensor, model_of

onnx = pytest.importorskip("onnx")

FLOAT, FLOAT16 = 1, 10
MODELS = 60


def by_onnx(
    attributes: dict[str, Any], kind: int, inputs: list[str], held: dict[str, np.ndarray[Any, Any]], pad: Pad | None
) -> Any:
    """Return the model as the package makes it."""
    from onnx import helper, numpy_helper

    nodes, image = [], "x"
    tensors = [numpy_helper.from_array(array, name) for name, array in held.items()]
    if pad is not None:
        top, left, bottom, right = pad.sides
        nodes.append(helper.make_node("Pad", ["x", "sides"], ["padded"], mode=pad.mode))
        tensors.append(numpy_helper.from_array(np.array([0, 0, top, left, 0, 0, bottom, right]), "sides"))
        image = "padded"
    nodes.append(helper.make_node("Conv", [image, *inputs[1:]], ["y"], **attributes))
    given = [
        helper.make_tensor_value_info(name, kind, [None] * (1 if name == "b" else 4))
        for name in inputs
        if name not in held
    ]
    graph = helper.make_graph(nodes, "layer", given, [helper.make_tensor_value_info("y", kind, [None] * 4)], tensors)
    opset, version = (11, 8) if pad is None else (19, 9)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=version)


def drawn(random: Random) -> tuple[dict[str, Any], int, list[str], dict[str, np.ndarray[Any, Any]], Pad | None]:
    kernel = [random.randint(1, 300), random.randint(1, 3)]
    # The package sorts them.
    attributes = {
        "dilations": (random.randint(1, 3), random.choice((1, 300))),
        "group": random.choice((1, 2, 128, 3000)),
        "kernel_shape": tuple(kernel),
        "pads": tuple(random.choice((0, 1, 5, 127, 128, 70_000)) for _ in range(4)),
        "strides": (random.randint(1, 4), random.choice((1, 2, 200))),
    }
    kind = random.choice((FLOAT, FLOAT16))
    inputs = ["x", "w", "b"][: random.choice((2, 3))]
    held: dict[str, np.ndarray[Any, Any]] = {}
    if random.random() < 1 / 2:
        element = np.float32 if kind == FLOAT else np.float16
        held["w"] = np.arange(2 * kernel[0] * kernel[1]).astype(element).reshape(2, 1, *kernel)
        if "b" in inputs:
            held["b"] = np.array([1.5, -2], element)
    mode = random.choice((None, None, "reflect", "edge", "wrap", "constant"))
    sides = (random.randint(0, 300), 0, 1, random.randint(0, 3))
    return attributes, kind, inputs, held, None if mode is None else Pad(mode, sides)


def test_they_mean_what_the_package_would_write() -> None:
    random = Random(4)
    for _ in range(MODELS):
        attributes, kind, inputs, held, pad = drawn(random)
        tensors = {name: Tensor(array.shape, kind, array.tobytes()) for name, array in held.items()}
        read = onnx.load_model_from_string(model_of(attributes, kind, inputs, tensors, pad))
        onnx.checker.check_model(read)
        assert read == by_onnx(attributes, kind, inputs, held, pad)
