"""One Conv node out of a model: its weight, its bias, and every attribute of its layer, groups included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.errors import DataError, Fault, LayerError, UsageError, shown
from conv2d_cli.jobs.headers import is_typed
from conv2d_cli.layer.forward import padding_sides
from conv2d_cli.layer.model import layer_from, same_argument
from conv2d_cli.tensors.faults import faults_of
from conv2d_cli.tensors.formats import OpenFile, model_of_suffix
from conv2d_cli.tensors.location import input_location
from conv2d_cli.tensors.names import chosen

if TYPE_CHECKING:
    from pathlib import Path

    from conv2d_cli.jobs.run.request import Request
    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.tensors.onnx import ConvNode

_PLANE_AXES = 2
# Of a layer what a node says; the rest is of the run.
_OF_NODE = ("in_channels", "out_channels", "kernel_size", "stride", "dilation", "groups", "padding_mode")


def with_node(request: Request) -> Request:
    """Return a request whose weight is a node of a model with all that the node says; any other as it is.

    Raises:
        FileError: the model cannot be read.
        DataError: it is none, or the node is none that can be run, or not the layer that is given.
        UsageError, LayerError: an option contradicts the node.
        MissingExtraError: the extra of the model's format is not installed.
    """
    if request.weight is None or is_typed(request.weight):
        return request
    location = input_location(request.weight)
    if location.path is None or model_of_suffix(location.path) is None:
        return request
    if not request.weight_reading.layout.is_ours:
        raise UsageError("--weight-layout: the weight of a node has an order of its own", "leave --weight-layout out")
    with faults_of(request.weight):
        name, node = _node(location.path, location.name)
        layer = _layer_of(node)
    _check_options(request, layer, node)
    if request.layer is not None:
        _check_layer(request, layer, node)
    without_bias = request.arguments.get("bias") is False or (request.layer is not None and not request.layer.bias)
    typed = f"{location.path}::{name}"
    bias = f"{typed}::bias" if node.has_bias and not without_bias and request.bias is None else request.bias
    has_bias = bias is not None and not without_bias
    layer = layer.model_copy(update={"bias": has_bias})
    return request._replace(weight=typed, bias=bias, layer=layer, node=f"{node.place} is {layer}")


def _node(path: Path, name: str | None) -> tuple[str, ConvNode]:
    from conv2d_cli.tensors.onnx import OnnxFile

    with path.open("rb") as stream:
        file = OnnxFile(OpenFile(stream, path, None))
    known = None if name is None else file.meant(name)
    found = str(known if known is not None else chosen(file.names, name))
    return found, file.nodes[found]


def _layer_of(node: ConvNode) -> Conv2d:
    """Return the Conv2d that a node is.

    Raises:
        DataError: it is none, or its attributes are wrong.
    """
    from conv2d_cli.network.readers.onnx_call import Call, Constant, Tensor
    from conv2d_cli.network.readers.onnx_windows import conv2d_arguments, filters_of, window_of
    from conv2d_cli.tensors.onnx_model import attributes_of, described

    given: list[Any] = [Tensor(0)]
    for tensor, what in ((node.weight, "weight"), (node.bias, "bias"))[: 2 if node.has_bias else 1]:
        if tensor is None:
            raise DataError(f"{node.place}: its {what} is made when the model runs", "choose another node")
        facts = described(tensor, f"the {what} of {node.place}")
        given.append(Constant(facts.dims, facts.is_floating, frozenset()))
    call = Call(node.place, attributes_of(node.node, node.place), given, 1, 1)
    filters = filters_of(call)
    if filters is None:
        raise DataError(f"{node.place}: it has no weight", "choose another node")
    window = window_of(call, filters.weight.dims[2:])
    if len(window.kernel) != _PLANE_AXES:
        raise DataError(
            f"{node.place}: it goes along {len(window.kernel)} axes, and Conv2d along two", "choose another node"
        )
    try:
        return layer_from(conv2d_arguments(filters, window))
    except ValueError as error:
        raise call.fault(str(error)) from error


def _check_options(request: Request, layer: Conv2d, node: ConvNode) -> None:
    """Check that options say of the layer what the node says.

    Raises:
        LayerError: some do not; the hints are what the node says.
    """
    faults = []
    for field, value in request.arguments.items():
        own = getattr(layer, field, None)
        if field in {*_OF_NODE, "padding"} and not same_argument(field, value, own):
            problem = f"{node.place} has {field}={own}, and the layer is the node's"
            faults.append(Fault(field, shown(value), problem, hint=f"{field}={own!r}"))
    if faults:
        raise LayerError(faults)


def _check_layer(request: Request, layer: Conv2d, node: ConvNode) -> None:
    """Check that the layer that is given is the node's.

    Raises:
        DataError: it is not.
    """
    asked = request.layer
    assert asked is not None  # noqa: S101 - the caller has looked
    same = all(getattr(asked, field) == getattr(layer, field) for field in _OF_NODE)
    if not same or padding_sides(asked) != padding_sides(layer):
        raise DataError(
            f"{shown(request.weight)[1:-1]}: the layer is {asked}, but {node.place} is {layer}", "leave LAYER out"
        )
