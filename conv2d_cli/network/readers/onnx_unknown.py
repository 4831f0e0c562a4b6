"""Nodes that are not known here: ONNX is asked for their shapes, each as a model of its own with the shapes at hand."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from conv2d_cli.network.readers.onnx_call import Call, Constant, Tensor, Value
from conv2d_cli.network.readers.onnx_inference import Inference, Typed
from conv2d_cli.tensors.onnx_model import library

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np

    from conv2d_cli.network.modules.base import Shape

    Array = np.ndarray[Any, Any]
    Answer = Callable[[Sequence[Shape], Mapping[str, Array]], Shape | None]

_FLOAT = 1
# A larger constant is told of by its shape.
_MOST_ELEMENTS = 1024


class Inquiry:
    """Asks about the nodes of one model; element types are asked for all of it, once."""

    def __init__(self, model: Any) -> None:  # noqa: ANN401 - a message of protobuf
        """Ask nothing yet."""
        self._model = model
        self._inference = Inference()
        self._types: Mapping[str, Typed] | None = None

    def about(self, node: Any, call: Call) -> Answer:  # noqa: ANN401 - a message of protobuf
        """Return what answers with the shape of one output of a node.

        It is given the shapes of the tensors that the node reads, in their order, and sizes that are worked out.
        """
        answers: dict[object, Shape | None] = {}
        name = node.output[call.output]
        values = {one: value for one, value in zip(node.input, call.operands, strict=True) if value is not None}
        numbers = [one.number for one in call.operands if isinstance(one, Tensor)]

        def ask(shapes: Sequence[Shape], sizes: Mapping[str, Array]) -> Shape | None:
            key = (tuple(shapes), *((one, *array.reshape(-1).tolist()) for one, array in sizes.items()))
            if key not in answers:
                answers[key] = None
                read = dict(zip(numbers, shapes, strict=False))
                with suppress(ValueError, TypeError, OverflowError, UnicodeDecodeError):
                    found = self._inference.of(self._alone(node, values, read, sizes)).get(name)
                    shape = None if found is None else found.shape
                    if shape is not None and None not in shape:
                        answers[key] = tuple(size for size in shape if size is not None)
            return answers[key]

        return ask

    def _alone(
        self,
        node: Any,  # noqa: ANN401 - a message of protobuf
        values: Mapping[str, Value],
        shapes: Mapping[int, Shape],
        sizes: Mapping[str, Array],
    ) -> bytes:
        """Return a model of this node alone."""
        onnx = library()
        alone = onnx.ModelProto(ir_version=self._model.ir_version)
        alone.opset_import.extend(self._model.opset_import)
        alone.functions.extend(self._model.functions)
        alone.graph.name = "alone"
        alone.graph.node.append(node)
        for name, value in values.items():
            element = self._element(name)
            if isinstance(value, Tensor):
                alone.graph.input.append(onnx.helper.make_tensor_value_info(name, element, shapes[value.number]))
            elif isinstance(value, Constant) and (value.values is None or value.size > _MOST_ELEMENTS):
                alone.graph.input.append(onnx.helper.make_tensor_value_info(name, element, value.dims))
            elif isinstance(value, Constant):
                alone.graph.initializer.append(onnx.numpy_helper.from_array(value.values, name))
        for name, array in sizes.items():
            alone.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
        for name in filter(None, node.output):
            alone.graph.output.append(onnx.ValueInfoProto(name=name))
        encoded: bytes = alone.SerializeToString()
        return encoded

    def _element(self, name: str) -> int:
        """Return ONNX's number of the element type of a tensor: real numbers where nobody knows."""
        if self._types is None:
            inputs = {
                one.name: Typed(one.type.tensor_type.elem_type, None)
                for one in self._model.graph.input
                if one.type.HasField("tensor_type")
            }
            weights = {one.name: Typed(one.data_type, None) for one in self._model.graph.initializer}
            self._types = {**self._inference.of(self._without_data()), **weights, **inputs}
        found = self._types.get(name)
        return found.element if found is not None and found.element else _FLOAT

    def _without_data(self) -> bytes:
        """Return the model with the shapes of its weights, and not their data."""
        onnx = library()
        model = onnx.ModelProto(ir_version=self._model.ir_version)
        model.opset_import.extend(self._model.opset_import)
        model.functions.extend(self._model.functions)
        graph, given = model.graph, {one.name for one in self._model.graph.input}
        graph.name = "types"
        graph.node.extend(self._model.graph.node)
        graph.input.extend(self._model.graph.input)
        graph.output.extend(self._model.graph.output)
        for one in self._model.graph.initializer:
            if one.name not in given:
                graph.input.append(onnx.helper.make_tensor_value_info(one.name, one.data_type, tuple(one.dims)))
        encoded: bytes = model.SerializeToString()
        return encoded
