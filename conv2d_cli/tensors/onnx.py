"""The weights of an ONNX model: a tensor for each Conv node under the node's name, its bias behind `::bias`.

Data outside the file is never read.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.errors import DataError
from conv2d_cli.numpy_dtypes import stored_dtype
from conv2d_cli.tensors.looked import Looked
from conv2d_cli.tensors.onnx_model import Described, Place, described, parsed, place_of, values_of

if TYPE_CHECKING:
    from pathlib import Path

    from conv2d_cli.tensors.formats import OpenFile

    Array = np.ndarray[Any, Any]

_OPERATOR, _BIAS = "Conv", "::bias"
_DOMAINS = frozenset({"", "ai.onnx"})
# The library loads what is outside, and writes one file.
_ONE_FILE = 'python -c "import sys, onnx; onnx.save(onnx.load(sys.argv[1]), sys.argv[2])" {file} {new}'


class ConvNode(NamedTuple):
    """A Conv node of a model, and the tensors that it is given, None for one that the model does not hold."""

    place: Place
    node: Any
    weight: Any
    bias: Any

    @property
    def has_bias(self) -> bool:
        """Whether it adds a bias."""
        return len(self.node.input) > len(("X", "W")) and bool(self.node.input[2])


class OnnxTensor:
    """A weight or a bias that a model holds."""

    fortran_order = False
    # The elements lie inside a message.
    offset = None

    def __init__(self, tensor: Any, facts: Described) -> None:  # noqa: ANN401 - a message of protobuf
        """Take what it says of itself, which has been checked."""
        self._tensor = tensor
        self.shape, self.holds = facts.dims, facts.dtype
        self.dtype = stored_dtype(self.holds, "=") if self.holds in DTYPES else np.dtype("V1")

    def read(self) -> Array:
        """Return the elements."""
        values = values_of(self._tensor)
        stored: Array = np.ascontiguousarray(values).view(self.dtype) if values.dtype != self.dtype else values
        return stored


class OnnxFile:
    """A model whose Conv nodes are known."""

    def __init__(self, file: OpenFile) -> None:
        """Read the model.

        Raises:
            MissingExtraError: the extra `onnx` is not installed.
            DataError: it is no model.
        """
        self._path = file.path
        self.nodes = _nodes_of(file)
        self.names = [*self.nodes]

    def meant(self, name: str) -> str | None:
        """Return the name that a node, or its bias, is listed by: `#3` and the name of its output are known too."""
        node, bias = (name.removesuffix(_BIAS), _BIAS) if name.endswith(_BIAS) else (name, "")
        if node in self.nodes:
            return node + bias
        found = next((one for one, conv in self.nodes.items() if node in _other_names(conv)), None)
        return None if found is None else found + bias

    def tensor(self, name: str) -> OnnxTensor:
        """Return the weight of a node, or its bias.

        Raises:
            DataError: the model does not hold it.
        """
        found = self.nodes[name.removesuffix(_BIAS)]
        tensor, what = (found.bias, "bias") if name.endswith(_BIAS) else (found.weight, "weight")
        if tensor is None:
            raise DataError(f"{found.place}: its {what} is made when the model runs", "choose another node")
        facts = described(tensor, f"the {what} of {found.place}")
        if facts.is_external:
            raise DataError(f"{found.place}: its {what} is outside the file, and never looked for", self._one_file())
        return OnnxTensor(tensor, facts)

    def described(self, name: str) -> tuple[tuple[int, ...] | None, str | None]:
        """Return what is known of a weight that cannot be read."""
        tensor = self.nodes[name].weight
        if tensor is None:
            return None, None
        try:
            facts = described(tensor, name)
        except DataError:
            return None, None
        return facts.dims, facts.dtype

    def _one_file(self) -> str:
        looked = Looked(b"", None, None, self._path)
        return _ONE_FILE.format(file=looked.file, new=looked.new("-whole.onnx"))


open_container = OnnxFile


def _other_names(conv: ConvNode) -> tuple[str, str]:
    return f"#{conv.place.number}", conv.node.output[0] if conv.node.output else ""


def _nodes_of(file: OpenFile) -> dict[str, ConvNode]:
    """Return the Conv nodes of a model by name; a file that has not changed is not parsed again."""
    if file.path is None:
        return _conv_nodes(file.stream.read())
    status = file.path.stat()
    return _parsed(file.path, (status.st_mtime_ns, status.st_size, status.st_ino))


@lru_cache(maxsize=1)
def _parsed(path: Path, _: tuple[int, ...]) -> dict[str, ConvNode]:
    return _conv_nodes(path.read_bytes())


def _conv_nodes(data: bytes) -> dict[str, ConvNode]:
    try:
        graph = parsed(data).graph
        held = {one.name: one for one in graph.initializer}
        for node in graph.node:
            if node.op_type == "Constant" and node.domain in _DOMAINS and node.output:
                held |= {name: one.t for one in node.attribute for name in node.output[:1] if one.name == "value"}
        nodes: dict[str, ConvNode] = {}
        for number, node in enumerate(graph.node):
            if node.op_type == _OPERATOR and node.domain in _DOMAINS:
                place = place_of(number, node)
                weight, bias = (held.get(name) for name in (*node.input[1:3], "", "")[:2])
                name = place.name if place.name not in nodes else f"{place.name}#{number}"
                nodes[name] = ConvNode(place, node, weight, bias)
    except UnicodeDecodeError as error:
        raise DataError(f"a name in it is no text: {error}", "write the model again") from error
    if not nodes:
        raise DataError(f"it has no {_OPERATOR} node, whose weights could be taken")
    return nodes
