"""The graph of an ONNX model: node by node, constants worked out, sizes kept as formulas, and all else as modules."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from conv2d_cli.errors import DataError, ShapeError, shown
from conv2d_cli.network.graph import Graph, Input, Node
from conv2d_cli.network.modules.base import Parameters
from conv2d_cli.network.modules.operators import Inferred, Operator
from conv2d_cli.network.modules.rearranging import Filled
from conv2d_cli.network.readers.onnx_call import MOST_NUMBERS, Call, Constant, Learned, Made, Tensor, Value
from conv2d_cli.network.readers.onnx_constants import KEPT, constant_of_node, constant_of_tensor, passed
from conv2d_cli.network.readers.onnx_modules import Modules, key_of
from conv2d_cli.network.readers.onnx_operators import BUILDERS, PARTED
from conv2d_cli.network.readers.onnx_sizes import FUNCTIONS, Bound, Sizes, computed
from conv2d_cli.network.readers.onnx_unknown import Inquiry
from conv2d_cli.tensors.onnx_model import (
    LARGEST_SIZE,
    Described,
    attributes_of,
    described,
    place_of,
    values_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.tensors.onnx_model import Place

# Ours are those of ONNX itself; all others are somebody else's.
_DOMAINS = frozenset({"", "ai.onnx"})
_FALLBACK_OPSET = 1
# Attributes that are graphs, one or several, and how deep they are looked into.
_GRAPHS, _MOST_DEPTH = (5, 10), 32


def graph_of_model(model: Any, name: str) -> Graph:  # noqa: ANN401 - a message of protobuf
    """Return the graph of a model that has been parsed.

    Raises:
        DataError: it is no valid model; the message names the node.
    """
    walk = _Walk(model)
    walk.take_inputs()
    for number, node in enumerate(model.graph.node):
        walk.take(number, node)
    walk.check_outputs()
    return Graph(model.graph.name or name, tuple(walk.inputs), tuple(walk.nodes), unknown=tuple(walk.unknown))


class _Walk:
    """What is known while the nodes are gone through in their order."""

    def __init__(self, model: Any) -> None:  # noqa: ANN401 - a message of protobuf
        self._model, self._graph = model, model.graph
        self._known: dict[str, Value] = {}
        self.inputs: list[Input] = []
        self.nodes: list[Node] = []
        self.unknown: list[str] = []
        self._modules = Modules()
        # Names that are taken.
        self._names: set[str] = set()
        self._made_by: dict[str, int] | None = None
        self._inquiry = Inquiry(model)
        self._used = {one.name for one in self._graph.output} | set(_read_in(self._graph, 0))
        self._opset = _opset_of(model)

    def take_inputs(self) -> None:
        """Take initializers, and the inputs that are none."""
        for tensor in self._graph.initializer:
            self._take_constant(tensor.name, tensor, described(tensor, f"the initializer {shown(tensor.name)}"))
        for sparse in self._graph.sparse_initializer:
            what = f"the sparse initializer {shown(sparse.values.name)}"
            described(sparse.values, what)
            dims = tuple(sparse.dims)
            if any(size < 0 for size in dims) or prod(dims) > LARGEST_SIZE:
                raise DataError(f"{what} has the dims {shown([*dims])}, which are no shape")
            name = sparse.values.name
            self._know(name, Constant(dims, is_floating=True, origins=frozenset({name})), what)
        for one in self._graph.input:
            if isinstance(self._known.get(one.name), Constant):
                # Older models list their initializers among the inputs.
                continue
            self._know(one.name, Tensor(len(self.inputs)), f"the input {shown(one.name)}")
            self.inputs.append(_input_of(one))
        if not self.inputs:
            raise DataError("the model has no input, so that nothing goes through it")

    def take(self, number: int, node: Any) -> None:  # noqa: ANN401 - a message of protobuf
        """Take a node."""
        place = place_of(number, node)
        operands = [None if not one else self._read(one, place, number) for one in node.input]
        if not any(node.output):
            raise DataError(f"{place}: it has no output")
        ours = node.domain in _DOMAINS
        key = key_of(node, operands) if ours else None
        made = self._modules.known(key, operands)
        if made is not None:
            call = Call(place, {}, operands, self._opset, 1)
            self._know(node.output[0], Tensor(self._add(call, made, None)), str(place))
            return
        call = Call(place, attributes_of(node, place), operands, self._opset, len(node.output))
        folded = self._folded(call, node) if ours else None
        if folded is not None:
            self._know(node.output[0], folded, str(place))
            return
        builder = BUILDERS.get(node.op_type) if ours else None
        first: int | None = None
        for output, name in enumerate(node.output):
            if name and (output == 0 or name in self._used):
                one = call._replace(output=output)
                known = builder is not None and (output == 0 or node.op_type in PARTED)
                made = self._modules.made(one, builder, key) if builder is not None and known else None
                first = self._add(one, made or self._inferred(one, node), first)
                self._know(name, Tensor(first), str(place))

    def check_outputs(self) -> None:
        """Check that what comes out is made.

        Raises:
            DataError: nothing makes it.
        """
        for one in self._graph.output:
            if one.name not in self._known:
                raise DataError(f"the model's output {shown(one.name)} is made by no node")
        if not self.nodes:
            raise DataError("nothing of the model depends on its input")

    def _read(self, name: str, place: Place, number: int) -> Value:
        found = self._known.get(name)
        if found is not None:
            return found
        if self._made_by is None:
            self._made_by = {one: index for index, node in enumerate(self._graph.node) for one in node.output}
        later = self._made_by.get(name)
        if later is None:
            raise DataError(f"{place}: it reads {shown(name)}, which nothing makes")
        if later == number:
            raise DataError(f"{place}: it reads {shown(name)}, which it makes itself")
        maker = place_of(later, self._graph.node[later])
        raise DataError(
            f"{place}: it reads {shown(name)}, which {maker} makes later: the nodes are in a cycle, or no order"
        )

    def _know(self, name: str, value: Value, what: str) -> None:
        if name in self._known:
            raise DataError(f"{what}: a tensor {shown(name)} is there already")
        self._known[name] = value

    def _take_constant(self, name: str, tensor: Any, facts: Described) -> None:  # noqa: ANN401 - a message
        self._know(name, constant_of_tensor(tensor, facts, frozenset({name})), f"the initializer {shown(name)}")

    def _folded(self, call: Call, node: Any) -> Value | None:  # noqa: ANN401 - a message of protobuf
        """Return a value that is no layer's: a constant, or sizes; None where it is one."""
        if call.operator == "Constant":
            return constant_of_node(call, node.output[0])
        if len(node.output) > 1 and call.operator != "Dropout":
            return None
        operands = [one for one in call.operands if one is not None]
        if call.operator in {"Shape", "Size"} and len(operands) == 1 and isinstance(operands[0], Tensor):
            shape = Sizes.of(operands[0].number, call.attributes if call.operator == "Shape" else {})
            return shape if call.operator == "Shape" else Sizes("ReduceProd", [shape], {"keepdims": 0})
        if not operands or not all(isinstance(one, Constant | Sizes) for one in operands):
            return None
        first = operands[0]
        if isinstance(first, Constant) and (call.operator in KEPT or first.size > MOST_NUMBERS or first.values is None):
            return passed(call, first)
        return self._worked_out(call, operands)

    def _worked_out(self, call: Call, operands: list[Any]) -> Value | None:
        """Return what an operator makes of numbers, or how it will be worked out; None where that is not known."""
        attributes = dict(call.attributes)
        if call.operator == "ConstantOfShape":
            attributes["filled"] = _filling(call)
        numbers = [one if isinstance(one, Sizes) else one.values for one in operands]
        if call.operator not in FUNCTIONS or any(one is None for one in numbers):
            return None
        if all(isinstance(one, Constant) for one in operands):
            try:
                found = computed(call.operator, [one.values for one in operands], attributes)
            except ShapeError:
                # It is a layer, and told of as one.
                return None
            origins = frozenset().union(*(one.origins for one in operands))
            return Constant(found.shape, found.dtype.kind == "f", origins, found)
        sizes = Sizes(call.operator, numbers, attributes)
        return None if sizes.is_too_deep else sizes

    def _add(self, call: Call, made: Made, first: int | None) -> int:
        """Add a node for one output; return the number of the tensor that it makes."""
        # Further outputs have learned nothing that the first has not.
        learned = made.learned if first is None else ()
        module, shares = self._modules.counted(made, learned, len(self.nodes))
        if first is not None and isinstance(module, Operator):
            module = module.model_copy(update={"learned": Parameters()})
        reads = self._materialised(made.reads, call)
        places = {tensor: place for place, tensor in reversed([*enumerate(reads)])}
        sources = sorted(frozenset().union(*(one.sources for one in made.computed.values())) - {*places})
        places |= {tensor: len(reads) + number for number, tensor in enumerate(sources)}
        if made.computed and isinstance(module, Operator):
            bound = {
                name: Bound(sizes, {one: places[one] for one in sizes.sources}) for name, sizes in made.computed.items()
            }
            module = module.model_copy(update={"computed": {**module.computed, **bound}})
        name = self._name(call)
        if made.unknown:
            self.unknown.append(name)
        self.nodes.append(Node(name, module, (*reads, *sources), shares, is_module=None))
        return len(self.inputs) + len(self.nodes) - 1

    def _name(self, call: Call) -> str:
        """Return a name that no other node has."""
        name = call.place.name if call.output == 0 else f"{call.place.name}:{call.output}"
        if name in self._names:
            name = f"{name}#{call.place.number}"
        self._names.add(name)
        return name

    def _materialised(self, values: tuple[Value, ...], call: Call) -> tuple[int, ...]:
        """Return the tensors that are read; sizes that are read as a tensor are made by a node of their own."""
        found = []
        for one in values:
            if isinstance(one, Sizes):
                sources = sorted(one.sources)
                bound = Bound(one, {tensor: place for place, tensor in enumerate(sources)})
                module = Filled(type="Shape", operands=(), computed={"values": bound})
                name = self._name(call._replace(place=call.place._replace(name=f"{call.place.name}:sizes")))
                self.nodes.append(Node(name, module, tuple(sources)))
                found.append(len(self.inputs) + len(self.nodes) - 1)
            elif isinstance(one, Tensor):
                found.append(one.number)
        return tuple(found)

    def _inferred(self, call: Call, node: Any) -> Made:  # noqa: ANN401 - a message of protobuf
        """Make a node that is not known: ONNX says its shape, and its constants are counted."""
        read = [one for one in call.operands if isinstance(one, Tensor)]
        sizes = {name: one for name, one in zip(node.input, call.operands, strict=True) if isinstance(one, Sizes)}
        constants = [one for one in call.operands if isinstance(one, Constant)]
        infer = self._inquiry.about(node, call)
        module = Inferred(type=call.operator, operands=(None,) * len(read), infer=infer)
        learned = tuple(Learned(one) for one in constants if one.is_floating)
        learned += tuple(_inner(node, call))
        return Made(module, tuple(read), learned, sizes, unknown=True)


