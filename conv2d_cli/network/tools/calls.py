"""The calls of a network as counters see them: alike ones once, with how often they are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.errors import shown
from conv2d_cli.network.modules.linear import Linear
from conv2d_cli.network.modules.normalisation import LayerNorm
from conv2d_cli.network.modules.registry import MODULES
from conv2d_cli.network.modules.reshaping import Permute
from conv2d_cli.network.tools.base import Call, Calls, NoFigure

if TYPE_CHECKING:
    from conv2d_cli.network.graph import Node
    from conv2d_cli.network.modules.base import Module
    from conv2d_cli.network.propagation import Passed, Propagated


def calls_of(passed: Propagated) -> Calls | NoFigure:
    """Return what a network calls when it is used, or why that is not known."""
    graph = passed.graph
    if graph.unknown:
        return NoFigure(f"it is not known what {shown(graph.unknown[0])} does")
    if not passed.input_shapes or None in passed.input_shapes:
        return NoFigure("it depends on the size of the input")
    shapes = [*passed.input_shapes, *(one.output_shape for one in passed.nodes)]
    # Whether each tensor is known to lie as its axes are written.
    contiguous = [True] * len(passed.input_shapes)
    times: dict[tuple[object, ...], int] = {}
    made: dict[tuple[object, ...], Call] = {}
    for node, found in zip(graph.nodes, passed.nodes, strict=True):
        reads = node.reads or ()
        reads_contiguous = all(contiguous[tensor] for tensor in reads)
        contiguous.append(_writes_contiguous(found.module, reads_contiguous=reads_contiguous))
        if _is_idle(node):
            continue
        key = (found.identity, node.is_module, reads_contiguous)
        if key in made:
            times[key] += 1
            continue
        inputs = tuple(shape for tensor in reads if (shape := shapes[tensor]) is not None)
        call = _call(node, found, inputs, is_contiguous=reads_contiguous)
        if call is None:
            return NoFigure(f"it is not known what {shown(node.name)} takes")
        times[key], made[key] = 1, call
    first = next(shape for shape in passed.input_shapes if shape is not None)
    return Calls(first, tuple((call, times[key]) for key, call in made.items()))


def _is_idle(node: Node) -> bool:
    """Whether nothing calls a module when the network is used."""
    return node.reads == () and node.module.inputs != 0


def _call(node: Node, found: Passed, inputs: tuple[tuple[int, ...], ...], *, is_contiguous: bool) -> Call | None:
    if found.output_shape is None or found.work is None or found.parameters is None:
        return None
    parameters = sum(found.parameters)
    return Call(found.module, inputs, found.output_shape, found.work, parameters, node.is_module, is_contiguous)


def _writes_contiguous(module: Module, *, reads_contiguous: bool) -> bool:
    """Whether what a module writes is known to be contiguous: most keep the order in memory of what they read."""
    if isinstance(module, LayerNorm):
        # Over the channels of NCHW torchvision permutes there and back.
        return module.axis == -1
    if isinstance(module, Linear):
        return True
    is_known = MODULES.get(module.kind) is type(module)
    return reads_contiguous and is_known and not isinstance(module, Permute)
