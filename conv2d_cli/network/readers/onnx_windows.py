"""The windows of ONNX, their attributes checked: convolutions, transposed ones and poolings, along any axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.errors import LayerError
from conv2d_cli.layer.model import layer_from
from conv2d_cli.network.modules.operator_windows import (
    BatchedConvolution2d,
    ConvolutionNd,
    GlobalPooling,
    PoolingNd,
    TransposedNd,
)
from conv2d_cli.network.modules.pooling import AvgPool2d, MaxPool2d
from conv2d_cli.network.modules.transposed import TransposedConvolution2d
from conv2d_cli.network.readers.onnx_call import Call, Constant, Learned, Made

if TYPE_CHECKING:
    from conv2d_cli.network.modules.base import Module, Shape

_PLANE_AXES = 2
_AUTO_PADS = ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")
# What a Conv2d calls them.
_WORDS = {"SAME_UPPER": "same_upper", "SAME_LOWER": "same_lower", "VALID": "valid"}


class Window(NamedTuple):
    """The attributes of a window along some axes, as ONNX has them; the sides are before and after, axis by axis."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    sides: tuple[tuple[int, int], ...]
    auto_pad: str

    @property
    def is_symmetric(self) -> bool:
        """Whether both sides of each axis are padded alike, by what the model says."""
        return self.auto_pad in {"NOTSET", "VALID"} and all(first == last for first, last in self.sides)

    @property
    def fields(self) -> dict[str, Any]:
        """What a module along any axes is made with."""
        return {
            "window_size": self.kernel, "stride": self.stride, "dilation": self.dilation, "sides": self.sides,
            "auto_pad": self.auto_pad,
        }  # fmt: skip


def window_of(call: Call, kernel: Shape | None = None) -> Window:
    """Return the window of a node; that of a weight has its `kernel`.

    Raises:
        DataError: an attribute is wrong.
    """
    size = call.integers("kernel_shape", None if kernel is None else len(kernel), kernel, least=1)
    if kernel is not None and size != kernel:
        raise call.fault(
            f"kernel_shape is {[*size]}, but its weight has a kernel of {[*kernel]}", f"kernel_shape={[*kernel]}"
        )
    axes = len(size)
    if not axes:
        raise call.fault("kernel_shape is empty", "kernel_shape=[3, 3]")
    stride = call.integers("strides", axes, (1,) * axes, least=1)
    dilation = call.integers("dilations", axes, (1,) * axes, least=1)
    pads = call.integers("pads", 2 * axes, (0,) * (2 * axes), least=0)
    auto_pad = call.word("auto_pad", _AUTO_PADS, "NOTSET")
    if auto_pad != "NOTSET":
        # The specification has either; runtimes go by the word.
        pads = (0,) * (2 * axes)
    return Window(size, stride, dilation, tuple(zip(pads[:axes], pads[axes:], strict=True)), auto_pad)


class Filters(NamedTuple):
    """The weight and the bias of a convolution, checked: channels are those of a group on the side of the weight."""

    weight: Constant
    bias: Constant | None
    groups: int

    @property
    def learned(self) -> tuple[Learned, ...]:
        """Both, to be counted."""
        return (Learned(self.weight), *(() if self.bias is None else (Learned(self.bias, is_bias=True),)))


def filters_of(call: Call, weight_at: int = 1, bias_at: int | None = 2, *, transposed: bool = False) -> Filters | None:
    """Return what a convolution has learned; None where its weight is made when the network runs.

    Raises:
        DataError: they do not fit one another.
    """
    call.needed(0)
    weight = call.needed(weight_at)
    if not isinstance(weight, Constant):
        return None
    groups = call.integer("group", 1, least=1)
    dims = weight.dims
    if len(dims) < len(("out", "in", "k")) or 0 in dims:
        raise call.fault(f"a weight of {[*dims]} is no kernel: it has out and in channels, and a size for each axis")
    if dims[0] % groups:
        raise call.fault(f"{groups} groups do not divide the {dims[0]} channels of its weight", "group=1")
    outputs = dims[1] * groups if transposed else dims[0]
    bias = None if bias_at is None else call.operand(bias_at)
    if bias is not None and (not isinstance(bias, Constant) or bias.dims != (outputs,)):
        given = [*bias.dims] if isinstance(bias, Constant) else "made when the network runs"
        if not isinstance(bias, Constant):
            return None
        raise call.fault(f"its bias is {given}, where {outputs} numbers belong, one for each output channel")
    return Filters(weight, bias, groups)


