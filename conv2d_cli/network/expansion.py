"""From the entries of a file to nodes: blocks put in, repeated and named."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from conv2d_cli.errors import DataError, LayerError, cut, shown
from conv2d_cli.layer.choices import FIELDS
from conv2d_cli.layer.model import layer_from
from conv2d_cli.network.faults import named, told
from conv2d_cli.network.file_format import INPUT, MOST_LAYERS, PREVIOUS, Entry
from conv2d_cli.network.graph import Node
from conv2d_cli.network.modules.convolutions import Convolution2d
from conv2d_cli.network.modules.registry import MODULES
from conv2d_cli.network.substitution import names_in, substituted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conv2d_cli.network.file_format import Block, NetworkFile
    from conv2d_cli.network.modules.base import Module

_MOST_DEPTH, _LONGEST_NAME = 32, 400
# Arguments of activations and dropout in torch, which change values alone: they are taken and not kept.
_OF_VALUES = (
    *("inplace", "p", "mode", "alpha", "beta", "lambd", "negative_slope", "threshold", "value", "min_val", "max_val"),
    *("lower", "upper", "dim", "approximate"),
)
_Values = dict[str, Any]
_Key = tuple[int, int]


@cache
def arguments_of(kind: str) -> tuple[str, ...]:
    """Return the arguments that a layer of a file may have.

    >>> arguments_of("Flatten")
    ('start_dim', 'end_dim')
    """
    module = MODULES[kind]
    if issubclass(module, Convolution2d):
        return FIELDS
    own = tuple(name for name in module.model_fields if name != "type")
    return _OF_VALUES if module.model_config.get("extra") == "ignore" else own


def check_sizes(file: NetworkFile) -> None:
    """Check, before anything is made, how many layers a file comes to, and that no block holds itself.

    Raises:
        DataError: they are too many, or too deep, or a block is missing.
    """
    number = _Sizes(file.blocks).of(file.layers, "layers", ()).layers
    if number > MOST_LAYERS:
        raise DataError(f"layers: {shown(number)} layers with all repeats, the most is {MOST_LAYERS}")


class _Size(NamedTuple):
    """How many layers a list comes to, and how many blocks deep it is."""

    layers: int
    depth: int


class _Sizes:
    """The sizes of blocks, each worked out once."""

    def __init__(self, blocks: Mapping[str, Block]) -> None:
        self._blocks = blocks
        self._known: dict[str, _Size] = {}

    def of(self, entries: Sequence[Entry], path: str, within: tuple[str, ...]) -> _Size:
        layers, depth = 0, 0
        for place, entry in enumerate(entries):
            inner = _Size(1, 0)
            if entry.block is not None:
                inner = self._of_block(entry.block, f"{path}[{place}].block", within)
            layers, depth = layers + entry.repeat * inner.layers, max(depth, inner.depth)
        return _Size(layers, depth)

    def _of_block(self, name: str, path: str, within: tuple[str, ...]) -> _Size:
        if name not in self._blocks:
            raise DataError(f"{path}: there is no block {shown(name)}", named(name, self._blocks))
        if name in within:
            ring = " in ".join(shown(one) for one in (*within[within.index(name) :], name)[:4])
            raise DataError(f"{path}: the block {shown(name)} holds itself: {ring}")
        known = self._known.get(name)
        if known is None and len(within) < _MOST_DEPTH:
            inner = self.of(self._blocks[name].layers, f"blocks.{cut(name)}.layers", (*within, name))
            known = self._known[name] = inner._replace(depth=inner.depth + 1)
        if known is None or known.depth > _MOST_DEPTH:
            raise DataError(f"{path}: blocks within blocks, more than {_MOST_DEPTH} deep")
        return known


class _Naming:
    """What stands in front of the names of a list's layers, and how many layers it has so far."""

    __slots__ = ("number", "prefix")

    def __init__(self, prefix: str) -> None:
        self.prefix, self.number = prefix, 0

    def label(self, entry: Entry, repetition: int) -> str | None:
        """Return the name of the next layer or block; None for the block whose layers are the list's own."""
        number = self.number
        if entry.name is None and entry.block is not None:
            return None
        self.number += 1
        if entry.name is None:
            return str(number)
        counted = entry.repeat > 1 or entry.first is not None
        return f"{entry.name}.{(entry.first or 0) + repetition}" if counted else entry.name