def _read_in(graph: Any, depth: int) -> Iterator[str]:  # noqa: ANN401 - a message of protobuf
    """Yield the names that nodes read, those in graphs inside them too."""
    for node in graph.node:
        yield from node.input
        for attribute in node.attribute:
            if attribute.type in _GRAPHS and depth < _MOST_DEPTH:
                for inner in (attribute.g, *attribute.graphs):
                    yield from _read_in(inner, depth + 1)


def _filling(call: Call) -> float:
    """Return the number that ConstantOfShape fills with.

    Raises:
        DataError: it is none.
    """
    given = call.attributes.get("value")
    if given is None:
        return 0.0
    wrong = not hasattr(given, "data_type") or prod(described(given, str(call.place)).dims) != 1
    if wrong or given.data_location == type(given).EXTERNAL:
        raise call.fault("its value is no single number")
    number: float = values_of(given).reshape(-1)[0].item()
    return number


def _inner(node: Any, call: Call) -> list[Learned]:  # noqa: ANN401 - a message of protobuf
    """Return the initializers of the graphs inside a node, as of a loop."""
    found = []
    for attribute in node.attribute:
        if attribute.type in _GRAPHS:
            for graph in (attribute.g,) if attribute.type == _GRAPHS[0] else attribute.graphs:
                for tensor in graph.initializer:
                    facts = described(tensor, f"{call.place}: the initializer {shown(tensor.name)}")
                    origin = frozenset({f"{call.place.number}/{tensor.name}"})
                    if facts.is_floating:
                        found.append(Learned(Constant(facts.dims, is_floating=True, origins=origin)))
    return found


