"""The bytes of a network's activations: all of them, the most at a time, and those that are live at each node."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.arithmetic.liveness import live_bytes, peak_of

if TYPE_CHECKING:
    from conv2d_cli.network.propagation import Propagated


class Memory(NamedTuple):
    """The bytes of activations; None where a shape is not known.

    `two_buffers` is the most that one node reads and writes: what two buffers that take turns hold.
    """

    activations: int | None = None
    two_buffers: int | None = None
    peak: int | None = None
    peak_node: str | None = None


class _Tensors(NamedTuple):
    """The bytes of each tensor, the inputs first, and the steps that read it."""

    sizes: list[int]
    readers: list[list[int]]


def memory_of(passed: Propagated, element: int) -> Memory:
    """Return the memory of activations whose elements have so many bytes."""
    graph, inputs = passed.graph, len(passed.graph.inputs)
    tensors = _tensors_of(passed, element)
    if tensors is None:
        return Memory()
    sizes, readers = tensors
    peak = peak_of(sizes, readers, inputs)
    held = (
        sizes[step] + sum(sizes[tensor] for tensor in {*(node.reads or ())})
        for step, node in enumerate(graph.nodes, inputs)
    )
    return Memory(sum(sizes[inputs:]), max(held), peak.bytes, graph.nodes[max(0, peak.step - inputs)].name)


def live_bytes_of(passed: Propagated, element: int) -> tuple[int, ...] | None:
    """Return the bytes that are live at each node, whose largest is the peak; None where a shape is not known."""
    tensors = _tensors_of(passed, element)
    return None if tensors is None else live_bytes(*tensors, made=len(passed.graph.inputs))


def _tensors_of(passed: Propagated, element: int) -> _Tensors | None:
    graph, inputs = passed.graph, len(passed.graph.inputs)
    shapes = [*passed.input_shapes, *(one.output_shape for one in passed.nodes)]
    # What nothing calls has no output.
    uncalled = {place for place, node in enumerate(graph.nodes, inputs) if node.reads == ()}
    known = all(shape is not None or place in uncalled for place, shape in enumerate(shapes))
    if not known or any(node.reads is None for node in graph.nodes) or not graph.nodes:
        return None
    sizes = [0 if shape is None else prod(shape) * element for shape in shapes]
    readers: list[list[int]] = [[] for _ in sizes]
    for step, node in enumerate(graph.nodes, inputs):
        for tensor in node.reads or ():
            readers[tensor].append(step)
    return _Tensors(sizes, readers)