class _Scope(NamedTuple):
    """Where a list of layers stands: its path in the file, its naming, values of arguments, and tensors by name.

    `previous` and `input` are among the tensors.
    """

    path: str
    naming: _Naming
    values: _Values
    tensors: dict[str, int]


class Expansion:
    """Nodes made of entries, block by block."""

    def __init__(self, blocks: Mapping[str, Block], inputs: Sequence[str]) -> None:
        """Begin with inputs alone."""
        self._blocks, self._inputs = blocks, inputs
        self.nodes: list[Node] = []
        self._names: set[str] = set()
        # Equal modules are one object, so that they are worked out once.
        self._modules: dict[str, Module] = {}
        # By an entry and the values around it, which are kept: else another object might have their identity.
        self._given: dict[_Key, tuple[_Values, _Values]] = {}
        self._made: dict[_Key, tuple[_Values, Module]] = {}

    def expand_all(self, entries: Sequence[Entry]) -> None:
        """Add the nodes of a file's own list.

        Raises:
            DataError: something does not fit; the message says where.
        """
        tensors = {PREVIOUS: 0} | {name: number for number, name in enumerate(self._inputs)}
        self._expand(entries, _Scope("layers", _Naming(""), {}, tensors))

    def _expand(self, entries: Sequence[Entry], scope: _Scope) -> int:
        """Add the nodes of a list of layers; return the tensor that comes out last."""
        for place, entry in enumerate(entries):
            path = f"{scope.path}[{place}]"
            read = tuple(_tensor(scope, one, path, entries, place) for one in entry.read or (PREVIOUS,))
            for repetition in range(entry.repeat):
                label = scope.naming.label(entry, repetition)
                made = self._add(entry, label, scope._replace(path=path), read)
                read = (made,)
                if label is not None and entry.name is not None:
                    _note(scope, label, made, path)
            scope.tensors[PREVIOUS] = made
        return scope.tensors[PREVIOUS]

    def _add(self, entry: Entry, label: str | None, scope: _Scope, read: tuple[int, ...]) -> int:
        prefix = scope.naming.prefix
        if entry.block is not None:
            naming = scope.naming if label is None else _Naming(f"{prefix}{label}.")
            return self._add_block(entry, entry.block, scope, naming, read[0])
        name = f"{prefix}{label}"
        if name in self._names or len(name) > _LONGEST_NAME:
            what = "another layer's too" if name in self._names else f"longer than {_LONGEST_NAME} characters"
            raise DataError(
                f"{scope.path}: the name {shown(name)} is {what}", "give it, or the block around it, a name"
            )
        self._names.add(name)
        self.nodes.append(Node(name, self._module(entry, scope, read), read, is_module=not entry.functional))
        return len(self._inputs) + len(self.nodes) - 1

    def _add_block(self, entry: Entry, name: str, scope: _Scope, naming: _Naming, read: int) -> int:
        key = (id(entry), id(scope.values))
        if key not in self._given:
            self._given[key] = (scope.values, self._arguments(entry, name, scope))
        tensors = {PREVIOUS: read, INPUT: read}
        inner = _Scope(f"blocks.{cut(name)}.layers", naming, self._given[key][1], tensors)
        made = self._expand(self._blocks[name].layers, inner)
        if naming is scope.naming:
            for one, tensor in tensors.items():
                if one not in {PREVIOUS, INPUT}:
                    _note(scope, one, tensor, scope.path)
        return made

    def _arguments(self, entry: Entry, name: str, scope: _Scope) -> _Values:
        """Return the values of a block's arguments where it is used."""
        block = self._blocks[name]
        takes = dict.fromkeys((*block.arguments, *block.defaults))
        unknown = [one for one in entry.values if one not in takes]
        if unknown:
            hint = named(unknown[0], takes) if takes else "leave out `with`"
            raise DataError(f"{scope.path}.with: the block {shown(name)} has no argument {shown(unknown[0])}", hint)
        missing = [one for one in takes if one not in entry.values and one not in block.defaults]
        if missing:
            hint = f"with = {{ {', '.join(f'{one} = 1' for one in missing[:8])} }}"
            raise DataError(f"{scope.path}.with: the block {shown(name)} needs {', '.join(missing[:8])}", hint)
        given = {one: substituted(value, {}, f"blocks.{name}.defaults.{one}") for one, value in block.defaults.items()}
        return given | {
            one: substituted(value, scope.values, f"{scope.path}.with.{one}") for one, value in entry.values.items()
        }

    def _module(self, entry: Entry, scope: _Scope, read: tuple[int, ...]) -> Module:
        key = (id(entry), id(scope.values))
        if key not in self._made:
            module = self._validated(entry.type or "", entry, scope)
            _check_inputs(module, read, scope.path)
            self._made[key] = (scope.values, module)
        return self._made[key][1]

    def _validated(self, kind: str, entry: Entry, scope: _Scope) -> Module:
        given, takes = entry.model_extra or {}, arguments_of(kind)
        wrong = next((name for name in given if name not in takes), None)
        if wrong is not None:
            names = [*takes, *(field.alias or name for name, field in Entry.model_fields.items())]
            raise DataError(f"{scope.path}: {kind} has no argument {shown(wrong)}", named(wrong, names))
        arguments = {name: substituted(value, scope.values, f"{scope.path}.{name}") for name, value in given.items()}
        same = repr((kind, sorted(arguments.items())))
        if same not in self._modules:
            try:
                self._modules[same] = MODULES[kind].model_validate({"type": kind, **arguments})
            except ValidationError as error:
                raise _refused(error, kind, arguments, scope) from None
        return self._modules[same]