def _opset_of(model: Any) -> int:  # noqa: ANN401 - a message of protobuf
    versions = [one.version for one in model.opset_import if one.domain in _DOMAINS]
    if any(version < 1 for version in versions):
        raise DataError(f"the model imports opset {min(versions)}, and the first one is 1")
    return max(versions, default=_FALLBACK_OPSET)


def _input_of(one: Any) -> Input:  # noqa: ANN401 - a message of protobuf
    """Return an input with its shape, None where a size is open; of one that is no tensor nothing is known."""
    kind = one.type.tensor_type
    if not one.type.HasField("tensor_type") or not kind.HasField("shape"):
        return Input(one.name)
    sizes = [size.dim_value if size.HasField("dim_value") else None for size in kind.shape.dim]
    if any(size is not None and size < 0 for size in sizes):
        raise DataError(f"the input {shown(one.name)} has the sizes {shown(sizes)}, which are no shape")
    if prod(size or 1 for size in sizes) > LARGEST_SIZE:
        raise DataError(f"the input {shown(one.name)} has the sizes {shown(sizes)}: more elements than are counted")
    # Some tools write 0 where a size is open.
    known = tuple(size for size in sizes if size)
    return Input(one.name, known if len(known) == len(sizes) else None, tuple(size or None for size in sizes))
