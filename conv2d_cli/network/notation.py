"""The network format: what a TOML, JSON or YAML file may say, as Pydantic models, and the graph that it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from conv2d_cli.arithmetic.formula import FormulaError, formula_of
from conv2d_cli.errors import DataError, did_you_mean
from conv2d_cli.network.graph import Graph, Input, Node
from conv2d_cli.network.modules.registry import MODULES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conv2d_cli.network.modules.base import Module

# A file of a few lines may repeat blocks of blocks.
_MOST_NODES, _MOST_DEPTH = 1_000_000, 32
# What a layer may read besides layers by their names: what stands before it, and what came into its block.
_PREVIOUS, _INPUT = "previous", "input"

_Size = Annotated[int, Field(strict=True, ge=0, le=2**63 - 1)]
_Value = Annotated[int | bool | list[int], Field(union_mode="smart")]
_Names = Annotated[tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)]


class _Entry(BaseModel, frozen=True, extra="allow"):
    """One layer of a file: a module by `type` with its arguments, or a `block`; a word alone is a module's type.

    `from` names what it reads: layers of the same list, `previous` (the default) or `input`. A repeated entry reads its
    own output from the second time on; its names are counted from `first` on.
    """

    type: str | None = None
    block: str | None = None
    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    read: Annotated[_Names | None, Field(alias="from")] = None
    repeat: Annotated[int, Field(strict=True, ge=1, le=_MOST_NODES)] = 1
    first: Annotated[int, Field(strict=True, ge=0)] = 0
    values: Annotated[dict[str, Any], Field(alias="with")] = {}


def _entry(value: object) -> object:
    return {"type": value} if isinstance(value, str) else value


_Entries = Annotated[list[Annotated[_Entry, BeforeValidator(_entry)]], Field(min_length=1)]


class _Block(BaseModel, frozen=True, extra="forbid"):
    """Layers under a name, with arguments whose names stand for numbers in their values: `"4 * width"`."""

    arguments: list[str] = []
    defaults: dict[str, _Value] = {}
    layers: _Entries


class NetworkFile(BaseModel, frozen=True, extra="forbid"):
    """A network as a file writes it.

    Example::

        input = [1, 3, 32, 32]
        layers = [
          { type = "Conv2d", out_channels = 16, kernel_size = 3, padding = 1 },
          "ReLU",
          { block = "Residual", repeat = 2, with = { width = 16 } },
        ]

        [blocks.Residual]
        arguments = ["width"]
        layers = [
          { type = "Conv2d", out_channels = "width", kernel_size = 3, padding = 1 },
          { type = "Add", from = ["previous", "input"] },
        ]
    """

    name: str | None = None
    input: tuple[_Size, ...] | dict[str, tuple[_Size, ...]] | None = None
    layers: _Entries
    blocks: dict[str, _Block] = {}


class _Scope(NamedTuple):
    """Where a list of layers stands: its path in the file, the prefix of names, values of arguments, and what is read.

    `tensors` are by name, `previous` and `input` among them.
    """

    path: str
    prefix: str
    values: Mapping[str, Any]
    tensors: dict[str, int]


def graph_of(content: object, name: str) -> Graph:
    """Return the graph of what a file holds, read as plain data.

    Raises:
        DataError: it is no network; the message says where in the file.
    """
    try:
        file = NetworkFile.model_validate(content)
    except ValidationError as error:
        raise _told(error, "") from None
    sizes = file.input if isinstance(file.input, dict) else {_INPUT: file.input}
    inputs = tuple(Input(one, shape) for one, shape in sizes.items())
    expansion = _Expansion(file.blocks, len(inputs))
    tensors = {one: number for number, one in enumerate(sizes)} | {_PREVIOUS: 0}
    expansion.expand(file.layers, _Scope("layers", "", {}, tensors), 0)
    return Graph(file.name or name, inputs, tuple(expansion.nodes))


class _Expansion:
    """Nodes made of entries, block by block."""

    def __init__(self, blocks: Mapping[str, _Block], inputs: int) -> None:
        self._blocks, self._inputs = blocks, inputs
        self.nodes: list[Node] = []
        # Equal modules are one object, so that they are worked out once.
        self._modules: dict[str, Module] = {}

    def expand(self, entries: list[_Entry], scope: _Scope, depth: int) -> int:
        """Add the nodes of a list of layers; return the tensor that comes out last."""
        if depth > _MOST_DEPTH:
            raise DataError(f"{scope.path}: blocks within blocks, more than {_MOST_DEPTH} deep")
        for place, entry in enumerate(entries):
            path = f"{scope.path}[{place}]"
            name = entry.name or str(place)
            read = [_tensor(scope, one, path) for one in entry.read or (_PREVIOUS,)]
            for number in range(entry.repeat):
                label = name if entry.repeat == 1 and not entry.first else f"{name}.{entry.first + number}"
                made = self._add(entry, scope._replace(path=path, prefix=scope.prefix + label), read, depth)
                read = [made]
            scope.tensors[_PREVIOUS] = made
            if entry.name is not None:
                scope.tensors[entry.name] = made
        return scope.tensors[_PREVIOUS]

    def _add(self, entry: _Entry, scope: _Scope, read: list[int], depth: int) -> int:
        if (entry.type is None) == (entry.block is None):
            raise DataError(f"{scope.path}: a layer has either a type or a block", f"types: {', '.join(MODULES)}")
        if entry.block is not None:
            return self._add_block(entry, entry.block, scope, read, depth)
        if len(self.nodes) >= _MOST_NODES:
            raise DataError(f"{scope.path}: more than {_MOST_NODES} layers")
        self.nodes.append(Node(scope.prefix, self._module(entry, scope), tuple(read)))
        return self._inputs + len(self.nodes) - 1

    def _add_block(self, entry: _Entry, name: str, scope: _Scope, read: list[int], depth: int) -> int:
        block = self._blocks.get(name)
        if block is None:
            raise DataError(f"{scope.path}.block: no block {name!r}", did_you_mean(name, self._blocks, "block="))
        if entry.model_extra or len(read) > 1:
            what = next(iter(entry.model_extra or {}), "from")
            raise DataError(f"{scope.path}.{what}: a block takes one input, and its arguments in `with`")
        values = dict(block.defaults) | {
            one: _substituted(value, scope.values, f"{scope.path}.with.{one}") for one, value in entry.values.items()
        }
        wrong = [one for one in values if one not in block.arguments] or [
            one for one in block.arguments if one not in values
        ]
        if wrong:
            word = "no argument of" if wrong[0] in values else "not given to"
            takes = ", ".join(block.arguments) or "none"
            raise DataError(f"{scope.path}.with: {wrong[0]!r} is {word} block {name!r}", f"its arguments: {takes}")
        inner = _Scope(f"blocks.{name}.layers", f"{scope.prefix}.", values, {_PREVIOUS: read[0], _INPUT: read[0]})
        return self.expand(block.layers, inner, depth + 1)

    def _module(self, entry: _Entry, scope: _Scope) -> Module:
        kind = entry.type or ""
        if kind not in MODULES:
            raise DataError(f"{scope.path}.type: no layer {kind!r}", did_you_mean(kind, MODULES, "type="))
        arguments = {
            name: _substituted(value, scope.values, f"{scope.path}.{name}")
            for name, value in (entry.model_extra or {}).items()
        }
        if entry.values:
            raise DataError(f"{scope.path}.with: only a block has arguments in `with`")
        key = repr((kind, sorted(arguments.items())))
        if key not in self._modules:
            try:
                self._modules[key] = MODULES[kind].model_validate({"type": kind, **arguments})
            except ValidationError as error:
                raise _told(error, scope.path) from None
        return self._modules[key]


def _tensor(scope: _Scope, name: str, path: str) -> int:
    if name not in scope.tensors:
        raise DataError(f"{path}.from: no layer {name!r} before this one", did_you_mean(name, scope.tensors, "from="))
    return scope.tensors[name]


def _substituted(value: Any, values: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - what a file says
    """Return a value with the arguments of its block put in: a name alone, or arithmetic of them."""
    if isinstance(value, list):
        return [_substituted(one, values, path) for one in value]
    if not isinstance(value, str) or not values:
        return value
    if value in values:
        return values[value]
    try:
        formula = formula_of(value)
    except FormulaError:
        return value
    if not formula.names or not formula.names <= {*values}:
        return value
    try:
        return formula.value({name: values[name] for name in formula.names})
    except (FormulaError, TypeError) as error:
        raise DataError(f"{path}: {value!r} has no value: {error}") from None


def _told(error: ValidationError, path: str) -> DataError:
    """Return Pydantic's faults as one error, each with its place in the file."""
    faults = []
    for details in _most(error.errors(include_url=False)):
        place = path
        for part in details["loc"]:
            if part == "layer":
                # A Conv2d is a model of its own, whose arguments stand beside `type`.
                continue
            place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else str(part)
        faults.append(f"{place or 'the file'}: {details['msg'][:1].lower()}{details['msg'][1:]}")
    return DataError("; ".join(faults))


def _most(details: list[Any]) -> Iterator[Any]:
    """Yield the first faults: a file may have thousands."""
    yield from details[:20]