def _note(scope: _Scope, name: str, tensor: int, path: str) -> None:
    """Note the name of a layer, for others of its list to read."""
    if name in scope.tensors:
        raise DataError(f"{path}: the name {shown(name)} stands twice in one list", "give one of them another name")
    scope.tensors[name] = tensor


def _tensor(scope: _Scope, name: str, path: str, entries: Sequence[Entry], place: int) -> int:
    if name in scope.tensors:
        return scope.tensors[name]
    if any(entry.name == name for entry in entries[place:]):
        raise DataError(f"{path}.from: {shown(name)} does not stand before this layer", f'from = "{PREVIOUS}"')
    raise DataError(f"{path}.from: there is no layer {shown(name)} before this one", named(name, scope.tensors))


def _check_inputs(module: Module, read: tuple[int, ...], path: str) -> None:
    wanted = module.inputs
    if len(read) != wanted and (wanted is not None or len(read) < len(("left", "right"))):
        wants = "two tensors or more" if wanted is None else f"{wanted} tensor{'s' * (wanted > 1)}"
        number = len(("left", "right")) if wanted is None else wanted
        hint = f"from = {[PREVIOUS, INPUT][:number]}".replace("'", '"')
        raise DataError(f"{path}.from: {module.kind} reads {wants}, not {len(read)}", hint)


def _refused(error: ValidationError, kind: str, arguments: _Values, scope: _Scope) -> DataError:
    """Return what is wrong with the arguments of a layer."""
    where = f" (in {cut(scope.naming.prefix.rstrip('.'))})" if scope.naming.prefix else ""
    words = [value for value in arguments.values() if isinstance(value, str)]
    unknown = next((name for word in words for name in names_in(word) - {*scope.values}), None)
    meant = named(unknown, scope.values) if unknown is not None and scope.values else None
    if issubclass(MODULES[kind], Convolution2d):
        fault = _of_convolution(arguments)
        if fault is not None:
            return DataError(f"{scope.path}: {fault.message}{where}", meant or fault.hint)
    found = told(error, scope.path)
    return DataError(f"{found.message}{where}", meant or found.hint)


def _of_convolution(arguments: _Values) -> LayerError | None:
    """Return the faults of a Conv2d in the words that they have everywhere; `in_channels` may be left to the input."""
    given = {"in_channels": arguments.get("groups", 1)} | arguments
    try:
        layer_from(given)
    except LayerError as error:
        faults = [fault for fault in error.faults if fault.field in arguments or fault.field != "in_channels"]
        return LayerError(faults) if faults else None
    return None
