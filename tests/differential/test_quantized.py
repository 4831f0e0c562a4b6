"""Integer arithmetic beside onnxruntime's ConvInteger and QLinearConv, on random layers."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from random_layers import draw_valid

from conv2d_cli import Conv2d, analyze, conv2d_integer, requantize

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

helper = onnx.helper
# Kernels for x86 without VNNI add two products of eight bits in sixteen, which saturates: seven bits do not.
SEVEN_BITS = {"int8": (-64, 63), "uint8": (0, 127)}
Array = np.ndarray[Any, Any]


def answer(operator: str, tensors: Mapping[str, Array | None], attributes: dict[str, Any]) -> Array:
    given = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    node = helper.make_node(operator, [name if name in given else "" for name in tensors], ["y"], **attributes)
    inputs = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(tensor.dtype), tensor.shape)
        for name, tensor in given.items()
        if name == "x"
    ]
    kept = [onnx.numpy_helper.from_array(tensor, name) for name, tensor in given.items() if name != "x"]
    kind = onnx.TensorProto.INT32 if operator == "ConvInteger" else inputs[0].type.tensor_type.elem_type
    graph = helper.make_graph([node], "g", inputs, [helper.make_tensor_value_info("y", kind, None)], kept)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: Array = session.run(None, {"x": given["x"]})[0]
    return found


def layers(seed: int, number: int) -> Iterator[tuple[Conv2d, tuple[int, ...]]]:
    """Yield layers padded with zeros and the shapes of batched inputs for them."""
    random, found = Random(seed), 0
    while found < number:
        case = draw_valid(random)
        layer = Conv2d(**case.arguments)
        if layer.padding_mode == "zeros" and len(case.input_shape) == 4 and case.input_shape[0]:
            found += 1
            yield layer, case.input_shape


def attributes_of(layer: Conv2d, shape: tuple[int, ...]) -> dict[str, Any]:
    facts = analyze(layer, shape)
    return {
        "group": layer.groups,
        "strides": list(layer.stride),
        "dilations": list(layer.dilation),
        "pads": [facts.padding_top, facts.padding_left, facts.padding_bottom, facts.padding_right],
    }


def options_of(layer: Conv2d) -> dict[str, Any]:
    return {name: getattr(layer, name) for name in ("stride", "padding", "dilation", "groups")}


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_conv_integer(dtype: str) -> None:
    random = np.random.default_rng(60)
    for layer, shape in layers(60, 60):
        bounds = np.iinfo(dtype)
        x = random.integers(bounds.min, bounds.max, shape, dtype, endpoint=True)
        weight_dtype = random.choice(["uint8", "int8"]) if dtype == "uint8" else "int8"
        least, greatest = SEVEN_BITS[weight_dtype]
        weight = random.integers(least, greatest, analyze(layer).weight_shape, weight_dtype, endpoint=True)
        zero_point = random.integers(bounds.min, bounds.max, (), dtype, endpoint=True)
        weight_zero_point = random.integers(least, greatest, (), weight_dtype, endpoint=True)
        tensors = {
            "x": x,
            "w": weight,
            "x_zero_point": np.array(zero_point),
            "w_zero_point": np.array(weight_zero_point),
        }
        theirs = answer("ConvInteger", tensors, attributes_of(layer, shape))
        ours = conv2d_integer(
            *(x, weight),
            **options_of(layer),
            input_zero_point=int(zero_point),
            weight_zero_point=int(weight_zero_point),
        )
        np.testing.assert_array_equal(ours, theirs, err_msg=f"{layer} on {shape}")


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_qlinear_conv(dtype: str) -> None:
    random = np.random.default_rng(61)
    for layer, shape in layers(61, 60):
        bounds, (out_channels, *_) = np.iinfo(dtype), analyze(layer).weight_shape
        weight_dtype = random.choice(["uint8", "int8"]) if dtype == "uint8" else "int8"
        least, greatest = SEVEN_BITS[weight_dtype]
        x = random.integers(bounds.min, bounds.max, shape, dtype, endpoint=True)
        weight = random.integers(least, greatest, analyze(layer).weight_shape, weight_dtype, endpoint=True)
        bias = random.integers(-5000, 5000, out_channels, np.int32) if layer.bias else None
        zero_points = [random.integers(bounds.min, bounds.max, (), dtype, endpoint=True) for _ in range(2)]
        # onnxruntime takes zero points for each channel of the weight only where they are all alike.
        weight_zero_point = np.zeros((), weight_dtype)
        each = bool(random.integers(2))
        scales = random.uniform(0.001, 0.1, out_channels if each else ()).astype("f4")
        input_scale, output_scale = (np.array(random.uniform(0.01, 0.5), "f4") for _ in range(2))
        tensors = {
            "x": x,
            "x_scale": input_scale,
            "x_zero_point": np.array(zero_points[0]),
            "w": weight,
            "w_scale": scales,
            "w_zero_point": np.repeat(weight_zero_point, out_channels) if each else weight_zero_point,
            "y_scale": output_scale,
            "y_zero_point": np.array(zero_points[1]),
            "B": bias,
        }
        theirs = answer("QLinearConv", tensors, attributes_of(layer, shape))
        sums = conv2d_integer(x, weight, bias, **options_of(layer), input_zero_point=int(zero_points[0]))
        ours = requantize(
            sums,
            input_scale=float(input_scale),
            weight_scale=tuple(scales.ravel().tolist()),
            output_scale=float(output_scale),
            output_zero_point=int(zero_points[1]),
            output_dtype=dtype,  # type: ignore[arg-type]
        )
        np.testing.assert_array_equal(ours, theirs, err_msg=f"{layer} on {shape}")
