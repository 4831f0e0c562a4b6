"""The operators of ONNX that are known here, each with what makes a module of it: one line each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from conv2d_cli.network.modules.elementwise import Activation, Add, Mul, Nothing
from conv2d_cli.network.modules.linear import Linear
from conv2d_cli.network.modules.operators import (
    Channelwise,
    Elementwise,
    Joined,
    MatrixProduct,
    Moving,
    Operator,
    Reduction,
    Taken,
)
from conv2d_cli.network.modules.rearranging import (
    Expanded,
    Filled,
    Flattened,
    Padded,
    Part,
    Reshape,
    Resized,
    Sliced,
    Squeezed,
    Tiled,
    Transposed,
    Unsqueezed,
)
from conv2d_cli.network.modules.reshaping import PixelShuffle, PixelUnshuffle
from conv2d_cli.network.readers import onnx_windows
from conv2d_cli.network.readers.onnx_call import Call, Constant, Learned, Made, Tensor, Value
from conv2d_cli.network.readers.onnx_sizes import Given, Sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


# What ONNX calls the activations of torch.
_ACTIVATIONS = {
    "Relu": "ReLU", "LeakyRelu": "LeakyReLU", "Elu": "ELU", "Selu": "SELU", "Celu": "CELU", "Gelu": "GELU",
    "Sigmoid": "Sigmoid", "Tanh": "Tanh", "Softplus": "Softplus", "Softsign": "Softsign", "Softmax": "Softmax",
    "LogSoftmax": "LogSoftmax", "HardSwish": "Hardswish", "HardSigmoid": "Hardsigmoid", "Mish": "Mish",
    "ThresholdedRelu": "Threshold", "Swish": "SiLU",
}  # fmt: skip
_UNARY = (
    *("Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BitwiseNot", "Ceil", "Cos", "Cosh", "CumSum", "Erf"),
    *("Exp", "Floor", "Hardmax", "IsInf", "IsNaN", "Log", "LpNormalization", "LRN", "MeanVarianceNormalization", "Neg"),
    *("Not", "QuantizeLinear", "DequantizeLinear", "Reciprocal", "Round", "Shrink", "Sign", "Sin", "Sinh", "Sqrt"),
    *("Tan", "Trilu", "Bernoulli"),
)
_BINARY = (
    *("Add", "Sub", "Mul", "Div", "Pow", "Mod", "And", "Or", "Xor", "Equal", "Greater", "Less", "GreaterOrEqual"),
    *("LessOrEqual", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor"),
)
_SEVERAL = ("Sum", "Mean", "Max", "Min", "Where")
_REDUCTIONS = tuple(
    f"Reduce{name}" for name in ("Mean", "Sum", "Max", "Min", "Prod", "L1", "L2", "LogSum", "LogSumExp", "SumSquare")
)
# From these opsets on: operands are broadcast as NumPy does, Concat names its axis, Resize has sizes, and
# GroupNormalization a scale for each channel.
_BROADCAST_OPSET, _AXIS_OPSET, _SIZES_OPSET, _CHANNELS_OPSET = 7, 4, 11, 21
_ALIGNED = ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
            "tf_half_pixel_for_nn", "tf_crop_and_resize")  # fmt: skip
_MODES = ("nearest", "linear", "cubic", "bilinear")
_PAD_MODES = ("constant", "reflect", "edge", "wrap")


def _of(
    call: Call,
    cls: type[Operator],
    values: Sequence[Value],
    computed: dict[str, Given | Sizes] | None = None,
    learned: Iterable[Learned] = (),
    **fields: Any,  # noqa: ANN401 - those of the class
) -> Made:
    """Make an operator of its operands; what is worked out is bound to what it reads later."""
    operands = tuple(one.dims if isinstance(one, Constant) else None for one in values)
    given = {name: one for name, one in (computed or {}).items() if isinstance(one, Given)}
    sizes = {name: one for name, one in (computed or {}).items() if isinstance(one, Sizes)}
    module = cls(type=call.operator, operands=operands, computed=given, **fields)
    reads = tuple(one for one in values if not isinstance(one, Constant))
    return Made(module, reads, tuple(learned), sizes)


def _alike(call: Call) -> Made:
    """Make what leaves the shape of its first operand."""
    return _of(call, Elementwise, [call.needed(0)], first=True)


def _activation(call: Call) -> Made:
    first = call.needed(0)
    if isinstance(first, Constant):
        return _alike(call)
    return Made(Activation(type=_ACTIVATIONS[call.operator]), (first,))  # type: ignore[arg-type]


def _clip(call: Call) -> Made:
    bounds = [call.numbers(1), call.numbers(2)]
    values = tuple(one.value(())[0] if isinstance(one, Given) and one.value(()) else None for one in bounds)
    values = values if call.operand(1) or call.operand(2) else (call.attributes.get("min"), call.attributes.get("max"))
    first = call.needed(0)
    if values == (0, 6) and isinstance(first, Tensor):
        return Made(Activation(type="ReLU6"), (first,))
    return _alike(call)


def _moving(call: Call) -> Made:
    return _of(call, Moving, [call.needed(0)])


def _nothing(call: Call) -> Made:
    first = call.needed(0)
    kind: Literal["Dropout", "Identity"] = "Dropout" if call.operator == "Dropout" else "Identity"
    return _moving(call) if isinstance(first, Constant) else Made(Nothing(type=kind), (first,))


def _learned(values: Iterable[Value], *, is_bias: bool) -> list[Learned]:
    """Return the constants that are learned: real ones of more than one element."""
    return [Learned(one, is_bias) for one in values if isinstance(one, Constant) and one.is_floating and one.size > 1]


def _binary(call: Call) -> Made:
    values = [call.needed(0), call.needed(1)]
    learned = _learned(values, is_bias=call.operator in {"Add", "Sub"})
    if call.opset < _BROADCAST_OPSET and call.attributes.get("broadcast"):
        # The second operand stands along axes of the first that an attribute names.
        return _of(call, Elementwise, values[:1], learned=learned, first=True)
    if all(isinstance(one, Tensor) for one in values) and call.operator in {"Add", "Mul"}:
        return Made(Add() if call.operator == "Add" else Mul(), tuple(values))
    return _of(call, Elementwise, values, learned=learned)


def _several(call: Call) -> Made:
    values = [call.needed(number) for number in range(max(1, len(call.operands)))]
    if call.operator == "Sum" and len(values) > 1 and all(isinstance(one, Tensor) for one in values):
        return Made(Add(), tuple(values))
    return _of(call, Elementwise, values, learned=_learned(values, is_bias=False))


def _slope(call: Call) -> Made:
    values = [call.needed(0), call.needed(1)]
    slope = values[1]
    learned = [Learned(slope)] if isinstance(slope, Constant) else []
    return _of(call, Elementwise, values, learned=learned, first=True)


def _normalised(call: Call, *, prefix: str | None = None, channels: bool = True) -> Made:
    """Make a normalisation with a scale and a shift; running means and variances are not learned."""
    scale, shift = call.operand(1), call.operand(2)
    values = [call.needed(0)]
    for number in (1, 2) if prefix is None else (1, 2, 3, 4):
        one = call.operand(number)
        if not isinstance(one, Constant):
            values += [] if one is None else [one]
        elif channels and isinstance(scale, Constant) and one.dims != scale.dims:
            raise call.fault(f"input {number} is {[*one.dims]}, where its scale is {[*scale.dims]}")
    learned = [Learned(scale)] if isinstance(scale, Constant) else []
    learned += [Learned(shift, is_bias=True)] if isinstance(shift, Constant) else []
    known = scale.dims[0] if channels and isinstance(scale, Constant) and len(scale.dims) == 1 else None
    return _of(call, Channelwise, values, learned=learned, channels=known, prefix=prefix)


def _layer_norm(call: Call) -> Made:
    return _normalised(call, channels=False)


def _group_norm(call: Call) -> Made:
    call.integer("num_groups", 1, least=1)
    return _normalised(call, channels=call.opset >= _CHANNELS_OPSET)


def _gemm(call: Call) -> Made:
    left, right, bias = call.needed(0), call.needed(1), call.operand(2)
    turned = tuple(bool(call.integer(name, 0)) for name in ("transA", "transB"))
    if isinstance(right, Constant) and len(right.dims) != len(("K", "N")):
        raise call.fault(f"B is {[*right.dims]}, and no matrix")
    learned = [Learned(right)] if isinstance(right, Constant) else []
    learned += [Learned(bias, is_bias=True)] if isinstance(bias, Constant) else []
    if isinstance(left, Tensor) and isinstance(right, Constant) and not turned[0] and 0 not in right.dims:
        depth, width = right.dims[::-1] if turned[1] else right.dims
        if bias is None or (isinstance(bias, Constant) and bias.dims == (width,)):
            module = Linear(in_features=depth, out_features=width, bias=bias is not None)
            return Made(module, (left,), tuple(learned))
    values = [left, right, *([] if bias is None else [bias])]
    return _of(call, MatrixProduct, values, learned=learned, transposed=turned, bias=bias is not None)


def _matmul(call: Call, right_at: int = 1) -> Made:
    left, right = call.needed(0), call.needed(right_at)
    learned = [Learned(one) for one in (left, right) if isinstance(one, Constant)]
    if isinstance(left, Tensor) and isinstance(right, Constant) and len(right.dims) == 2 and 0 not in right.dims:  # noqa: PLR2004 - a matrix
        depth, width = right.dims
        return Made(Linear(in_features=depth, out_features=width, bias=False), (left,), tuple(learned))
    return _of(call, MatrixProduct, [left, right], learned=learned)


def _concat(call: Call) -> Made:
    values = [call.needed(number) for number in range(max(1, len(call.operands)))]
    # The first versions joined channels where no axis was named.
    axis = call.integer("axis", 1) if call.opset < _AXIS_OPSET else _given(call, "axis")
    return _of(call, Joined, values, learned=_learned(values, is_bias=False), axis=axis)


def _given(call: Call, name: str, **bounds: int) -> int:
    """Return an attribute that has no default."""
    if name not in call.attributes:
        raise call.fault(f"the attribute {name} is missing", f"{name}=1")
    return call.integer(name, 1, **bounds)


def _gather(call: Call) -> Made:
    values = [call.needed(0), call.needed(1)]
    learned = _learned(values[:1], is_bias=False)
    return _of(call, Taken, values, learned=learned, axis=call.integer("axis", 0))


def _worked(call: Call, name: str, position: int, *, attribute: str | None = None) -> Given | Sizes | None:
    """Return numbers that are an operand, or in older models an attribute; None where neither is known."""
    if call.operand(position) is not None:
        return call.numbers(position)
    value = call.attributes.get(attribute or name)
    return Given(value) if isinstance(value, tuple) else None


def _with(call: Call, cls: type[Operator], name: str, *, needed: bool = True, **fields: Any) -> Made | None:  # noqa: ANN401
    """Make an operator with one argument that is worked out: unknown where it cannot be."""
    found = _worked(call, name, 1)
    if found is None and (needed or call.operand(1) is not None):
        if needed and call.operand(1) is None:
            raise call.fault(f"{name} is missing: input 1, or in older models an attribute")
        return None
    return _of(call, cls, [call.needed(0)], {name: found or Given(())}, **fields)


def _reshape(call: Call) -> Made | None:
    return _with(call, Reshape, "shape", zero=bool(call.integer("allowzero", 0)))


def _reduction(call: Call) -> Made | None:
    idle = bool(call.integer("noop_with_empty_axes", 0))
    keeps = bool(call.integer("keepdims", 1))
    return _with(call, Reduction, "axes", needed=False, idle=idle, keeps=keeps)


def _place(call: Call) -> Made:
    axis = Given((call.integer("axis", 0),))
    return _of(call, Reduction, [call.needed(0)], {"axes": axis}, keeps=bool(call.integer("keepdims", 1)))


def _slice(call: Call) -> Made | None:
    computed = {}
    for position, name in enumerate(("starts", "ends", "axes", "steps"), 1):
        found = _worked(call, name, position)
        if found is not None:
            computed[name] = found
        elif call.operand(position) is not None:
            return None
        elif position <= len(("starts", "ends")):
            raise call.fault(f"{name} is missing: input {position}, or in older models an attribute")
    return _of(call, Sliced, [call.needed(0)], computed)


def _pad(call: Call) -> Made | None:
    call.word("mode", _PAD_MODES, "constant")
    computed = {}
    for position, name, older in ((1, "pads", "pads"), (3, "axes", "axes")):
        found = _worked(call, name, position, attribute=older)
        if found is None and name == "pads":
            found = _worked(call, name, position, attribute="paddings")
        if found is not None:
            computed[name] = found
        elif call.operand(position) is not None:
            return None
    if "pads" not in computed:
        raise call.fault("pads are missing: input 1, or in older models an attribute")
    return _of(call, Padded, [call.needed(0)], computed)


def _resize(call: Call) -> Made | None:
    older = call.operator == "Upsample" or call.opset < _SIZES_OPSET
    mode = call.word("mode", _MODES, "nearest")
    coordinates = call.word("coordinate_transformation_mode", _ALIGNED, "asymmetric" if older else "half_pixel")
    if coordinates == "tf_crop_and_resize":
        return None
    policy = call.word("keep_aspect_ratio_policy", ("stretch", "not_larger", "not_smaller"), "stretch")
    computed: dict[str, Given | Sizes] = {}
    for name, position in (("scales", 1 if older else 2), ("sizes", 3)):
        found = _worked(call, name, position)
        if found is None and isinstance(call.operand(position), Tensor | Constant):
            return None
        if found is not None and (isinstance(found, Sizes) or found.value(())):
            computed[name] = found
    if len(computed) != 1:
        raise call.fault("it has both scales and sizes, or neither")
    if "axes" in call.attributes:
        computed["axes"] = Given(call.integers("axes", None, ()))
    fields: dict[str, Any] = {
        "mode": "linear" if mode == "bilinear" else mode,
        "coordinates": coordinates,
        "policy": policy,
    }
    return _of(call, Resized, [call.needed(0)], computed, **fields)


def _split(call: Call) -> Made | None:
    found = _worked(call, "split", 1)
    if found is None and call.operand(1) is not None:
        return None
    fields: dict[str, Any] = {"axis": call.integer("axis", 0), "number": call.output, "parts": call.outputs}
    return _of(call, Part, [call.needed(0)], {} if found is None else {"split": found}, **fields)


def _transpose(call: Call) -> Made:
    order = call.integers("perm", None, (), least=0) if "perm" in call.attributes else None
    if order is not None and sorted(order) != [*range(len(order))]:
        raise call.fault(f"perm is {[*order]}, and no order of axes", f"perm={[*range(len(order))]}")
    return _of(call, Transposed, [call.needed(0)], order=order)


def _blocks(call: Call) -> Made | None:
    size = _given(call, "blocksize", least=1)
    first = call.needed(0)
    if isinstance(first, Constant):
        return None
    if call.operator == "DepthToSpace":
        return Made(PixelShuffle(upscale_factor=size), (first,))
    return Made(PixelUnshuffle(downscale_factor=size), (first,))


def _filled(call: Call) -> Made | None:
    found = call.numbers(0)
    return None if found is None else _of(call, Filled, [], {"shape": found})


def _drawn(call: Call) -> Made:
    return _of(call, Filled, [], {"shape": Given(call.integers("shape", None, None, least=0))})


BUILDERS: dict[str, Callable[[Call], Made | None]] = {
    "Conv": onnx_windows.convolution,
    "QLinearConv": onnx_windows.quantized_convolution,
    "ConvInteger": onnx_windows.integer_convolution,
    "ConvTranspose": onnx_windows.transposed,
    **dict.fromkeys(("MaxPool", "AveragePool", "LpPool"), onnx_windows.pooling),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"), onnx_windows.global_pooling),
    "Gemm": _gemm,
    **dict.fromkeys(("MatMul", "MatMulInteger"), _matmul),
    "QLinearMatMul": partial(_matmul, right_at=3),
    "BatchNormalization": partial(_normalised, prefix="BatchNorm"),
    "InstanceNormalization": partial(_normalised),
    **dict.fromkeys(("LayerNormalization", "RMSNormalization"), _layer_norm),
    "GroupNormalization": _group_norm,
    **dict.fromkeys(_ACTIVATIONS, _activation),
    "Clip": _clip,
    "PRelu": _slope,
    **dict.fromkeys(_UNARY, _alike),
    **dict.fromkeys(_BINARY, _binary),
    **dict.fromkeys(_SEVERAL, _several),
    **dict.fromkeys(("Identity", "Dropout"), _nothing),
    **dict.fromkeys(("Cast", "CastLike"), _moving),
    "Concat": _concat,
    "Gather": _gather,
    "Flatten": lambda call: _of(call, Flattened, [call.needed(0)], axis=call.integer("axis", 1)),
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Squeeze": partial(_with, cls=Squeezed, name="axes", needed=False),
    "Unsqueeze": partial(_with, cls=Unsqueezed, name="axes"),
    "Expand": partial(_with, cls=Expanded, name="shape"),
    "Tile": partial(_with, cls=Tiled, name="repeats"),
    "Slice": _slice,
    "Split": _split,
    "Pad": _pad,
    **dict.fromkeys(("Resize", "Upsample"), _resize),
    **dict.fromkeys(("DepthToSpace", "SpaceToDepth"), _blocks),
    **dict.fromkeys(_REDUCTIONS, _reduction),
    **dict.fromkeys(("ArgMax", "ArgMin"), _place),
    "ConstantOfShape": _filled,
    **dict.fromkeys(("RandomNormal", "RandomUniform"), _drawn),
}
# Those whose outputs are parts, and not further results beside the first.
PARTED = frozenset({"Split"})