def convolution(call: Call, weight_at: int = 1, bias_at: int | None = 2) -> Made | None:
    """Make a Conv, also of integers."""
    found = filters_of(call, weight_at, bias_at)
    if found is None:
        return None
    window = window_of(call, found.weight.dims[2:])
    outputs, channels = found.weight.dims[:2]
    module: Module
    if len(window.kernel) == _PLANE_AXES:
        module = BatchedConvolution2d(layer=_layer(call, found, window))
    else:
        module = ConvolutionNd(
            type=call.operator, in_channels=channels * found.groups, out_channels=outputs, groups=found.groups,
            bias=found.bias is not None, **window.fields,
        )  # fmt: skip
    return Made(module, (call.needed(0),), found.learned)


def _layer(call: Call, found: Filters, window: Window) -> Any:  # noqa: ANN401 - a layer
    try:
        return layer_from(conv2d_arguments(found, window))
    except LayerError as error:
        raise call.fault(error.message, error.hint) from error


def conv2d_arguments(found: Filters, window: Window) -> dict[str, Any]:
    """Return the arguments of the Conv2d that a node is."""
    (top, bottom), (left, right) = window.sides
    symmetric = window.is_symmetric
    padding = _WORDS.get(window.auto_pad) or ((top, left) if symmetric else (top, left, bottom, right))
    outputs, channels = found.weight.dims[:2]
    return {
        "in_channels": channels * found.groups, "out_channels": outputs, "kernel_size": window.kernel,
        "stride": window.stride, "padding": padding, "dilation": window.dilation, "groups": found.groups,
        "bias": found.bias is not None,
    }  # fmt: skip


def quantized_convolution(call: Call) -> Made | None:
    """Make a QLinearConv: scales and zero points stand between, and are not learned."""
    return convolution(call, weight_at=3, bias_at=8)


def integer_convolution(call: Call) -> Made | None:
    """Make a ConvInteger."""
    return convolution(call, weight_at=1, bias_at=None)


def transposed(call: Call) -> Made | None:
    """Make a ConvTranspose."""
    found = filters_of(call, transposed=True)
    if found is None:
        return None
    window = window_of(call, found.weight.dims[2:])
    axes = len(window.kernel)
    extra = call.integers("output_padding", axes, (0,) * axes, least=0)
    asked = call.integers("output_shape", axes, None, least=1) if call.attributes.get("output_shape") else None
    channels, outputs = found.weight.dims[:2]
    sizes: dict[str, Any] = {
        "in_channels": channels, "out_channels": outputs * found.groups, "groups": found.groups,
        "bias": found.bias is not None,
    }  # fmt: skip
    small = all(more < max(both) for more, *both in zip(extra, window.stride, window.dilation, strict=True))
    module: Module
    if axes == _PLANE_AXES and window.is_symmetric and asked is None and small:
        module = TransposedConvolution2d(
            **sizes, kernel_size=window.kernel, stride=window.stride, dilation=window.dilation,
            padding=tuple(first for first, _ in window.sides), output_padding=extra,
        )  # fmt: skip
    else:
        module = TransposedNd(type=call.operator, **sizes, output_padding=extra, asked=asked, **window.fields)
    return Made(module, (call.needed(0),), found.learned)


def pooling(call: Call) -> Made | None:
    """Make a MaxPool, AveragePool or LpPool."""
    window = window_of(call)
    ceil_mode = bool(call.integer("ceil_mode", 0, least=0, most=1))
    small = all(2 * first <= kernel for kernel, (first, _) in zip(window.kernel, window.sides, strict=True))
    shared: dict[str, Any] = {
        "kernel_size": window.kernel, "stride": window.stride, "ceil_mode": ceil_mode,
        "padding": tuple(first for first, _ in window.sides),
    }  # fmt: skip
    module: Module
    if not (len(window.kernel) == _PLANE_AXES and window.is_symmetric and small):
        module = PoolingNd(type=call.operator, ceil_mode=ceil_mode, **window.fields)
    elif call.operator == "MaxPool":
        module = MaxPool2d(**shared, dilation=window.dilation)
    elif call.operator == "AveragePool" and window.dilation == (1, 1):
        module = AvgPool2d(**shared, count_include_pad=bool(call.integer("count_include_pad", 0, least=0, most=1)))
    else:
        module = PoolingNd(type=call.operator, ceil_mode=ceil_mode, **window.fields)
    return Made(module, (call.needed(0),))


def global_pooling(call: Call) -> Made | None:
    """Make a GlobalAveragePool or another of its kind."""
    return Made(GlobalPooling(type=call.operator), (call.needed(0),))
