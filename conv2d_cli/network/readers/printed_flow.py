"""A tree of printed modules to a graph: Sequentials as they stand, known blocks and networks by their rules."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.errors import DataError, cut, shown
from conv2d_cli.network.arguments import validated
from conv2d_cli.network.graph import Graph, Input, Node
from conv2d_cli.network.modules.convolutions import Convolution2d
from conv2d_cli.network.modules.unknown import Unknown
from conv2d_cli.network.readers.printed_modules import ModuleReader, attribute_of
from conv2d_cli.network.readers.printed_text import MOST_MODULES, WHOLE
from conv2d_cli.network.rules.description import ITSELF, Flow, Step, flow_of, pattern_of
from conv2d_cli.network.rules.registry import rule_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.network.modules.base import Module
    from conv2d_cli.network.readers.printed_text import Printed

# A tensor by its number in the graph; None where it is not known which.
Tensor = int | None
# Those without a flow and without parameters of their own.
_HOLDERS = frozenset({"ModuleList", "ModuleDict"})


def graph_of(root: Printed, *, assume: bool) -> Graph:
    """Return the graph of a printed model; without `assume` no rule says how data flows.

    Raises:
        DataError: the arguments of a known module are wrong; the message says in which line.
    """
    walk = _Walk(assume=assume)
    walk.module(root, "", 0)
    return Graph(root.kind, (Input("input"),), tuple(walk.nodes), tuple(walk.assumed), tuple(walk.unknown))


class _Place(NamedTuple):
    """A module with a rule: its path, its printed text, and its children by name."""

    path: str
    module: Printed
    children: dict[str, Printed]


class _Span(NamedTuple):
    """Channels that enter the first convolution of a block and leave the last, and whether none has a stride."""

    entering: int
    leaving: int
    unstrided: bool


class _Walk:
    """Collects nodes in the order in which a network calls its modules."""

    def __init__(self, *, assume: bool) -> None:
        self._assume = assume
        self._reader = ModuleReader(assume=assume)
        self.nodes: list[Node] = []
        self.assumed: list[str] = []
        self.unknown: list[str] = []
        # What rules say of modules whose text lacks it, by path.
        self._supplied: dict[str, Module] = {}
        self._made: dict[str, Module] = {}
        self._names: dict[str, int] = {}
        self._first: dict[str, int] = {}
        self._spans: dict[int, _Span | None] = {}
        self._idle = False

    def module(self, module: Printed, path: str, read: Tensor) -> Tensor:
        """Add the nodes of a module that reads a tensor; return what comes out."""
        supplied = self._supplied.get(path)
        if supplied is not None and supplied.kind == module.kind:
            return self._called(supplied, path, path, (read,))
        if module.kind == "Sequential":
            return self._in_order(module, path, read)
        if not module.children:
            known = self._reader.module(module.kind, module.arguments, module.line)
            if known is not None:
                if self._reader.is_ruled(module.kind):
                    self.assumed.append(path or module.kind)
                is_module = None if self._reader.is_alike(module.kind) else True
                return self._called(known, path or module.kind, path, (read,), is_module=is_module)
        elif self._assume:
            place = _Place(path, module, {child.name: child for child in module.children})
            empty = frozenset(child.name for child in module.children if not child.children)
            rule = rule_for(module.kind, [child.name for child in module.children], empty)
            flow = flow_of(rule.text) if rule and not module.arguments else None
            calls = flow and self._calls(flow, place)
            if flow is not None and calls is not None:
                self.assumed.append(path or module.kind)
                return self._ruled(flow, calls, place, read)
        return self._unknown(module, path, read)

    def _in_order(self, module: Printed, path: str, read: Tensor) -> Tensor:
        if module.arguments:
            raise DataError(f"line {module.line}: {shown(module.arguments)} is no module of a Sequential", WHOLE)
        for name, child in module.members():
            read = self.module(child, _join(path, name), read)
        return read

    def _unknown(self, module: Printed, path: str, read: Tensor) -> Tensor:
        """Add the children of a module of unknown flow, and what stands for the module itself."""
        for name, child in module.members():
            self.module(child, _join(path, name), None)
        if module.kind in _HOLDERS and read is None:
            return None
        name = path or module.kind
        self.unknown.append(name)
        return self._called(self._unknown_of(module.kind), name, path, (None,))

    def _unknown_of(self, kind: str) -> Module:
        key = f"? {kind}"
        if key not in self._made:
            self._made[key] = Unknown(name=cut(kind))
        return self._made[key]

    def _called(
        self, module: Module, name: str, path: str, reads: tuple[Tensor, ...], *, is_module: bool | None = True
    ) -> int:
        """Add a node. A path that was called before is the same module again."""
        known = [tensor for tensor in reads if tensor is not None]
        read = () if self._idle else tuple(known) if len(known) == len(reads) else None
        if len(self.nodes) >= 2 * MOST_MODULES:
            raise DataError(f"more than {2 * MOST_MODULES} layers")
        self._names[name] = times = self._names.get(name, 0) + 1
        shares = self._first.get(path) if path else None
        node = Node(name if times == 1 else f"{name}:{times}", module, read, shares, is_module=is_module)
        if path:
            self._first.setdefault(path, len(self.nodes))
        self.nodes.append(node)
        return len(self.nodes)

    def _ruled(self, flow: Flow, calls: dict[str, Module], place: _Place, read: Tensor) -> Tensor:
        """Add the nodes of a module whose flow a rule says, or the one that the rule says it is."""
        if ITSELF in calls:
            return self._called(calls[ITSELF], place.path or place.module.kind, place.path, (read,))
        tensors: dict[str, tuple[Tensor, ...]] = {"input": (read,), "nothing": ()}
        for line in flow.lines:
            if not line.target:
                self._without_call(line.steps, place)
                continue
            reads = tuple(chain.from_iterable(tensors[source] for source in line.sources))
            for step in line.steps:
                reads = (self._step(step, calls, place, reads),)
            tensors[line.target] = reads
        return tensors["output"][0] if "output" in tensors else None

    def _step(self, step: Step, calls: dict[str, Module], place: _Place, reads: tuple[Tensor, ...]) -> Tensor:
        if step.keeps and not self._keeps(place.children[step.keeps]):
            return reads[0]
        if step.call is not None:
            name = _join(place.path, step.call.name)
            return self._called(calls[step.call.name], name, "", reads, is_module=None if step.call.is_alike else False)
        read = reads[0]
        for path, child in _matching(place, step.child):
            made = self.module(child, path, read)
            if step.dense:
                made = self._called(self._own("Concat", {}), f"{path}.concat", "", (read, made), is_module=False)
            read = made
        return read

    def _without_call(self, steps: tuple[Step, ...], place: _Place) -> None:
        """Add modules that nothing calls when the network is used."""
        before, self._idle = self._idle, True
        for step in steps:
            for path, child in _matching(place, step.child):
                self.module(child, path, None)
        self._idle = before

    def _calls(self, flow: Flow, place: _Place) -> dict[str, Module] | None:
        """Return the modules that a rule adds, by name; None where the printed text does not decide them."""
        found: dict[str, Module] = {}
        supplied: dict[str, Module] = {}
        calls = [step.call for line in flow.lines for step in line.steps if step.call is not None]
        for path, call in chain([("", call) for call in calls], flow.supplied.items()):
            arguments = {name: self._worked_out(value, place.module) for name, value in call.arguments.items()}
            if any(value is None and call.arguments[name] is not None for name, value in arguments.items()):
                return None
            try:
                made = self._own(call.kind, arguments)
            except DataError:
                # The rule is of layers of other sizes.
                return None
            if path == ITSELF:
                found[ITSELF] = made
            elif path:
                supplied[_join(place.path, path)] = made
            else:
                found[call.name] = made
        self._supplied |= supplied
        return found

    def _own(self, kind: str, arguments: dict[str, Any]) -> Module:
        key = f"{kind} {arguments}"
        if key not in self._made:
            self._made[key] = validated(kind, arguments, kind)
        return self._made[key]

    def _worked_out(self, value: object, module: Printed) -> object:
        """Return the value of an argument in a rule: itself, or what it says of a printed argument; None if unknown."""
        if not isinstance(value, str) or not value.startswith("@"):
            return value
        reference, _, choices = value[1:].partition(" -> ")
        *path, attribute = reference.split(".")
        found = _child(module, path)
        known = None if found is None else self._reader.module(found.kind, found.arguments, found.line)
        given = None if known is None else attribute_of(known, attribute)
        if not choices:
            return given
        pairs = (choice.split(": ") for choice in choices.split(", "))
        return {int(one): int(other) for one, other in pairs}.get(given if isinstance(given, int) else -1)

    def _keeps(self, module: Printed) -> bool:
        """Whether as many channels come out of a block as went in, and no convolution of it has a stride."""
        found = self._span(module)
        return found is not None and found.unstrided and found.entering == found.leaving

    def _span(self, module: Printed) -> _Span | None:
        """Return what the convolutions of a module do from the first to the last; None where there are none."""
        key = id(module)
        if key not in self._spans:
            spans = [self._span(child) for child in module.children]
            if module.kind == "Conv2d":
                known = self._reader.module(module.kind, module.arguments, module.line)
                if isinstance(known, Convolution2d):
                    layer = known.layer
                    spans.append(_Span(layer.in_channels, layer.out_channels, {*layer.stride} == {1}))
            found = [span for span in spans if span is not None]
            joined = found and _Span(found[0].entering, found[-1].leaving, all(span.unstrided for span in found))
            self._spans[key] = joined or None
        return self._spans[key]


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _child(module: Printed, path: list[str]) -> Printed | None:
    for name in path:
        found = next((child for child in module.children if child.name == name), None)
        if found is None:
            return None
        module = found
    return module


def _matching(place: _Place, word: str) -> Iterator[tuple[str, Printed]]:
    """Yield the children that a step stands for, with their paths: one, none, or all of a pattern in their order."""
    path, module = place.path, place.module
    *way, last = word.split(".")
    for name in way:
        found = _child(module, [name])
        if found is None:
            return
        path, module = _join(path, name), found
    if "%" not in last:
        child = place.children.get(last) if not way else _child(module, [last])
        if child is not None:
            yield _join(path, last), child
        return
    pattern = pattern_of(last)
    for name, child in module.members():
        if pattern.fullmatch(name):
            yield _join(path, name), child
