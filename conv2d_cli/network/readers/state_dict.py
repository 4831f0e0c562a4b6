"""A `.safetensors` file of weights: what can be known of each tensor without the network's graph, header alone.

How they are connected it does not say: every one is a node of unknown flow.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conv2d_cli.errors import DataError
from conv2d_cli.network.graph import Graph, Input, Node
from conv2d_cli.network.modules.base import Module, Parameters, Shape

if TYPE_CHECKING:
    from conv2d_cli.network.readers.base import Content

# What ends the names of a module's tensors, and which of them are learned.
_WEIGHT, _BIAS = "weight", "bias"
_NOT_LEARNED = ("running_mean", "running_var", "num_batches_tracked")
# A header's length, and the brace that it begins with.
_LENGTH_BYTES, _BRACE = 8, b"{"
_KINDS = {2: "Linear", 3: "Conv1d", 4: "Conv2d", 5: "Conv3d"}


class Weights(Module, frozen=True):
    """The tensors of one module: its kind is what a weight of that many axes is mostly of."""

    type: str
    sizes: Shape
    counted: Parameters

    @property
    def window(self) -> tuple[int, ...] | None:
        """The last axes of a weight."""
        return self.sizes[2:] or None

    @property
    def parameters(self) -> Parameters | None:
        """All that it has learned."""
        return self.counted


class StateDictReader:
    """A `.safetensors` state dict."""

    notation = "safetensors"

    def recognises(self, content: Content) -> bool:
        """Whether it begins with the length of a header in JSON, which fits into the file."""
        length = int.from_bytes(content.data[:_LENGTH_BYTES], "little")
        begins = content.data[_LENGTH_BYTES : _LENGTH_BYTES + 1] == _BRACE and 0 < length <= len(content.data)
        return begins or (content.path or "").lower().endswith(".safetensors")

    def read(self, content: Content, *, assume: bool) -> Graph:  # noqa: ARG002 - nothing is assumed
        """Return its modules, each of unknown flow.

        Raises:
            DataError: it is no sound file.
            MissingExtraError: the extra `safetensors` is not installed.
        """
        from conv2d_cli.tensors.formats import OpenFile
        from conv2d_cli.tensors.safetensors import SafetensorsFile

        try:
            file = SafetensorsFile(OpenFile(BytesIO(content.data), Path(content.name), len(content.data)))
        except DataError as error:
            raise DataError(f"{content.name}: {error.message}", error.hint) from error
        shapes = {name: tuple(file.tensor(name).shape) for name in file.names}
        nodes = _nodes(shapes)
        if not nodes:
            raise DataError(f"{content.name}: it holds no weights")
        return Graph(content.name, (Input("input"),), nodes, unknown=tuple(node.name for node in nodes))


def _nodes(shapes: dict[str, Shape]) -> tuple[Node, ...]:
    """Return a node for each module, named as its tensors are, in the order of the file."""
    modules: dict[str, dict[str, Shape]] = {}
    for name, shape in shapes.items():
        prefix, _, last = name.rpartition(".")
        if last in {_WEIGHT, _BIAS}:
            modules.setdefault(prefix or name, {})[last] = shape
        elif last not in _NOT_LEARNED:
            modules.setdefault(name, {})[_WEIGHT] = shape
    return tuple(Node(name, _weights(tensors), None) for name, tensors in modules.items())


def _weights(tensors: dict[str, Shape]) -> Weights:
    from math import prod

    shape: Any = tensors.get(_WEIGHT, ())
    counted = Parameters(prod(shape) if _WEIGHT in tensors else 0, prod(tensors[_BIAS]) if _BIAS in tensors else 0)
    return Weights(type=_KINDS.get(len(shape), "Weights"), sizes=shape, counted=counted)
